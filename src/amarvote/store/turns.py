"""Turns: what one process does in so many seconds, of all that share the database."""

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from amarvote.store.clock import now
from amarvote.store.tables import turns

_TAKE = (
    update(turns)
    .where(turns.c.name == bindparam("turn"), turns.c.at <= now() - bindparam("seconds"))
    .values(at=now())
)
_KNOWN = select(turns.c.name).where(turns.c.name == bindparam("turn"))


def take(connection: Connection, name: str, seconds: float) -> bool:
    """Is it this process's turn? True once in `seconds`, for one of all those who ask."""
    if connection.execute(_TAKE, {"turn": name, "seconds": seconds}).rowcount:
        return True
    if connection.execute(_KNOWN, {"turn": name}).one_or_none() is not None:
        return False
    try:
        with connection.begin_nested():
            connection.execute(insert(turns).values(name=name, at=now()))
    except IntegrityError:
        return False  # another process was quicker
    return True
