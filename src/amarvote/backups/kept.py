"""How backups lie in a folder: named by time and kind, for the owner only, each with its SHA-256 beside it.

amarvote-20261103T180000Z.postgresql            what pg_restore reads
amarvote-20261103T180000Z.postgresql.sha256     what `sha256sum --check` reads; without it, it is not complete
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from amarvote.participants.files import (
    PRIVATE_FILE,
    PRIVATE_FOLDER,
    HomeError,
    alone_in,
    keep_durably,
    read_bounded,
    write_durably,
)

POSTGRESQL, SQLITE = "postgresql", "sqlite"
TIME = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(rf"amarvote-([0-9]{{8}}T[0-9]{{6}}Z)\.({POSTGRESQL}|{SQLITE})")
_PIECE = 1 << 20
LARGEST_DIGEST = 1024


class BackupError(Exception):
    """A backup is not taken, or not restored; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup by its name."""

    path: Path
    kind: str
    taken_at: datetime

    @property
    def digest_file(self) -> Path:
        """The file with its SHA-256."""
        return self.path.with_name(f"{self.path.name}.sha256")


def named(path: Path) -> Backup:
    """What the name of a file says; BackupError where it is no backup's."""
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise BackupError(f"{path} is not named like a backup of AmarVote (amarvote-TIME.{POSTGRESQL}).")
    return Backup(path, match[2], datetime.strptime(match[1], TIME).replace(tzinfo=UTC))


def listing(folder: Path) -> list[Backup]:
    """The complete backups in a folder, the oldest first; BackupError where it cannot be read."""
    try:
        found = [named(path) for path in folder.iterdir() if _NAME.fullmatch(path.name)]
    except OSError as problem:
        raise BackupError(f"{folder} cannot be read: {problem.strerror}.") from None
    return sorted((one for one in found if one.digest_file.exists()), key=lambda one: one.taken_at)


def check(backup: Backup) -> None:
    """BackupError unless the file holds the bytes that were written when it was taken."""
    try:
        told = read_bounded(backup.digest_file, LARGEST_DIGEST).decode("ascii", "replace").split()[:1]
        found = digest_of(backup.path)
    except HomeError as problem:
        raise BackupError(
            f"{problem} It is written when a backup is complete: without it, take this one for half of one."
        ) from None
    except OSError as problem:
        raise BackupError(f"{backup.path} cannot be read: {problem.strerror}.") from None
    if told != [found]:
        raise BackupError(
            f"{backup.path} is damaged: its SHA-256 is not the one that was noted. Take another one."
        )


def digest_of(path: Path) -> str:
    """SHA-256 in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


@contextmanager
def new_backup(folder: Path, kind: str) -> Iterator[tuple[Backup, Path]]:
    """A backup to be taken now, and the empty file to write it into, which gets its name at the end of the block.

    Nothing is overwritten, and nothing is left of one that fails.
    """
    taken_at = datetime.now(UTC).replace(microsecond=0)
    backup = Backup(folder / f"amarvote-{taken_at.strftime(TIME)}.{kind}", kind, taken_at)
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        with alone_in(folder, patient=False):
            for left in folder.glob(".amarvote-*.new"):
                left.unlink()
            if backup.path.exists():
                raise BackupError(f"{backup.path} is there already; it is not overwritten.")
            temporary = folder / f".{backup.path.name}.new"
            os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
            try:
                yield backup, temporary
                digest = digest_of(temporary)
                keep_durably(temporary, backup.path)
            finally:
                temporary.unlink(missing_ok=True)
            write_durably(backup.digest_file, f"{digest}  {backup.path.name}\n".encode())
    except HomeError as problem:
        raise BackupError(str(problem)) from None
    except OSError as problem:
        raise BackupError(f"{folder} cannot be written: {problem.strerror}.") from None
