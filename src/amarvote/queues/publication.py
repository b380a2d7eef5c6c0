"""What the rows of chunks say of their messages: published or not, lost, dead letters due."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, func, or_, select, update

from amarvote.pipeline import chunks as life
from amarvote.store.clock import now
from amarvote.store.tables import chunks

_HANDED = life.is_in(life.HANDED)

_MARK = (
    update(chunks)
    .where(
        chunks.c.id == bindparam("chunk"),
        chunks.c.state == bindparam("was"),
        chunks.c.attempt == bindparam("attempts"),
        chunks.c.handed_at == bindparam("handed"),
    )
    .values(published_at=now())
)
_UNPUBLISHED = (
    select(chunks.c.id, chunks.c.state, chunks.c.attempt, chunks.c.handed_at)
    .where(_HANDED, chunks.c.published_at.is_(None), chunks.c.handed_at <= now() - bindparam("seconds"))
    .order_by(chunks.c.handed_at, chunks.c.id)
)
_OVERDUE = select(chunks.c.election_id).where(
    chunks.c.id == bindparam("chunk"), life.is_in(life.RUNNING), chunks.c.lease_until < now()
)
_PARKED_ROWS = select(chunks.c.id, chunks.c.state, chunks.c.attempt, chunks.c.handed_at).where(life.PARKED)
_LAST_CLAIMED = (  # by its message in its turn: one whose worker was lost is handed out and claimed at once
    select(func.max(chunks.c.handed_at))
    .where(life.is_in(life.RUNNING), chunks.c.attempt == 1)
    .correlate(None)
    .scalar_subquery()
)


def mark(connection: Connection, confirmed: Sequence[Row[Any]]) -> None:
    """The broker has these messages, as the rows were; one that moved on since is left alone."""
    if confirmed:
        connection.execute(
            _MARK,
            [
                {"chunk": row.id, "was": row.state, "attempts": row.attempt, "handed": row.handed_at}
                for row in sorted(confirmed, key=lambda row: int(row.id))
            ],
        )


def unpublished(connection: Connection, seconds: float) -> list[Row[Any]]:
    """Chunks handed out for so long, of which no message is known: their relay died, or the broker was away."""
    return list(connection.execute(_UNPUBLISHED, {"seconds": seconds}))


def overdue(connection: Connection, chunk_id: int) -> str | None:
    """The election of a chunk whose worker lost its lease; None where it has it, or where nobody works on it."""
    return connection.execute(_OVERDUE, {"chunk": chunk_id}).scalar_one_or_none()


def parked(connection: Connection, most: int) -> list[Row[Any]]:
    """Parked chunks without a dead letter: some of them."""
    return list(connection.execute(_PARKED_ROWS.where(chunks.c.published_at.is_(None)).limit(most)))


def dead_letters(connection: Connection) -> int:
    """How many parked chunks are known to have a dead letter."""
    known = select(func.count()).where(life.PARKED, chunks.c.published_at.is_not(None))
    return connection.execute(known).scalar_one()


def parked_of(connection: Connection, ids: Iterable[int]) -> set[int]:
    """Those of these chunks that are parked."""
    return set(connection.execute(select(chunks.c.id).where(life.PARKED, chunks.c.id.in_(ids))).scalars())


def forget_parked(connection: Connection) -> None:
    """Every parked chunk gets a dead letter again."""
    life.change_all(connection, life.is_in(life.FAILED), published_at=None)


def forget_lost(connection: Connection, seconds: float, *, empty: bool) -> int:
    """Forget the messages of chunks that ought to have been claimed; how many.

    Those are chunks published `seconds` before one was handed out that is being worked on, and, where the queue
    has been `empty` for so long, all that were published so long ago.
    """
    lost = chunks.c.published_at < _LAST_CLAIMED - seconds
    if empty:
        lost = or_(lost, chunks.c.published_at < now() - seconds)
    return life.change_all(connection, and_(_HANDED, lost), published_at=None)
