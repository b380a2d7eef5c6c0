"""What one process does at a time, for the length of a transaction, or many do until one wants it alone."""

import hashlib
from functools import lru_cache

from sqlalchemy import Connection, bindparam, func, select

_ALONE = select(func.pg_advisory_xact_lock(bindparam("number")))

SIDE_BY_SIDE = select(func.pg_advisory_xact_lock_shared(bindparam("number"))).scalar_subquery().is_not(None)
"""A condition of a statement to PostgreSQL: it waits for who does alone what has this `number`.

Nobody does so then until the transaction ends; many do it side by side. Whoever waits to be alone is let in before
those who come later. (Row locks have no such order: a row that ever more transactions share is never free for the
one that waits.)
"""


def one_at_a_time(connection: Connection, what: str) -> None:
    """Wait until nobody else does `what`; until this transaction ends, nobody does.

    For what no row stands for, or none that can be waited for in turn. With SQLite whoever writes is alone anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_ALONE, {"number": number_of(what)})


@lru_cache(maxsize=1024)
def number_of(what: str) -> int:
    """What stands for `what` among those who wait."""
    return int.from_bytes(hashlib.sha256(what.encode()).digest()[:8], "big", signed=True)
