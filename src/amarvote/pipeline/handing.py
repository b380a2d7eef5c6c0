"""Who gets the next chunk: a bounded window of chunks for each election (rule 15).

So the queue stays short, and a small election never waits behind a big one. Refilling is a query; it runs after
each commit and every second, in every worker's parent and in the orchestrator, and any number of them agree.
"""

from sqlalchemy import Connection, bindparam, exists, func, select

from amarvote.pipeline import chunks as life
from amarvote.pipeline.settings import Settings
from amarvote.store.clock import now
from amarvote.store.exclusive import one_at_a_time
from amarvote.store.tables import chunks, elections, is_ready, workers

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
    .where(chunks.c.state.in_((life.HANDED, life.RUNNING)))
    .group_by(chunks.c.election_id)
)
_WAITING = select(elections.c.id).where(
    ~elections.c.paused, exists().where(chunks.c.election_id == elections.c.id, is_ready)
)


def live_workers(connection: Connection, settings: Settings) -> int:
    """Workers whose heartbeat is fresh."""
    return connection.execute(_LIVE, {"lost": settings.lost_worker_seconds}).scalar_one()


def window(live: int, active: int) -> int:
    """How many chunks one of `active` elections may have handed out while `live` workers work."""
    return max(LEAST_WINDOW, -(-2 * live // active)) if active else LEAST_WINDOW


def refill(connection: Connection, settings: Settings) -> int:
    """Hand out what is due, as far as each election's window and the bound over all allow; how many.

    One process at a time, until its transaction ends: two that count side by side would both fill the same window.
    So it is the last step of a short transaction.
    """
    one_at_a_time(connection, "refill")
    out = {row.election_id: row.chunks for row in connection.execute(_OUT)}
    waiting = set(connection.execute(_WAITING).scalars())
    paused = set(connection.execute(_PAUSED).scalars())
    each = window(live_workers(connection, settings), len(waiting | (set(out) - paused)))
    room_over_all = settings.handed_out - sum(out.values())
    handed = 0
    for election_id in sorted(waiting):
        room = min(each - out.get(election_id, 0), room_over_all - handed)
        if room <= 0:
            continue
        due = list(connection.execute(_DUE, {"election": election_id, "room": room}).scalars())
        if due:
            life.hand_out(connection, due)
            handed += len(due)
    return handed
