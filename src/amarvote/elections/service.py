"""One election, as the processes that open the database see it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Row, select

from amarvote.electionguard.context import Context
from amarvote.elections.access import Bearers, read_bearers
from amarvote.elections.errors import Conflict, NotFound
from amarvote.pipeline import accepting, handing, phases, steps
from amarvote.pipeline.chunks import election_row
from amarvote.pipeline.constants import context_of
from amarvote.pipeline.relay import relay
from amarvote.pipeline.settings import DEFAULTS, Settings
from amarvote.store.database import Database, NoDatabaseError
from amarvote.store.tables import elections

__all__ = ["Database", "NoDatabaseError", "Service", "open_service", "service_of", "steps"]


@dataclass(frozen=True)
class Service:
    """The database, the election of this service, and the times.

    What never changes is read once and kept: who may ask, the manifest, and the context once there is one.
    """

    database: Database
    election_id: str
    settings: Settings
    bearers: Bearers
    manifest: bytes

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

    def follow_up(self, connection: Connection) -> None:
        """What may follow from a change, in its own transaction: cut, advance, hand out."""
        accepting.cut(connection, self.settings, self.election_id)
        phases.advance(connection, self.settings, self.election_id)
        handing.refill(connection, self.settings)

    def sweep(self) -> None:
        """Evaluate every transition of every election again, and give back what was lost."""
        relay(self.database, self.settings)

    def close(self) -> None:
        """Give the database back."""
        self.database.close()


def open_service(url: str, election_id: str | None = None, settings: Settings = DEFAULTS) -> Service:
    """The service of an election in this database: the one named, or the only one there is."""
    database = Database(url)
    database.require_schema()
    with database.read() as connection:
        ids = connection.execute(select(elections.c.id).order_by(elections.c.id)).scalars().all()
    if election_id is None and len(ids) == 1:
        election_id = ids[0]
    if election_id not in ids or election_id is None:
        raise NotFound(
            f"{url} holds {len(ids)} elections ({', '.join(ids) or 'none'}); say which one with --election."
        )
    return service_of(database, election_id, settings)


def service_of(database: Database, election_id: str, settings: Settings = DEFAULTS) -> Service:
    """The service of this election, which the database holds."""
    with database.read() as connection:
        manifest = bytes(election_row(connection, election_id).manifest)
        bearers = read_bearers(connection, election_id)
    return Service(database, election_id, settings, bearers, manifest)
