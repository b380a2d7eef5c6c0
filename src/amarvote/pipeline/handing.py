"""Who gets the next chunk: a bounded window of chunks for each election (rule 15).

So the queue stays short, and a small election never waits behind a big one. A chunk that is done is followed by
the next one of its phase, in its place (`chunks.follow`). Refilling counts, and fills up: every second over all
elections, in every worker's parent, and with each commit after which more may be due than before, for the election
that the chunk was of; any number of them agree. So a window that has changed is kept to within a second.
"""

from typing import Any, NamedTuple

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
from amarvote.store.backoff import CHANCE
from amarvote.store.clock import now
from amarvote.store.exclusive import one_at_a_time
from amarvote.store.tables import chunks, elections, is_handed, is_ready, workers

LEAST_WINDOW = 2

ENDED = "ended"
"""The step of a worker that was told to end, and did: it takes nothing more."""

_IS_OUT = life.is_one_of(chunks.c.state, life.OUT)
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
_WAITING = _counted("waiting", elections.c.id, _NONE).where(
    ~elections.c.paused, exists().where(chunks.c.election_id == elections.c.id, is_ready)
)
_OTHERS = (
    _counted("out", chunks.c.election_id, func.count()).where(_IS_OUT).group_by(chunks.c.election_id),
    _counted("paused", elections.c.id, _NONE).where(elections.c.paused),
    _counted("live", _NOBODY, func.count())
    .select_from(workers)
    .where(workers.c.beat_at > now() - bindparam("lost"), workers.c.step != ENDED),
)
_COUNTS = union_all(_WAITING, *_OTHERS)
_COUNTS_OF_ONE = union_all(_WAITING.where(elections.c.id == bindparam("own")), *_OTHERS)


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


def alone(connection: Connection) -> None:
    """Hold the hand of the queue until the transaction ends: nobody else hands anything out meanwhile."""
    one_at_a_time(connection, "refill")


class Refilled(NamedTuple):
    """What was handed out, and what was counted for it."""

    handed: list[Row[Any]]
    window: int
    """As many chunks of each election may be out, where all were counted; none where the bound over all is half
    used up, so that the rest is left to those that only a refill over all looks at."""


def refill(connection: Connection, settings: Settings, election_id: str | None = None) -> Refilled:
    """Hand out what is due, as far as each election's window and the bound over all allow.

    Of one election, or of all: those with the fewest chunks out come first, in no order among them, so that none
    is left out where the bound is too small for all. One election for itself gets none of the second half of the
    bound: what others wait for is not seen then.

    One process at a time, until its transaction ends: two that count side by side would both fill the same window.
    So it is the last step of a short transaction.
    """
    alone(connection)
    counts: dict[str, dict[str, int]] = {"out": {}, "waiting": {}, "paused": {}, "live": {"": 0}}
    given = {"lost": settings.lost_worker_seconds, "own": election_id}
    for row in connection.execute(_COUNTS if election_id is None else _COUNTS_OF_ONE, given):
        counts[row.what][row.election] = row.number
    out, waiting = counts["out"], counts["waiting"]
    active = set(waiting) | (set(out) - set(counts["paused"]))
    each = window(counts["live"][""], len(active))
    bound = settings.handed_out if election_id is None else settings.handed_out // 2
    room_over_all = bound - sum(out.values())
    handed: list[Row[Any]] = []
    for name in sorted(waiting, key=lambda one: (out.get(one, 0), CHANCE.random())):
        room = min(each - out.get(name, 0), room_over_all - len(handed))
        if room > 0:
            handed += life.hand_out(connection, name, room)
    half_used = sum(out.values()) + len(handed) > settings.handed_out // 2
    return Refilled(handed, 0 if half_used else each)
