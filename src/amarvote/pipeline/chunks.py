"""A chunk's life: claim with a fencing attempt number, lease, result, error, death, retry.

    ready ──hand out──► handed ──claim──► running ──finish──► done
      ▲                                     │ error, death, lease run out
      └───── due again after a pause ◄──────┤
                                            └─► out of attempts: halved, or parked as failed (retried by command)

What is not done when its phase is stopped is stopped with it, whatever it was.

Each function is one part of the caller's transaction. A commit carries the attempt it was claimed with; a worker
that comes back late finds another number there and is refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    Integer,
    Row,
    and_,
    bindparam,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from amarvote.pipeline.cause import traceparent
from amarvote.pipeline.locks import OPEN, PHASE_HELD
from amarvote.pipeline.settings import Settings
from amarvote.store.clock import now
from amarvote.store.tables import chunk_results, chunks, elections, is_handed, is_ready, phases

READY = "ready"
HANDED = "handed"
RUNNING = "running"
DONE = "done"
FAILED = "failed"
HALVED = "halved"
STOPPED = "stopped"

AT_ONCE = 1000
"""Chunks added by one statement: a phase may have very many."""

UNFINISHED = (READY, HANDED, RUNNING, FAILED)
"""What a phase still waits for."""

OUT = (HANDED, RUNNING)
"""What holds a place in its election's window."""


def is_one_of(column: ColumnElement[str], states: Iterable[str]) -> ColumnElement[bool]:
    """The condition that a state is one of `states`, written out: parameters would be put in each time anew."""
    return column.in_([literal_column(f"'{state}'") for state in states])


def is_in(state: str) -> ColumnElement[bool]:
    """The condition that a chunk is in `state`, in the words of the indexes over some states."""
    return chunks.c.state == literal_column(f"'{state}'")


PARKED = and_(is_in(FAILED), chunks.c.phase_id.in_(select(phases.c.id).where(phases.c.state == OPEN)))
"""The condition that a chunk has failed, and the election waits for it: its phase was not stopped."""

# What every chunk needs, built once: making a statement anew takes longer than executing it.
_CHUNK = select(chunks).where(chunks.c.id == bindparam("chunk")).with_for_update(key_share=True)
_RESULT = insert(chunk_results)
_UNFINISHED = (
    select(chunks.c.id)
    .where(chunks.c.phase_id == bindparam("phase"), is_one_of(chunks.c.state, UNFINISHED))
    .limit(1)  # "exists" would be answered by looking at every chunk there is
)
_FINISH = (
    update(chunks)
    .where(
        chunks.c.id == bindparam("chunk"),
        chunks.c.attempt == bindparam("attempts"),
        is_in(RUNNING),
        PHASE_HELD,  # before the chunk is locked
    )
    .values(state=DONE, finished_at=now(), lease_until=None, reason=None, traceparent=None)
)
_ELECTION = select(elections).where(elections.c.id == bindparam("election"))


class FencedError(Exception):
    """The chunk is not this worker's any more: its lease ran out and another attempt has it, or it is done."""


class ChunkRefusedError(Exception):
    """A chunk's inputs or result do not fit what the database holds; counted as an error of the attempt."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One claimed chunk; `attempt` fences every later word about it."""

    chunk_id: int
    attempt: int
    phase: str
    phase_id: int
    election_id: str
    chunk: Row[Any]
    """What says its work, as it was claimed."""

    @property
    def traceparent(self) -> str | None:
        """Of the request that cut it, where traces are on."""
        given: str | None = self.chunk.traceparent
        return given

    def __str__(self) -> str:
        return f"{self.phase} chunk {self.chunk_id}, attempt {self.attempt}"


@dataclass(frozen=True, slots=True)
class NewChunk:
    """What a phase says of a chunk to add: bounds [first, last), level in a tree, and what else says the work."""

    first: int
    last: int
    level: int = 0
    spec: dict[str, Any] | None = None


_ADD = insert(chunks).values(state=READY, due_at=now()).returning(chunks.c.id, chunks.c.ordinal)


def add(connection: Connection, phase: Row[Any], new: Iterable[NewChunk]) -> list[int]:
    """Append chunks to a phase that the caller holds, some at a time; their ids in order."""
    taken = connection.execute(
        select(func.coalesce(func.max(chunks.c.ordinal) + 1, 0)).where(chunks.c.phase_id == phase.id)
    ).scalar_one()
    ids: list[int] = []
    numbered = enumerate(new, start=taken)
    while some := list(islice(numbered, AT_ONCE)):
        rows = [
            {
                "phase_id": phase.id,
                "election_id": phase.election_id,
                "ordinal": ordinal,
                "level": chunk.level,
                "first": chunk.first,
                "last": chunk.last,
                "spec": chunk.spec,
                "traceparent": traceparent.get(),
            }
            for ordinal, chunk in some
        ]
        added = connection.execute(_ADD, rows).all()
        ids += [row.id for row in sorted(added, key=lambda row: int(row.ordinal))]
    return ids


