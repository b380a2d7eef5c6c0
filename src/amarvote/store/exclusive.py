"""What one process does at a time, for the length of a transaction."""

import hashlib

from sqlalchemy import Connection, func, select


def one_at_a_time(connection: Connection, what: str) -> None:
    """Wait until nobody else does `what`; until this transaction ends, nobody does.

    For what no row stands for. With SQLite whoever may write is alone anyway.
    """
    if connection.dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(what.encode()).digest()[:8], "big", signed=True)
        connection.execute(select(func.pg_advisory_xact_lock(number)))
