"""Taking a backup: copied, read back, named."""

import time
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from sqlalchemy import make_url

from amarvote.backups import postgresql, sqlite
from amarvote.backups.kept import POSTGRESQL, SQLITE, Backup, BackupError, new_backup
from amarvote.store.database import Database

HOW: dict[str, ModuleType] = {POSTGRESQL: postgresql, SQLITE: sqlite}


@dataclass(frozen=True, slots=True)
class Taken:
    """A backup that is there, and was read back."""

    backup: Backup
    database: str
    revision: str
    size: int
    seconds: float


def take(url: str, folder: Path) -> Taken:
    """Back the database at `url` up into `folder`, which is made where it is missing (not those above it).

    BackupError where that cannot be; then nothing is left of it.
    """
    started = time.monotonic()
    name, kind = known(url)
    how = HOW[kind]
    with new_backup(folder, kind) as (backup, file):
        how.copy_out(url, file)
        revision = how.revision_of(file)
        if revision is None:
            raise BackupError(f"{name} holds nothing of AmarVote; there is nothing to back up.")
    return Taken(backup, name, revision, backup.path.stat().st_size, time.monotonic() - started)


def known(url: str) -> tuple[str, str]:
    """A database's name without its password, and its kind; NoDatabaseError where it is no address of one."""
    database = Database(url)
    database.close()
    return database.name, make_url(url).get_backend_name()
