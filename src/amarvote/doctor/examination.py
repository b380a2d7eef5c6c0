"""The list itself: every check in its order, each with a time limit, none able to end the others."""

import threading
from collections.abc import Iterator

from amarvote.doctor import address, backups, database, guardians, machine, round_trip, secrets, workers
from amarvote.doctor.findings import WELL, Check, Finding, Line, State, unchecked
from amarvote.doctor.system import System
from amarvote.store.database import DatabaseError

LONGEST = 45.0
"""Seconds of one check: more than any takes that is answered. (A queue without a leader never answers.)"""

CHECKS = (
    Check("database", "Everything is in it; programs refuse tables that they do not know.", database.migrations),
    Check(
        "clocks",
        "Leases, deadlines and tokens go by the database's, certificates by everybody's.",
        database.clocks,
    ),
    Check("workers", "They alone consume, one chunk each; the API never does.", workers.workers),
    Check("queues", "What is handed out survives the broker's restart, and failures are kept.", workers.queues),
    Check("round trip", "Chunks are done: the whole way that every ballot goes.", round_trip.round_trip),
    Check("memory", "What may take more than there is ends in kills at the worst moment.", machine.memory),
    Check("disk", "A full disk stops voting.", machine.disks),
    Check("secrets", "Who reads them is the service.", secrets.files),
    Check("api", "Voters and guardians find the service at this address.", address.api),
    Check("tls", "Nobody reads or changes what they send.", address.tls),
    Check(
        "guardians", "A key that cannot be opened after the close makes ballots unreadable.", guardians.rehearsals
    ),
    Check("backup", "What is lost since the last one is lost.", backups.newest),
)


def examine(system: System) -> Iterator[Line]:
    """One line after the other, as it is known."""
    for check in CHECKS:
        yield Line(check, _within(check, system, LONGEST))


def answers(lines: list[Line]) -> bool:
    """Was the database, which everything rests on, reached?"""
    return any(line.check.name == "database" and line.state is not State.NOT_CHECKED for line in lines)


def all_well(lines: list[Line]) -> bool:
    """May voting open, as far as the list goes?"""
    return all(line.state in WELL for line in lines)


def next_step(lines: list[Line]) -> str:
    """What to do now, in a sentence."""
    for state, urgency in (
        (State.FAILED, "Do not open voting yet"),
        (State.ATTENTION, "Nothing has failed, but look after this before voting opens"),
        (State.NOT_CHECKED, "What was looked at is well; not everything was looked at"),
    ):
        those = [line for line in lines if line.state is state]
        if those:
            first = next(finding for finding in those[0].findings if finding.state is state)
            names = ", ".join(line.check.name for line in those)
            return f"{urgency} ({names}). First: {first.todo or first.seen}"
    elsewhere = [line.check.name for line in lines if line.state is State.NOT_HERE]
    which = f"that apply here are well (not: {', '.join(elsewhere)})" if elsewhere else "are well"
    return f"All {len(lines) - len(elsewhere)} lines {which}: as far as the service goes, voting may open."


def _within(check: Check, system: System, seconds: float) -> list[Finding]:
    """What it finds; what hangs is left alone, in a thread that ends with the program."""
    found: list[Finding] = []
    thread = threading.Thread(target=_made, args=(check, system, found), daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        return [
            *found,
            unchecked(f"No answer within {seconds:.0f} s.", "Look at what does not answer, then again."),
        ]
    return found


def _made(check: Check, system: System, found: list[Finding]) -> None:
    try:
        found.extend(check.look(system))
    except DatabaseError as problem:
        found.append(unchecked(f"{database.refusal(system, problem)}.", "See the line database, and its log."))
    except Exception as problem:  # noqa: BLE001 - whatever it is, the other lines are made
        found.append(unchecked(f"It could not be looked at: {type(problem).__name__}: {problem}"))
