"""Which guardians have found, before the election, that their key opens and works: the rehearsal.

The service takes their word for it: the key never leaves its guardian.
"""

from typing import Any

from sqlalchemy import select, update

from amarvote.elections.errors import Conflict
from amarvote.elections.service import Service
from amarvote.pipeline import locks, states
from amarvote.store.clock import now
from amarvote.store.tables import guardians

BEFORE_KEYS = (states.CEREMONY, states.CEREMONY_FAILED)


def note(service: Service, guardian: int) -> None:
    """The guardian's rehearsal went well just now; Conflict before there are keys. Again is the same, later."""
    with service.database.write() as connection:
        election = locks.election(connection, service.election_id)
        if election.state in BEFORE_KEYS:
            raise Conflict("There is nothing to rehearse with before the key ceremony is done.")
        row = guardians.c.election_id == service.election_id, guardians.c.number == guardian
        first = connection.execute(select(guardians.c.rehearsed_at).where(*row)).scalar_one() is None
        connection.execute(update(guardians).where(*row).values(rehearsed_at=now()))
        if first:
            states.record_event(connection, service.election_id, f"guardian {guardian} has rehearsed")


def listing(service: Service) -> dict[str, Any]:
    """{guardians: [{guardian, rehearsed_at}]} of all guardians; null while one has not."""
    with service.database.read() as connection:
        rows = connection.execute(
            select(guardians.c.number, guardians.c.rehearsed_at)
            .where(guardians.c.election_id == service.election_id)
            .order_by(guardians.c.number)
        ).all()
    return {"guardians": [{"guardian": row.number, "rehearsed_at": row.rehearsed_at} for row in rows]}
