"""One chunk sent on its way: database, queue, worker, child, database."""

import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row

from amarvote.doctor.findings import Finding, failed, unchecked, well
from amarvote.doctor.system import System
from amarvote.pipeline import chunks as life
from amarvote.pipeline import trial
from amarvote.store.database import NoDatabaseError

PATIENCE = 30.0
"""Seconds. Chunks of an election under way come first, each takes about two."""

LOOK_EVERY = 0.02


def round_trip(system: System) -> Iterator[Finding]:
    """A trial, from beginning to end; whatever happens, it is taken away again."""
    try:
        system.database.require_schema()
    except NoDatabaseError as problem:
        yield unchecked(f"No chunk was sent: {problem}")
        return
    if not system.workers():
        yield failed("No chunk was sent: there is no worker to take it.", "Start amarvote worker.")
        return
    started = time.monotonic()
    election_id = system.database.transact(trial.begin)
    try:
        row, seconds = _awaited(system, election_id, started)
    finally:
        left = _left(system, election_id)
    yield _told(system, row, seconds)
    if left:
        yield unchecked(
            f"The trial {election_id} could not be taken away: a worker is at it still. It harms nothing.",
            "Run the doctor again in ten minutes: it takes away what was left.",
        )


def _awaited(system: System, election_id: str, started: float) -> tuple[Row[Any], float]:
    """The chunk, once it is done, has failed, or patience is at its end."""
    while True:
        with system.database.read() as connection:
            row = trial.look(connection, election_id)
        seconds = time.monotonic() - started
        if row.state in (life.DONE, life.FAILED) or seconds > PATIENCE:
            return row, seconds
        time.sleep(LOOK_EVERY)


def _left(system: System, election_id: str) -> bool:
    """Is it still there? A worker that is at it just now is done in a moment."""
    until = time.monotonic() + system.settings.lease_seconds / 6
    while not system.database.transact(lambda connection: trial.remove(connection, election_id)):
        if time.monotonic() > until:
            return True
        time.sleep(LOOK_EVERY)
    return False


def _told(system: System, row: Row[Any], seconds: float) -> Finding:
    way = "the database" if system.broker is None else "the broker"
    if row.state == life.DONE:
        return well(
            f"A chunk went by {way} to worker {row.worker} and back in {seconds:.2f} s: handed out after "
            f"{row.handed_at - row.due_at:.2f} s, claimed after {row.claimed_at - row.due_at:.2f} s."
        )
    if row.state == life.FAILED:
        return failed(f"A chunk that computes nothing failed: {row.reason}", "Are all workers of this version?")
    where = {
        life.READY: f"nobody handed it out{f' ({row.reason})' if row.reason else ''}: no worker's loop goes round",
        life.HANDED: f"it was handed out by {way}, and no worker has taken it",
        life.RUNNING: f"worker {row.worker} has it and is not done",
    }
    return failed(
        f"A chunk did not come back within {PATIENCE:.0f} s: {where[row.state]}.",
        "Look at the workers' logs and /health/ready: have they the addresses of this database and this broker? "
        "In the middle of a count others may have come first: look again.",
    )
