"""The door to the database, SQLite or PostgreSQL: `write` may change rows, `read` sees one snapshot."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TypeVar

from sqlalchemy import Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import QueuePool

from amarvote.store import schema
from amarvote.store.engines import reading_engine, writing_engine
from amarvote.store.passing import DatabaseError, is_no_value, is_passing
from amarvote.store.patience import patiently
from amarvote.store.schema import Upgrade

__all__ = [
    "Database",
    "DatabaseError",
    "NoAnswerError",
    "NoDatabaseError",
    "is_no_value",
    "is_passing",
    "patiently",
]

Result = TypeVar("Result")


class NoDatabaseError(Exception):
    """The database is not there, or holds no election yet."""


class NoAnswerError(NoDatabaseError):
    """The database does not answer, and may later: it is starting, or out of reach for a while."""


class Database:
    """One process's door to the database. Connections are returned after each transaction, never kept."""

    def __init__(self, url: str) -> None:
        """Open `url`: `sqlite:////absolute/path` or `postgresql+psycopg://user@host/name`."""
        try:
            address = make_url(url)
        except ArgumentError:
            address = None
        if address is not None and address.drivername == "postgresql":
            address = address.set(drivername="postgresql+psycopg")
        if address is None or address.drivername not in ("sqlite", "postgresql+psycopg"):
            raise NoDatabaseError(
                "The database's address is sqlite:////absolute/path or postgresql+psycopg://USER@HOST/NAME; "
                "what was given is neither."
            )
        self.url = url
        self.name = address.render_as_string(hide_password=True)
        """The address without its password, for people."""
        self._engine = writing_engine(address)
        self._reader = reading_engine(self._engine)
        # Threads of one process queue up at a lock of their own: SQLite's wait sleeps between two looks, for
        # longer and longer, while the lock stands free. PostgreSQL lets them write side by side.
        self._writing = threading.Lock() if address.drivername == "sqlite" else nullcontext()

    def create_schema(self) -> Upgrade:
        """Bring the tables to the form that this program works with; NoDatabaseError where that cannot be."""
        try:
            return self.transact(lambda connection: schema.upgrade(connection, self.name))
        except schema.OtherSchemaError as problem:
            raise NoDatabaseError(str(problem)) from None
        except DatabaseError as problem:
            raise self._no_answer(problem) from None

    def require_schema(self) -> None:
        """NoDatabaseError unless the tables have the form that this program works with, NoAnswerError for now."""
        try:
            with self.read() as connection:
                schema.require(connection, self.name)
        except schema.OtherSchemaError as problem:
            raise NoDatabaseError(str(problem)) from None
        except DatabaseError as problem:
            raise self._no_answer(problem) from None

    def _no_answer(self, problem: DatabaseError) -> NoDatabaseError:
        cause = problem.orig if isinstance(problem, DBAPIError) else problem
        kind = NoAnswerError if is_passing(problem) else NoDatabaseError
        return kind(f"{self.name} cannot be used: {str(cause).strip()}")

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that may write, committed at the end.

        With SQLite it holds the one write lock from its start. With PostgreSQL others write side by side: whatever
        must not change meanwhile is locked row by row, always in the order of `amarvote.pipeline.locks`.
        """
        with self._writing, self._engine.begin() as connection:
            yield connection

    def transact(self, work: Callable[[Connection], Result]) -> Result:
        """Do `work` in one transaction that may write, again where what failed passes; its result."""

        def once() -> Result:
            with self.write() as connection:
                return work(connection)

        return patiently(once)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One transaction that only reads, over one snapshot, and blocks nobody."""
        with self._reader.begin() as connection:
            yield connection

    @property
    def connections(self) -> dict[str, int]:
        """How many connections this process has, by what they do."""
        pool = self._engine.pool
        return {"idle": pool.checkedin(), "in_use": pool.checkedout()} if isinstance(pool, QueuePool) else {}

    def close(self) -> None:
        """Give every connection back."""
        self._engine.dispose()
