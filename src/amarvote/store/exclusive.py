"""What one process does at a time, for the length of a transaction, or many do until one wants it alone."""

import hashlib
from functools import lru_cache

from sqlalchemy import Connection, bindparam, func, select

_ALONE = select(func.pg_advisory_xact_lock(bindparam("number")))
_SHARED = select(func.pg_advisory_xact_lock_shared(bindparam("number")))


def one_at_a_time(connection: Connection, what: str) -> None:
    """Wait until nobody else does `what`; until this transaction ends, nobody does.

    For what no row stands for, or none that can be waited for in turn. With SQLite whoever writes is alone anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_ALONE, {"number": _number(what)})


def side_by_side(connection: Connection, what: str) -> None:
    """Do `what` beside others, and nobody alone until this transaction ends.

    Whoever waits to be alone is let in before those who come later. (Row locks have no such order: a row that ever
    more transactions share is never free for the one that waits.)
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_SHARED, {"number": _number(what)})


@lru_cache(maxsize=1024)
def _number(what: str) -> int:
    return int.from_bytes(hashlib.sha256(what.encode()).digest()[:8], "big", signed=True)
