"""What follows when a chunk fails: another attempt after a pause, halves, or parked for the officer (rules 5, 12).

An error raised has 3 attempts; a death (the child killed by a signal, a lease that ran out) has 20, so that a
storm of kills slows an election and never stops it. A chunk out of attempts is divided where its work can be
divided, so that what poisons it ends up alone; an accept chunk down to one ballot, which then waits for the
officer's verdict.
"""

from typing import Any

from sqlalchemy import Connection, Row, select, update

from amarvote.pipeline import chunks as life
from amarvote.pipeline import locks, tree
from amarvote.pipeline.chunks import Claim, NewChunk
from amarvote.pipeline.settings import Settings
from amarvote.store.tables import ballots, chunks, phases

LONGEST_REASON = 2000


def error(connection: Connection, settings: Settings, claim: Claim, reason: str) -> None:
    """An attempt ended with an error: try again after a pause that doubles, or stop trying."""
    locks.phase(connection, claim.phase_id)
    chunk = life.held(connection, claim)
    errors = chunk.errors + 1
    # an error may quote what it failed over; not everything can stand in a column of text
    reason = reason.encode("utf-8", "replace").decode().replace("\0", "?")[:LONGEST_REASON]
    if errors < settings.error_attempts:
        life.again(connection, chunk, settings.backoff_seconds * 2 ** (errors - 1), reason, errors=errors)
    else:
        connection.execute(update(chunks).where(chunks.c.id == chunk.id).values(errors=errors))
        _out_of_attempts(connection, chunk, f"failed {errors} times, at last: {reason}")


def death(connection: Connection, settings: Settings, claim: Claim, reason: str) -> None:
    """The child of the worker that holds `claim` died over it."""
    locks.phase(connection, claim.phase_id)
    _died(connection, settings, life.held(connection, claim), reason)


def expire(connection: Connection, settings: Settings, election_id: str) -> int:
    """Give back the chunks whose lease ran out; how many. Their late workers are fenced by the next attempt."""
    number = 0
    with_open = select(phases.c.id).where(phases.c.election_id == election_id, phases.c.state == locks.OPEN)
    for phase_id in connection.execute(with_open.order_by(phases.c.id)).scalars().all():
        if locks.free_phase(connection, phase_id) is None:
            continue
        for chunk in life.expired(connection, phase_id):
            _died(connection, settings, chunk, f"the lease of worker {chunk.worker} ran out")
            number += 1
    return number


def _died(connection: Connection, settings: Settings, chunk: Row[Any], reason: str) -> None:
    deaths = chunk.deaths + 1
    if deaths < settings.death_attempts:
        # The first death is most likely the machine's doing, not the chunk's: it is due again at once.
        pause = settings.backoff_seconds * min(deaths - 1, 5)
        life.again(connection, chunk, pause, reason, deaths=deaths)
    else:
        connection.execute(update(chunks).where(chunks.c.id == chunk.id).values(deaths=deaths))
        _out_of_attempts(connection, chunk, f"its worker died {deaths} times over it, at last: {reason}")


def _out_of_attempts(connection: Connection, chunk: Row[Any], reason: str) -> None:
    phase = connection.execute(select(phases).where(phases.c.id == chunk.phase_id)).one()
    if phase.name == "accept":
        _divide_accept(connection, phase, chunk, reason)
        return
    middle = _middle(connection, phase, chunk)
    if middle is None:
        life.park(connection, chunk, reason)
        return
    life.mark_halved(connection, chunk, reason)
    # the halves of a tree's last chunk are not its last: the level above them is
    spec = None if phase.name in tree.GROUND else chunk.spec
    halves = ((chunk.first, middle), (middle, chunk.last))
    life.add(connection, phase, [NewChunk(first, last, chunk.level, spec) for first, last in halves])


def _middle(connection: Connection, phase: Row[Any], chunk: Row[Any]) -> int | None:
    """Where the chunk can be cut in two; None where its work is one piece."""
    if phase.name in ("aggregate", "combine") and chunk.last - chunk.first > 1:
        return int((chunk.first + chunk.last) // 2)
    if phase.name in tree.GROUND:
        below = tree.inputs_of(connection, phase, chunk)
        # each half keeps two, or the tree would not grow upwards
        if len(below) >= 4:
            return int(below[len(below) // 2].first)
    return None


def _divide_accept(connection: Connection, phase: Row[Any], chunk: Row[Any], reason: str) -> None:
    rows = connection.execute(
        select(ballots.c.number, ballots.c.id_b).where(ballots.c.chunk_id == chunk.id).order_by(ballots.c.number)
    ).all()
    numbers = [row.number for row in rows]
    if len(rows) == 1:
        # the officer's verdict has to name it
        life.park(connection, chunk, f"ballot {rows[0].id_b.hex()}: {reason}")
        connection.execute(
            update(ballots)
            .where(ballots.c.number == numbers[0], ballots.c.state == "submitted")
            .values(state="held")
        )
        return
    life.mark_halved(connection, chunk, reason)
    half = len(numbers) // 2
    for part in (numbers[:half], numbers[half:]):
        (new_id,) = life.add(connection, phase, [NewChunk(0, len(part))])
        connection.execute(update(ballots).where(ballots.c.number.in_(part)).values(chunk_id=new_id))
