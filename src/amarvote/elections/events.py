"""The election's log, read on from where a reader was: what happened and was decided, one sentence each."""

from typing import Any

from sqlalchemy import func, select

from amarvote.elections.service import Service
from amarvote.store.database import Database
from amarvote.store.tables import events

AT_ONCE = 100


def newest(database: Database) -> int:
    """The number of the last event of any election: as long as it stays, no log has anything new."""
    with database.read() as connection:
        last: int = connection.execute(select(func.coalesce(func.max(events.c.id), 0))).scalar_one()
    return last


def following(service: Service, after: int) -> list[dict[str, Any]]:
    """The next events after the one of number `after`: [{id, at, what}], at most AT_ONCE, oldest first."""
    with service.database.read() as connection:
        rows = connection.execute(
            select(events.c.id, events.c.at, events.c.what)
            .where(events.c.election_id == service.election_id, events.c.id > after)
            .order_by(events.c.id)
            .limit(AT_ONCE)
        ).all()
    return [{"id": row.id, "at": row.at, "what": row.what} for row in rows]
