"""A chunk that computes nothing, by which `amarvote doctor` sees that chunks are done, and how quickly.

Like every chunk it belongs to an election; this one is a row in the state TRIAL, which nobody is shown, to which
nothing happens, and which is taken away again. The chunk goes the way of all others beside it.
"""

import secrets
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from amarvote.pipeline import chunks as life
from amarvote.pipeline import locks, phases
from amarvote.pipeline.chunks import NewChunk
from amarvote.pipeline.messages import Message
from amarvote.pipeline.phases import Place, Step, register
from amarvote.pipeline.states import TRIAL
from amarvote.store.clock import now
from amarvote.store.tables import chunk_results, chunks, elections
from amarvote.store.tables import phases as phase_rows

NAME = "trial"

OLD_SECONDS = 600.0
"""Whoever began one so long ago was killed before it could take it away."""


def begin(connection: Connection) -> str:
    """Add a trial, ready to be handed out; its election. Those that were left behind are taken away."""
    old = select(phase_rows.c.election_id).where(
        phase_rows.c.name == NAME, phase_rows.c.started_at < now() - OLD_SECONDS
    )
    for election_id in connection.execute(old).scalars().all():
        remove(connection, election_id)
    election_id = secrets.token_hex(16)
    nobodys = {"n": 1, "k": 1, "chaining_mode": 0, "minimum_group": 0, "manifest": b""}
    connection.execute(insert(elections).values(id=election_id, title="", state=TRIAL, **nobodys))
    life.add(connection, phases.begin(connection, election_id, NAME), [NewChunk(0, 1)])
    return election_id


def look(connection: Connection, election_id: str) -> Row[Any]:
    """The chunk of a trial, as far as it came."""
    return connection.execute(select(chunks).where(chunks.c.election_id == election_id)).one()


def remove(connection: Connection, election_id: str) -> bool:
    """Take a trial away with all its rows; False, and nothing is done, while a worker is at it."""
    locks.command(connection, election_id)
    of_trial = chunks.c.election_id == election_id
    # a worker of an earlier version, which is being replaced, keeps results of all chunks
    results = select(chunks.c.id).where(of_trial, chunks.c.state == life.DONE)
    connection.execute(delete(chunk_results).where(chunk_results.c.chunk_id.in_(results)))
    if not connection.execute(delete(chunks).where(of_trial, chunks.c.state != life.RUNNING)).rowcount:
        return False
    connection.execute(delete(phase_rows).where(phase_rows.c.election_id == election_id))
    connection.execute(delete(elections).where(elections.c.id == election_id))
    return True


def _load(where: Place, chunk: Row[Any]) -> Message:  # noqa: ARG001
    return Message(NAME)


def _nothing_follows(where: Place) -> None:
    pass


register(NAME, Step(phases.all_done, _nothing_follows, _load))
