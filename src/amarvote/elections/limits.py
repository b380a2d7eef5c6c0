"""How often somebody may do something: token buckets in the database, so that they hold over all processes.

A bucket holds at most `burst` and gains `rate` a second. One statement takes from it, or says that there is not
enough; a process takes `bite` at a time and spends them without asking, so that a stream of ballots costs one
statement every so many. What a process has bitten off and not spent within SPEND_SECONDS is forgotten.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Float, bindparam, case, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from amarvote.elections.errors import TooMany
from amarvote.store.clock import now
from amarvote.store.database import Database
from amarvote.store.tables import buckets

SPEND_SECONDS = 10.0
KEPT = 10_000
"""Of so many buckets a process remembers what it has left."""

EMPTY = -1
FORGET_SECONDS = 3600.0
"""A bucket that nobody touched for so long is full again."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `burst` at once and `rate` a second; `name` of what is limited, `what` in a sentence."""

    name: str
    rate: float
    burst: int
    what: str
    bite: int = 1


class Limits:
    """This process's side of the buckets; any thread may ask."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._left: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._here: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def has_left(self, limit: Limit, who: str) -> bool:
        """Spend one of those bitten off before; False where the database has to be asked (`take`).

        TooMany where the bucket was found empty just now: a flood of requests does not become one of statements.
        """
        key = f"{limit.name}:{who}"
        with self._lock:
            left, until = self._left.get(key, (0, 0.0))
            if left == 0 or self._clock() > until:
                return False
            if left == EMPTY:
                raise _too_many(limit)
            self._left[key] = (left - 1, until)
            return True

    def take(self, limit: Limit, who: str) -> None:
        """Spend one, bitten off where nothing is left; TooMany, with how long to wait, where none is."""
        if not self.has_left(limit, who):
            self._bite(limit, who)

    def take_all(self, asked: Sequence[tuple[Limit, str]]) -> list[Exception | None]:
        """The same of several; of each why it may not, or None."""
        return [self._taken(limit, who) for limit, who in asked]

    def _taken(self, limit: Limit, who: str) -> Exception | None:
        try:
            self.take(limit, who)
        except TooMany as problem:
            return problem
        return None

    def _bite(self, limit: Limit, who: str) -> None:
        key = f"{limit.name}:{who}"
        for bite in dict.fromkeys((limit.bite, 1)):
            with self._database.write() as connection:
                taken = _take(connection, limit, key, bite)
            if taken:
                self._keep(key, bite - 1, SPEND_SECONDS)
                return
        self._keep(key, EMPTY, min(1.0, 1 / limit.rate))
        raise _too_many(limit)

    def spend_here(self, limit: Limit, who: str) -> None:
        """Spend one out of a bucket that is in this process's memory only; TooMany where it is empty.

        For whoever must leave no row behind that has a time: a vote token (rule 3). Processes count by themselves.
        """
        key, at = f"{limit.name}:{who}", self._clock()
        with self._lock:
            level, since = self._here.get(key, (float(limit.burst), at))
            level = min(float(limit.burst), level + limit.rate * (at - since))
            self._here[key] = (level - 1.0 if level >= 1.0 else level, at)
            self._here.move_to_end(key)
            while len(self._here) > KEPT:
                self._here.popitem(last=False)
        if level < 1.0:
            raise _too_many(limit)

    def _keep(self, key: str, left: int, seconds: float) -> None:
        with self._lock:
            self._left[key] = (left, self._clock() + seconds)
            self._left.move_to_end(key)
            while len(self._left) > KEPT:
                self._left.popitem(last=False)


def _too_many(limit: Limit) -> TooMany:
    return TooMany(f"There were too many {limit.what} from you in a short time.", 1 / limit.rate)


def forget_full(connection: Connection) -> None:
    """Drop the buckets that nobody touched for long: they are full."""
    connection.execute(delete(buckets).where(buckets.c.at < now() - FORGET_SECONDS))


def _statement(made: "sqlite.Insert | postgresql.Insert") -> ReturningInsert[tuple[float]]:
    gained = buckets.c.level + (now() - buckets.c.at) * bindparam("rate", type_=Float)
    burst, bite = bindparam("burst", type_=Float), bindparam("bite", type_=Float)
    filled = case((gained > burst, burst), else_=gained)
    return made.on_conflict_do_update(
        index_elements=[buckets.c.key], set_={"level": filled - bite, "at": now()}, where=filled >= bite
    ).returning(buckets.c.level)


_TAKE = {
    name: _statement(insert(buckets).values(key=bindparam("key"), level=bindparam("first"), at=now()))
    for name, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}


def _take(connection: Connection, limit: Limit, key: str, bite: int) -> bool:
    values = {
        "key": key,
        "rate": limit.rate,
        "burst": float(limit.burst),
        "bite": float(bite),
        "first": float(limit.burst - bite),
    }
    return connection.execute(_TAKE[connection.dialect.name], values).one_or_none() is not None
