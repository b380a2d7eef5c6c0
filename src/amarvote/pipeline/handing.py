"""Who gets the next chunk: a bounded window of chunks for each election (rule 15).

So the queue stays short, and a small election never waits behind a big one. Refilling is a query; it runs after
each commit and every second, in every worker's parent, and any number of them agree.
"""

from typing import Any

from sqlalchemy import Connection, Row, bindparam, exists, func, or_, select

from amarvote.pipeline import chunks as life
from amarvote.pipeline.settings import Settings
from amarvote.store.clock import now
from amarvote.store.exclusive import one_at_a_time
from amarvote.store.tables import chunks, elections, is_handed, is_ready, workers

LEAST_WINDOW = 2

_LIVE = select(func.count()).select_from(workers).where(workers.c.beat_at > now() - bindparam("lost"))
_PAUSED = select(elections.c.id).where(elections.c.paused)
_DUE = (
    select(chunks.c.id)
    .where(chunks.c.election_id == bindparam("election"), is_ready, chunks.c.due_at <= now())
    .order_by(chunks.c.id)
    .limit(bindparam("room"))
    .with_for_update(key_share=True, skip_locked=True)
)
_OUT = (
    select(chunks.c.election_id, func.count().label("chunks"))
    .where(or_(is_handed, life.is_in(life.RUNNING)))
    .group_by(chunks.c.election_id)
)
_HANDED = select(chunks.c.id).where(is_handed)
_ANY_DUE = select(chunks.c.id).where(is_ready, chunks.c.due_at <= now())
_WAITING = select(elections.c.id).where(
    ~elections.c.paused, exists().where(chunks.c.election_id == elections.c.id, is_ready)
)


def live_workers(connection: Connection, settings: Settings) -> int:
    """Workers whose heartbeat is fresh."""
    return connection.execute(_LIVE, {"lost": settings.lost_worker_seconds}).scalar_one()


def window(live: int, active: int) -> int:
    """How many chunks one of `active` elections may have handed out while `live` workers work."""
    return max(LEAST_WINDOW, -(-2 * live // active)) if active else LEAST_WINDOW


def anything(connection: Connection) -> bool:
    """Is there a chunk that could be claimed, or handed out?"""
    return connection.execute(_HANDED.limit(1)).first() is not None or (
        connection.execute(_ANY_DUE.limit(1)).first() is not None
    )


def handed_out(connection: Connection) -> int:
    """How many chunks are handed out and wait for a worker."""
    return connection.execute(select(func.count()).select_from(_HANDED.subquery())).scalar_one()


def refill(connection: Connection, settings: Settings) -> list[Row[Any]]:
    """Hand out what is due, as far as each election's window and the bound over all allow; what was handed out.


    One process at a time, until its transaction ends: two that count side by side would both fill the same window.
    So it is the last step of a short transaction.
    """
    one_at_a_time(connection, "refill")
    out = {row.election_id: row.chunks for row in connection.execute(_OUT)}
    waiting = set(connection.execute(_WAITING).scalars())
    paused = set(connection.execute(_PAUSED).scalars())
    each = window(live_workers(connection, settings), len(waiting | (set(out) - paused)))
    room_over_all = settings.handed_out - sum(out.values())
    handed: list[Row[Any]] = []
    for election_id in sorted(waiting):
        room = min(each - out.get(election_id, 0), room_over_all - len(handed))
        if room <= 0:
            continue
        due = list(connection.execute(_DUE, {"election": election_id, "room": room}).scalars())
        if due:
            handed += life.hand_out(connection, due)
    return handed
