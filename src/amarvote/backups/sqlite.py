"""SQLite by its online backup, which copies one snapshot while others write."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from amarvote.backups.kept import BackupError
from amarvote.participants.files import keep_durably
from amarvote.store.schema import VERSION_TABLE


def copy_out(url: str, target: Path) -> None:
    """Write the database at `url` into the file `target`, which is one file: its log is in it."""
    source = _file_of(url)
    if not source.exists():
        raise BackupError(f"{source} is not there.")
    _copy(source, target)


def revision_of(source: Path) -> str | None:
    """The schema of what is in the file, every page of which is looked at; BackupError where it is damaged."""
    try:
        with closing(_opened(source)) as connection:
            for check in ("integrity_check", "foreign_key_check"):
                said = connection.execute(f"PRAGMA {check}").fetchall()
                if said not in ([], [("ok",)]):
                    raise BackupError(f"{source} is damaged: {said[0][0]}. Take another one.")
            known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (VERSION_TABLE,)).fetchone()
            if known is None:
                return None
            (revision,) = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()  # noqa: S608
            return str(revision)
    except sqlite3.Error as problem:
        raise BackupError(f"{source} is no database that SQLite can read: {problem}.") from None


def copy_in(source: Path, url: str) -> None:
    """Make what is in the file the database at `url`, which must not be there yet."""
    target = _file_of(url)
    for there in (target, *(target.with_name(target.name + end) for end in ("-wal", "-shm", "-journal"))):
        if there.exists():
            raise BackupError(
                f"{there} is there already; nothing is overwritten. Name a place where no database is, or move "
                f"all files away that begin with {target}."
            )
    temporary = target.with_name(f".{target.name}.new")
    try:
        temporary.unlink(missing_ok=True)
        temporary.touch(mode=0o600)
        _copy(source, temporary)
        keep_durably(temporary, target)
    except OSError as problem:
        raise BackupError(f"{target} cannot be written: {problem.strerror}.") from None
    finally:
        temporary.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    try:
        with closing(_opened(source)) as read, closing(sqlite3.connect(target)) as written:
            read.backup(written)
            written.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as problem:
        raise BackupError(f"{source} was not copied: {problem}.") from None


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _file_of(url: str) -> Path:
    name = make_url(url).database
    if not name:
        raise BackupError("A database in memory cannot be backed up; give sqlite:////absolute/path.")
    return Path(name)
