"""Putting a backup back into an empty database.

Nothing is changed in what it holds. Chunks that were claimed are given back when their leases have run out, those
that were handed out are handed out again, messages that are not in the broker are published again: by any worker.
"""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from amarvote.backups.kept import Backup, BackupError, check, named
from amarvote.backups.taking import HOW, known
from amarvote.store import schema
from amarvote.store.database import Database
from amarvote.store.migrations import HEAD
from amarvote.store.tables import ballots, elections


@dataclass(frozen=True, slots=True)
class Held:
    """An election as it was when the backup was taken."""

    id: str
    title: str
    state: str
    ballots: int


@dataclass(frozen=True, slots=True)
class Restored:
    """What the database holds now."""

    backup: Backup
    database: str
    revision: str
    elections: list[Held]

    @property
    def is_old(self) -> bool:
        """Does it have to be upgraded before this program works with it?"""
        return self.revision < HEAD


def restore(path: Path, url: str) -> Restored:
    """Restore the backup at `path` into the empty database at `url`: all of it, or nothing.

    BackupError where the backup is damaged or of another kind or version, or the database is not empty.
    """
    backup = named(path)
    name, kind = known(url)
    if backup.kind != kind:
        raise BackupError(f"{path} is a backup of {backup.kind}, and {name} is a database of {kind}.")
    check(backup)
    how = HOW[kind]
    revision = how.revision_of(path)
    if revision is None:
        raise BackupError(f"{path} holds nothing of AmarVote.")
    if revision > HEAD and not schema.same_age(revision, HEAD):
        raise BackupError(f"{path} is of a newer version (schema {revision}); update AmarVote.")
    how.copy_in(path, url)
    return Restored(backup, name, revision, _held(url))


def _held(url: str) -> list[Held]:
    number = select(func.count()).where(ballots.c.election_id == elections.c.id).scalar_subquery()
    query = select(elections.c.id, elections.c.title, elections.c.state, number.label("ballots"))
    database = Database(url)
    try:
        with database.read() as connection:
            return [Held(*row) for row in connection.execute(query.order_by(elections.c.id))]
    finally:
        database.close()
