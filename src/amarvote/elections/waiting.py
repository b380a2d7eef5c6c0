"""What the election waits for, in one sentence: whatever stands still says why."""

from typing import Any

from sqlalchemy import Connection, Row, select

from amarvote.elections import ceremony
from amarvote.elections.service import Service
from amarvote.pipeline import runs as running
from amarvote.pipeline import states
from amarvote.store.tables import guardians, phases

WORK = {
    states.SETTING_UP: "Workers check the guardians' keys and write them into the record.",
    states.COUNTING: "Workers add up the ballots and write them into the record.",
    states.DECRYPTING: "Workers put the guardians' answers together.",
    states.RECORDING: "Workers write the totals into the record.",
    states.VERIFYING: "Workers verify the record.",
}
"""What workers do in the states that are theirs."""


def waiting_for(
    service: Service,
    connection: Connection,
    election: Row[Any],
    counts: dict[str, int],
    failed_chunks: int,
    failed: list[dict[str, Any]],
    workers: list[dict[str, Any]],
) -> str:
    """The sentence; empty where nothing is left to wait for."""
    if election.paused:
        return "The election is paused; the officer has to resume it."
    if failed:
        first = failed[0]
        behind = (
            f" (up to {first['behind']} later ballots of its device wait behind it)" if first["behind"] else ""
        )
        return (
            f"{failed_chunks} failed chunks wait for the officer's retry or verdict; the first is "
            f"{first['phase']} chunk {first['ordinal']}{behind}: {first['reason']}"
        )
    at_work = any(worker["beat_age"] < service.settings.lost_worker_seconds for worker in workers)
    if election.state == states.OPEN and counts["open"] and not at_work:
        return (
            "Voting is open, but no worker is running; start one. "
            f"Ballots that wait to be checked: {counts['open']}."
        )
    people = _people(service, connection, election)
    if people is not None:
        return people
    if not at_work:
        return "No worker is running; start one."
    if election.state == states.CLOSING:
        return f"{counts['open']} ballots are still being checked; then counting begins."
    return WORK.get(election.state, "Workers are busy.")


def _people(service: Service, connection: Connection, election: Row[Any]) -> str | None:
    """Whom the election waits for; None where it waits for workers."""
    match election.state:
        case states.CEREMONY:
            return _ceremony(service, connection)
        case states.READY:
            return "The officer has to open voting."
        case states.OPEN:
            return "Voting is open."
        case states.WAITING_FOR_GUARDIANS:
            return _guardians(connection, election)
        case states.DECRYPTING:
            return _run(service, connection)
        case states.PUBLISHED:
            return ""
        case states.CEREMONY_FAILED:
            return f"The ceremony failed: {election.note}. It has to start again as a new election."
        case states.VERIFICATION_FAILED:
            return f"The record does not verify: {election.note}. Results stay closed."
        case _:
            return None


def _ceremony(service: Service, connection: Connection) -> str:
    for name in ceremony.ROUNDS:
        missing = ceremony.missing_in(service, connection, name)
        if missing:
            return f"Guardians {missing} have not sent theirs in round {name} of the ceremony."
    return "The ceremony is complete."


def _guardians(connection: Connection, election: Row[Any]) -> str:
    rows = connection.execute(
        select(guardians).where(guardians.c.election_id == election.id).order_by(guardians.c.number)
    ).all()
    aside = [f"guardian {row.number}, {row.aside}" for row in rows if row.aside is not None]
    notes = [*([election.note] if election.note else []), *([f"set aside: {'; '.join(aside)}"] if aside else [])]
    note = f" ({'; '.join(notes)})" if notes else ""
    if election.n - len(aside) < election.k:
        return f"Too few guardians are left to open the totals: {election.n - len(aside)}, not {election.k}{note}."
    number = sum(row.checked_in and row.aside is None for row in rows)
    if number < election.k:
        return f"Waiting for guardians: {number} of {election.k} are here{note}."
    return f"Enough guardians are here ({number}, at least {election.k}): the officer can start a run{note}."


def _run(service: Service, connection: Connection) -> str | None:
    run = running.current(connection, service.election_id)
    if run is None:
        return None
    name = connection.execute(
        select(phases.c.name).where(phases.c.scope == run.id, phases.c.state == "open")
    ).scalar_one()
    if name not in running.ROUNDS:
        return None
    missing = running.missing(connection, run, name)
    return f"Guardians {sorted(missing)} have not sent all of theirs in round {name}."
