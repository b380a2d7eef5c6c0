"""The database, SQLite or PostgreSQL: `write` may change rows, `read` sees one snapshot; shut while it is away."""

import logging
import threading
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager, nullcontext
from typing import TypeVar

from sqlalchemy import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import QueuePool

from amarvote.store import schema
from amarvote.store.backoff import Backoff
from amarvote.store.door import FIRST_PAUSE, LONGEST_PAUSE, Door
from amarvote.store.engines import reading_engine, single_engine, writing_engine
from amarvote.store.passing import AwayError, DatabaseError, is_no_value, is_passing
from amarvote.store.patience import patiently
from amarvote.store.schema import Upgrade

__all__ = [
    "AwayError",
    "Database",
    "DatabaseError",
    "NoAnswerError",
    "NoDatabaseError",
    "is_no_value",
    "is_passing",
    "patiently",
]

log = logging.getLogger(__name__)

Result = TypeVar("Result")


class NoDatabaseError(Exception):
    """The database is not there, or holds no election yet."""


class NoAnswerError(NoDatabaseError):
    """The database does not answer, and may in `retry_after` seconds: it is starting, or out of reach."""

    def __init__(self, sentence: str, retry_after: float = 1.0) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class Database:
    """One process's door to the database. Connections are returned after each transaction, never kept."""

    def __init__(self, url: str) -> None:
        """Open `url`: `sqlite:////absolute/path` or `postgresql+psycopg://user@host/name`."""
        try:
            address = make_url(url)
        except (ArgumentError, ValueError):  # whose words repeat what was given, and that may be a password
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
        self._single = single_engine(self._engine, address)
        self._engines = {self._engine, self._single}  # with SQLite they are one
        self._door = _door_of(self._engines, self.name)
        self._held = False
        # Threads of one process queue up at a lock of their own: SQLite's wait sleeps between two looks, for
        # longer and longer, while the lock stands free. PostgreSQL lets them write side by side.
        self._writing = threading.Lock() if address.drivername == "sqlite" else nullcontext()

    @property
    def trouble(self) -> str:
        """Why nothing is asked of the database at the moment, in a sentence; empty where it answers."""
        return self._door.trouble

    def wait(self, seconds: float) -> None:
        """Let some time pass; less of it where the database was away and comes back."""
        self._door.wait(seconds)

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
            self._door.check()
            with self._reader.begin() as connection:
                schema.require(connection, self.name)
        except schema.OtherSchemaError as problem:
            raise NoDatabaseError(str(problem)) from None
        except DatabaseError as problem:
            raise self._no_answer(problem) from None
        self._held = False

    def hold(self) -> None:
        """Let nobody in before its tables are known to have the form that this program works with."""
        self._held = True

    def await_schema(self) -> None:
        """Wait for a database that is starting; NoDatabaseError for one that is there and not ours."""
        backoff = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        while True:
            try:
                self.require_schema()
            except NoAnswerError as problem:
                log.warning("not yet: %s", problem)
                self.wait(backoff.pause())
            else:
                return

    def _no_answer(self, problem: DatabaseError) -> NoDatabaseError:
        if isinstance(problem, AwayError):
            return NoAnswerError(str(problem), problem.retry_after)
        cause = problem.orig if isinstance(problem, DBAPIError) else problem
        kind = NoAnswerError if is_passing(problem) else NoDatabaseError
        return kind(f"{self.name} cannot be used: {str(cause).strip()}")

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that may write, committed at the end.

        With SQLite it holds the one write lock from its start. With PostgreSQL others write side by side: whatever
        must not change meanwhile is locked row by row, always in the order of `amarvote.pipeline.locks`.
        """
        self._let_in()
        with self._writing, self._engine.begin() as connection:
            yield connection

    def transact(self, work: Callable[[Connection], Result]) -> Result:
        """Do `work` in one transaction that may write, again where what failed passes; its result."""

        def once() -> Result:
            with self.write() as connection:
                return work(connection)

        return patiently(once)

    def alone(self, work: Callable[[Connection], Result]) -> Result:
        """Do `work`, which is one statement, and spare its BEGIN and COMMIT; again where what failed passes."""

        def once() -> Result:
            self._let_in()
            with self._writing, self._single.begin() as connection:
                return work(connection)

        return patiently(once)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One transaction that only reads, over one snapshot, and blocks nobody."""
        self._let_in()
        with self._reader.begin() as connection:
            yield connection

    def _let_in(self) -> None:
        self._door.check()
        if self._held:
            raise AwayError(f"{self.name} has not answered yet.", FIRST_PAUSE)

    @property
    def connections(self) -> dict[str, int]:
        """How many connections this process has, by what they do."""
        pools = [engine.pool for engine in self._engines if isinstance(engine.pool, QueuePool)]
        counted = {"idle": QueuePool.checkedin, "in_use": QueuePool.checkedout}
        return {state: sum(map(count, pools)) for state, count in counted.items()} if pools else {}

    def close(self) -> None:
        """Give every connection back."""
        self._door.close()
        for engine in self._engines:
            engine.dispose()


def _door_of(engines: Set[Engine], name: str) -> Door:
    """SQLite is never away."""
    if any(engine.dialect.name == "sqlite" for engine in engines):
        return Door(name, lambda: True)
    # imported here: psycopg takes 0.1 s and 9 MB, which processes with SQLite have a better use for
    from amarvote.store import listening

    return listening.door_of(engines, name)