_WORK = ("id", "attempt", "phase_id", "election_id", "level", "first", "last", "spec", "traceparent")
_TAKE = (
    update(chunks)
    .values(
        state=RUNNING,
        attempt=chunks.c.attempt + 1,
        lease_until=now() + bindparam("lease"),
        worker=bindparam("by"),
        claimed_at=now(),
    )
    .returning(
        *(chunks.c[name] for name in _WORK),
        select(phases.c.name).where(phases.c.id == chunks.c.phase_id).scalar_subquery().label("phase"),
    )
)
_FIRST = (
    select(chunks.c.id)
    .where(is_handed)
    .order_by(chunks.c.handed_at, chunks.c.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_TAKE_FIRST = _TAKE.where(chunks.c.id == _FIRST.scalar_subquery())
_TAKE_ONE = _TAKE.where(
    chunks.c.id == bindparam("chunk"), or_(is_handed, and_(is_in(RUNNING), chunks.c.worker == bindparam("by")))
)


def claim(connection: Connection, settings: Settings, worker: str) -> Claim | None:
    """Take the chunk that was handed out first; None where there is none. Counts the attempt."""
    row = connection.execute(_TAKE_FIRST, {"lease": settings.lease_seconds, "by": worker}).one_or_none()
    return None if row is None else _claim(row)


def claim_one(connection: Connection, settings: Settings, worker: str, chunk_id: int) -> Claim | None:
    """Take this chunk if it is handed out; None where it is not. Counts the attempt.

    A worker claims while it works on nothing: what runs in its own name is one whose claim was committed while the
    answer got lost, and is its own again.
    """
    given = {"lease": settings.lease_seconds, "by": worker, "chunk": chunk_id}
    row = connection.execute(_TAKE_ONE, given).one_or_none()
    return None if row is None else _claim(row)


def _claim(row: Row[Any]) -> Claim:
    return Claim(row.id, row.attempt, row.phase, row.phase_id, row.election_id, row)


def held(connection: Connection, claim: Claim) -> Row[Any]:
    """The chunk's row, locked, while `claim` still holds it; FencedError otherwise."""
    row = connection.execute(_CHUNK, {"chunk": claim.chunk_id}).one()
    if row.state != RUNNING or row.attempt != claim.attempt:
        raise FencedError(f"The {claim} is not ours any more: it is {row.state}, attempt {row.attempt}.")
    return row


def renew(connection: Connection, settings: Settings, claim: Claim) -> None:
    """Make the lease last from now on; FencedError where it was lost. One that ran out unseen is ours again."""
    held(connection, claim)
    _set(connection, claim.chunk_id, lease_until=now() + settings.lease_seconds)


def finish(connection: Connection, claim: Claim, fields: dict[str, Any] | None = None, data: bytes = b"") -> None:
    """Mark the chunk done, in the transaction that writes what that means; with `fields` it keeps a result.

    From here on its phase is held, and the chunk. FencedError where the claim does not hold it any more.
    """
    given = {"chunk": claim.chunk_id, "phase": claim.phase_id, "attempts": claim.attempt}
    if not connection.execute(_FINISH, given).rowcount:
        held(connection, claim)  # says what it is by now
        raise FencedError(f"The {claim} could not be marked done.")
    if fields is not None:
        connection.execute(_RESULT, {"chunk_id": claim.chunk_id, "fields": fields, "data": data})


def again(connection: Connection, chunk: Row[Any], pause: float, reason: str, **counts: int) -> None:
    """Make a chunk ready again after `pause` seconds, with what went wrong and the counts to set."""
    values = {"state": READY, "due_at": now() + pause, "lease_until": None, "reason": reason, **counts}
    _set(connection, chunk.id, **values)


def park(connection: Connection, chunk: Row[Any], reason: str) -> None:
    """Out of attempts: the chunk waits, with its reason, for the officer; the others go on."""
    values = {"state": FAILED, "lease_until": None, "reason": reason, "finished_at": now(), "published_at": None}
    _set(connection, chunk.id, **values)


def mark_halved(connection: Connection, chunk: Row[Any], reason: str) -> None:
    """Its halves do the work now."""
    _set(connection, chunk.id, state=HALVED, lease_until=None, reason=reason, finished_at=now(), traceparent=None)


def stop(connection: Connection, phase_id: int) -> None:
    """Nobody does what is left of a phase, which the caller holds; who is at it is fenced."""
    values = {"state": STOPPED, "lease_until": None, "finished_at": now(), "traceparent": None}
    change_all(connection, and_(chunks.c.phase_id == phase_id, chunks.c.state.in_(UNFINISHED)), **values)


def retry(connection: Connection, which: ColumnElement[bool]) -> int:
    """Give parked chunks all their attempts again; how many."""
    values = {"state": READY, "errors": 0, "deaths": 0, "due_at": now(), "finished_at": None}
    return change_all(connection, and_(is_in(FAILED), which), **values)


_DUE = (
    select(chunks.c.id)
    .where(chunks.c.election_id == bindparam("election"), is_ready, chunks.c.due_at <= now())
    .order_by(chunks.c.id)
    .with_for_update(key_share=True, skip_locked=True)
)


def _handing_out(which: ColumnElement[bool]) -> Executable:
    """Put those chunks into the queue; the rows say later which handing out a message was about."""
    return (
        update(chunks)
        .where(which)
        .values(state=HANDED, handed_at=now(), published_at=None)
        .returning(chunks.c.id, chunks.c.state, chunks.c.attempt, chunks.c.handed_at)
    )


_of_election = chunks.alias()
_OUT = (
    select(func.count())
    .where(_of_election.c.election_id == bindparam("election"), is_one_of(_of_election.c.state, OUT))
    .scalar_subquery()
)
_PAUSED = exists().where(elections.c.id == bindparam("election"), elections.c.paused)
_HAND_OUT = _handing_out(chunks.c.id.in_(select(_DUE.limit(bindparam("most")).cte("due").c.id)))
_NEXT = _DUE.where(bindparam("window", type_=Integer) > _OUT, ~_PAUSED).limit(1)
_FOLLOW = _handing_out(and_(chunks.c.id == _NEXT.scalar_subquery(), chunks.c.phase_id == bindparam("phase")))


def hand_out(connection: Connection, election_id: str, most: int) -> list[Row[Any]]:
    """Put the next chunks of an election that are due into the queue, up to `most`, in their order."""
    rows = connection.execute(_HAND_OUT, {"election": election_id, "most": most})
    return sorted(rows, key=lambda row: int(row.id))


def follow(connection: Connection, claim: Claim, window: int) -> list[Row[Any]]:
    """Put the next chunk that is due in the place of one that this transaction finished.

    None where that is of another phase (refilling finds it), where the election is paused (who pauses holds its
    phases), or has `window` chunks out all the same. As many are out then as before: nobody waits for who counts
    beside it.
    """
    given = {"election": claim.election_id, "phase": claim.phase_id, "window": window}
    return list(connection.execute(_FOLLOW, given))


def hand_back(connection: Connection, worker: str) -> int:
    """Give back what a worker holds that ends, or turned away from it: nobody's fault, so nothing is counted."""
    return connection.execute(
        update(chunks)
        .where(is_in(RUNNING), chunks.c.worker == worker)
        .values(state=READY, due_at=now(), lease_until=None)
    ).rowcount


def take_back(connection: Connection, election_id: str) -> None:
    """Take what nobody claimed yet out of the queue (the election was paused), and nothing more comes in.

    The caller holds the hand of the queue: a relay that counted before the pause has handed out by then.
    """
    change_all(connection, and_(chunks.c.election_id == election_id, is_handed), state=READY, handed_at=None)


def end_leases(connection: Connection, worker: str) -> None:
    """End the leases of a worker that starts anew: who had its name before is dead; nobody need wait for it."""
    connection.execute(
        update(chunks).where(chunks.c.state == RUNNING, chunks.c.worker == worker).values(lease_until=0.0)
    )


def expired(connection: Connection, phase_id: int) -> list[Row[Any]]:
    """Running chunks of a phase whose lease ran out, locked; not those that somebody is just renewing."""
    lost = select(chunks).where(
        chunks.c.phase_id == phase_id, chunks.c.state == RUNNING, chunks.c.lease_until < now()
    )
    return list(connection.execute(lost.with_for_update(key_share=True, skip_locked=True)))


def all_done(connection: Connection, phase_id: int) -> bool:
    """Does the phase wait for no chunk any more?"""
    return connection.execute(_UNFINISHED, {"phase": phase_id}).first() is None


def election_row(connection: Connection, election_id: str) -> Row[Any]:
    """The election's row, not locked."""
    return connection.execute(_ELECTION, {"election": election_id}).one()


def _set(connection: Connection, chunk_id: int, **values: Any) -> None:
    connection.execute(update(chunks).where(chunks.c.id == chunk_id).values(**values))


def change_all(connection: Connection, which: ColumnElement[bool], **values: Any) -> int:
    """Change many chunks, locked in the order of their numbers; how many."""
    locking = select(chunks.c.id).where(which).order_by(chunks.c.id).with_for_update(key_share=True)
    # nested: of a statement that begins otherwise SQLite does not say how many rows it changed
    locked = select(locking.cte("locked", nesting=True).c.id)
    return connection.execute(update(chunks).where(chunks.c.id.in_(locked)).values(**values)).rowcount
