"""One election, as the processes that open the database see it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from amarvote.elections.errors import NotFound
from amarvote.pipeline import accepting, handing, phases, steps
from amarvote.pipeline.chunks import election_row
from amarvote.pipeline.relay import relay
from amarvote.pipeline.settings import DEFAULTS, Settings
from amarvote.store.database import Database, NoDatabaseError
from amarvote.store.tables import elections

__all__ = ["Database", "NoDatabaseError", "Service", "open_service", "steps"]


@dataclass(frozen=True, slots=True)
class Service:
    """The database, the election of this service, and the times."""

    database: Database
    election_id: str
    settings: Settings = DEFAULTS

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
    return Service(database, election_id, settings)
