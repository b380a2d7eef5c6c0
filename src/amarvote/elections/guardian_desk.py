"""What a guardian's agent asks of the service beside the mail: checking in, and which run is under way."""

from typing import Any

from sqlalchemy import select, update

from amarvote.elections.errors import Conflict
from amarvote.elections.service import Service
from amarvote.pipeline import runs as running
from amarvote.pipeline import states
from amarvote.store.tables import guardians, phases

COUNTED = (states.WAITING_FOR_GUARDIANS, states.DECRYPTING)


def check_in(service: Service, number: int) -> None:
    """The guardian has verified the record through its aggregated phase and is ready to answer."""
    with service.database.write() as connection:
        state = service.election(connection).state
        if state not in COUNTED:
            raise Conflict(f"There is nothing to check in for: the election is {state}.")
        connection.execute(
            update(guardians)
            .where(guardians.c.election_id == service.election_id, guardians.c.number == number)
            .values(checked_in=True)
        )


def current_run(service: Service) -> dict[str, Any]:
    """{run, guardians, root, parts, round, set_aside: {i: why}}, or {run: null, checked_in: [i], set_aside}.

    `round` is combine once all answers are there.
    """
    with service.database.read() as connection:
        run = running.current(connection, service.election_id)
        rows = connection.execute(
            select(guardians).where(guardians.c.election_id == service.election_id).order_by(guardians.c.number)
        ).all()
        aside = {row.number: row.aside for row in rows if row.aside is not None}
        if run is None:
            return {
                "run": None,
                "checked_in": [row.number for row in rows if row.checked_in and row.aside is None],
                "set_aside": aside,
            }
        round_name = connection.execute(
            select(phases.c.name)
            .where(phases.c.election_id == service.election_id, phases.c.scope == run.id, phases.c.state == "open")
            .order_by(phases.c.id.desc())
            .limit(1)
        ).scalar_one()
    return {
        "run": run.id,
        "guardians": run.guardians,
        "root": run.root.hex(),
        "parts": run.parts,
        "round": round_name,
        "set_aside": aside,
    }
