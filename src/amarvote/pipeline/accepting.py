"""Accept: chunks of submitted ballots, cut as they arrive; over when voting is closed and nothing is open.

A chunk is cut at 50 ballots, at its byte bound, or one second after its first ballot, whichever comes first
(rule 5). Proofs are checked in any order; what hangs together is settled in the commit.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, exists, func, or_, select, update

from amarvote.pipeline import chunks as life
from amarvote.pipeline import freezing, locks, states
from amarvote.pipeline.chunks import ChunkRefusedError, NewChunk
from amarvote.pipeline.constants import about
from amarvote.pipeline.messages import Message
from amarvote.pipeline.phases import OPEN, Place, Step, all_done, register
from amarvote.pipeline.settings import Settings
from amarvote.pipeline.settling import filled_up, settle
from amarvote.store.clock import now
from amarvote.store.tables import (
    ballot_commitments,
    ballot_items,
    ballots,
    board_waiting,
    chunks,
    elections,
    phases,
)

NAME = "accept"

UNCHECKED = ("submitted", "held")


def cut(connection: Connection, settings: Settings, election_id: str) -> int:
    """Cut accept chunks while enough ballots wait, or the first of them waits long enough, or voting is closed.

    Returns how many were cut; none where another transaction holds the phase.
    """
    if not _is_due(connection, settings, election_id):
        return 0
    phase_id = connection.execute(_PHASE, {"election": election_id}).scalar_one_or_none()
    phase = None if phase_id is None else locks.free_phase(connection, phase_id)
    if phase is None:
        return 0
    number = 0
    # asked again: whoever held the phase until now may have cut the same ballots
    while _is_due(connection, settings, election_id):
        taken = _fill(connection.execute(_NEXT, {"election": election_id, "most": settings.items}).all(), settings)
        (chunk_id,) = life.add(connection, phase, [NewChunk(0, len(taken))])
        connection.execute(update(ballots).where(ballots.c.number.in_(filled_up(taken))).values(chunk_id=chunk_id))
        number += 1
    return number


_PHASE = select(phases.c.id).where(
    phases.c.election_id == bindparam("election"), phases.c.name == NAME, phases.c.state == OPEN
)
_BYTES = (ballots.c.item_bytes + ballots.c.commitment_bytes).label("bytes")
_UNCUT = and_(
    ballots.c.election_id == bindparam("election"), ballots.c.chunk_id.is_(None), ballots.c.state == "submitted"
)
_NEXT = select(ballots.c.number, _BYTES).where(_UNCUT).order_by(ballots.c.number).limit(bindparam("most"))
_WAITING = select(
    func.count().label("ballots"),
    func.sum(_BYTES).label("bytes"),
    (now() - func.min(ballots.c.submitted_at)).label("age"),
    select(elections.c.state).where(elections.c.id == bindparam("election")).scalar_subquery().label("state"),
).where(_UNCUT)


HAS_WORK = or_(
    elections.c.state != states.OPEN,
    exists().where(
        ballots.c.election_id == phases.c.election_id,
        ballots.c.chunk_id.is_(None),
        ballots.c.state == "submitted",
    ),
    exists().where(board_waiting.c.election_id == phases.c.election_id),
    exists().where(chunks.c.phase_id == phases.c.id, chunks.c.state == life.FAILED),
)
"""Of an open accept phase and its election: may there be more to do than its chunks are?"""


def _is_due(connection: Connection, settings: Settings, election_id: str) -> bool:
    """Do ballots wait that fill a chunk, or need not wait for others?"""
    uncut = connection.execute(_WAITING, {"election": election_id}).one()
    if not uncut.ballots:
        return False
    full = uncut.ballots >= settings.items or uncut.bytes >= settings.chunk_bytes
    return bool(full or uncut.state != states.OPEN or uncut.age >= settings.cut_seconds)


def _fill(uncut: Sequence[Any], settings: Settings) -> list[int]:
    """The ballots of the next chunk: at least one, then as many as its bytes allow."""
    taken: list[int] = []
    size = 0
    for row in uncut:
        size += row.bytes
        if taken and size > settings.chunk_bytes:
            break
        taken.append(row.number)
    return taken


def load(where: Place, chunk: Row[Any]) -> Message:
    """Items and commitments of those ballots of the chunk that are not settled yet."""
    rows = where.connection.execute(
        select(ballots.c.number, ballots.c.id_b, ballots.c.leaf, ballot_items.c.item, ballot_commitments.c.data)
        .join(ballot_items, ballot_items.c.number == ballots.c.number)
        .join(ballot_commitments, ballot_commitments.c.number == ballots.c.number)
        .where(ballots.c.chunk_id == chunk.id, ballots.c.state == "submitted")
        .order_by(ballots.c.number)
    ).all()
    entries = [{"number": row.number, "place": f"ballot {row.id_b.hex()}", "leaf": row.leaf.hex()} for row in rows]
    parts = [part for row in rows for part in (row.item, row.data)]
    return about(where.election, NAME, {"ballots": entries}, *parts)


def commit(where: Place, chunk: Row[Any], result: Message) -> None:
    """Settle the ballots by their findings; not those rejected meanwhile, when the chain before them ended."""
    verdicts = {int(number): findings for number, findings in result.fields["findings"].items()}
    rows = where.connection.execute(
        select(ballots).where(ballots.c.chunk_id == chunk.id, ballots.c.state == "submitted")
    ).all()
    for ballot in rows:
        if ballot.number not in verdicts:
            raise ChunkRefusedError(f"The child gave no verdict on ballot {ballot.id_b.hex()}.")
    settle(where.connection, [(ballot, verdicts[ballot.number]) for ballot in rows])


def over(where: Place) -> bool:
    """Voting is closed, every ballot is settled, every chunk is done."""
    _close_parked(where)
    if where.election.state != states.CLOSING:
        return False
    cut(where.connection, where.settings, where.election.id)
    return open_ballots(where.connection, where.election.id) == 0 and all_done(where)


def _close_parked(where: Place) -> None:
    """A parked chunk waits for nobody once its ballot was settled: by a verdict, or because its chain ended."""
    unsettled = select(ballots.c.number).where(ballots.c.chunk_id == chunks.c.id, ballots.c.state.in_(UNCHECKED))
    where.connection.execute(
        update(chunks)
        .where(chunks.c.phase_id == where.phase_id, chunks.c.state == life.FAILED, ~unsettled.exists())
        .values(state=life.DONE, traceparent=None)
    )


def open_ballots(connection: Connection, election_id: str) -> int:
    """Ballots that are neither accepted nor rejected yet: what closing waits for."""
    return connection.execute(
        select(func.count()).where(
            ballots.c.election_id == election_id, ballots.c.state.in_((*UNCHECKED, "waiting"))
        )
    ).scalar_one()


def follow(where: Place) -> None:
    """Freeze the list; counting begins."""
    states.move(where.connection, where.election.id, states.COUNTING)
    freezing.freeze(where.connection, where.settings, where.election)


register(NAME, Step(over, follow, load, commit))
