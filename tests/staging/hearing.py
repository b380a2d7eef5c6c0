"""What is asked of a database, as a test listens."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from amarvote.store.database import Database


@contextmanager
def heard(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """Every statement with its values, as the database is asked."""
    said: list[tuple[str, Any]] = []

    def listen(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool) -> None:
        said.append((statement, values))

    event.listen(database._engine, "before_cursor_execute", listen)
    yield said
    event.remove(database._engine, "before_cursor_execute", listen)
