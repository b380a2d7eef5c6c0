"""One election, as the processes that open the database see it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Row

from amarvote.electionguard.context import Context
from amarvote.elections.envelopes import largest_submission
from amarvote.elections.errors import Conflict
from amarvote.pipeline import memory, steps
from amarvote.pipeline.chunks import election_row
from amarvote.pipeline.constants import context_of, manifest_of
from amarvote.pipeline.settings import DEFAULTS, Settings
from amarvote.store.database import (
    AwayError,
    Database,
    DatabaseError,
    NoAnswerError,
    NoDatabaseError,
    is_no_value,
    is_passing,
    patiently,
)

__all__ = [
    "DEFAULTS",
    "AwayError",
    "Database",
    "DatabaseError",
    "NoAnswerError",
    "NoDatabaseError",
    "Service",
    "Settings",
    "is_no_value",
    "is_passing",
    "memory",
    "patiently",
    "service_of",
    "steps",
]


@dataclass(frozen=True)
class Service:
    """The database, the election of this service, and the times.

    What never changes is read once and kept: the manifest, the bound of its ballots, and the context once there is
    one.
    """

    database: Database
    election_id: str
    settings: Settings
    manifest: bytes
    largest_submission: int

    @cached_property
    def context(self) -> Context:
        """The election's constants; Conflict before its keys are made."""
        with self.database.read() as connection:
            election = self.election(connection)
        if election.h_e is None:
            raise Conflict("The election's keys are not made yet.")
        return context_of(election)

    def election(self, connection: Connection) -> Row[Any]:
        """The election's row."""
        return election_row(connection, self.election_id)

    def close(self) -> None:
        """Give the database back."""
        self.database.close()


def service_of(database: Database, election_id: str, settings: Settings = DEFAULTS) -> Service:
    """The service of this election, which the database holds."""
    with database.read() as connection:
        manifest = bytes(election_row(connection, election_id).manifest)
    return Service(database, election_id, settings, manifest, largest_submission(manifest_of(manifest)))
