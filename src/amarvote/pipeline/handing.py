"""Who gets the next chunk: a bounded window of chunks for each election (rule 15).

So the queue stays short, and a small election never waits behind a big one. Refilling is a query; it runs after
each commit and every second, in every worker's parent, and any number of them agree.
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    Text,
    bindparam,
    exists,
    func,
    literal_column,
    select,
    union_all,
)

from amarvote.pipeline import chunks as life
from amarvote.pipeline.settings import Settings
from amarvote.store.clock import now
from amarvote.store.exclusive import one_at_a_time
from amarvote.store.tables import chunks, elections, is_handed, is_ready, workers

LEAST_WINDOW = 2

ENDED = "ended"
"""The step of a worker that was told to end, and did: it takes nothing more."""

_IS_OUT = chunks.c.state.in_([literal_column(f"'{state}'") for state in (life.HANDED, life.RUNNING)])
_HANDED = select(chunks.c.id).where(is_handed)
_ANY_DUE = (
    select(chunks.c.id)
    .where(is_ready, chunks.c.due_at <= now())
    .order_by(chunks.c.election_id, chunks.c.id)  # as the index has them
    .limit(1)
)


def _counted(what: str, election: ColumnElement[str], number: ColumnElement[int]) -> Select[str, str, int]:
    """Rows of one kind, to be put together with others, so that counting is one question."""
    return select(literal_column(f"'{what}'").label("what"), election.label("election"), number.label("number"))


_NOBODY = literal_column("''", Text())
_NONE = literal_column("0", Integer())
_COUNTS = union_all(
    _counted("out", chunks.c.election_id, func.count()).where(_IS_OUT).group_by(chunks.c.election_id),
    _counted("waiting", elections.c.id, _NONE).where(
        ~elections.c.paused, exists().where(chunks.c.election_id == elections.c.id, is_ready)
    ),
    _counted("paused", elections.c.id, _NONE).where(elections.c.paused),
    _counted("live", _NOBODY, func.count())
    .select_from(workers)
    .where(workers.c.beat_at > now() - bindparam("lost"), workers.c.step != ENDED),
)


def window(live: int, active: int) -> int:
    """How many chunks one of `active` elections may have handed out while `live` workers work."""
    return max(LEAST_WINDOW, -(-2 * live // active)) if active else LEAST_WINDOW


def anything(connection: Connection) -> bool:
    """Is there a chunk that could be claimed, or handed out?"""
    return connection.execute(_HANDED.limit(1)).first() is not None or (
        connection.execute(_ANY_DUE).first() is not None
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
    counts: dict[str, dict[str, int]] = {"out": {}, "waiting": {}, "paused": {}, "live": {"": 0}}
    for row in connection.execute(_COUNTS, {"lost": settings.lost_worker_seconds}):
        counts[row.what][row.election] = row.number
    out, waiting = counts["out"], counts["waiting"]
    active = set(waiting) | (set(out) - set(counts["paused"]))
    each = window(counts["live"][""], len(active))
    room_over_all = settings.handed_out - sum(out.values())
    handed: list[Row[Any]] = []
    for election_id in sorted(waiting):
        room = min(each - out.get(election_id, 0), room_over_all - len(handed))
        if room > 0:
            handed += life.hand_out(connection, election_id, room)
    return handed
