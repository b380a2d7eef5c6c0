"""Opening the database, and the two kinds of transaction: `write` takes the lock at once, `read` is a snapshot."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.exc import OperationalError

from amarvote.store.tables import metadata

BUSY_MILLISECONDS = 60_000
"""How long a statement waits for another process's transaction. Ours last milliseconds; disks can be busy."""

KEPT_CONNECTIONS = 4
CONNECTIONS = 48
"""Kept open between transactions, and at most so many at once: the API serves 40 requests side by side."""

CHECKPOINT_PAGES = 4000
"""The write-ahead log goes into the database every 16 MB: a submitted ballot takes a dozen pages of 4 kB."""


DatabaseError = OperationalError
"""What the database did not do: see `is_passing`."""

PASSING = frozenset({"SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL"})


def is_passing(problem: OperationalError) -> bool:
    """Will the same be done when it is asked again? So it is where the database was busy or the disk full."""
    name = getattr(problem.orig, "sqlite_errorname", "")
    return any(name.startswith(one) for one in PASSING)


class NoDatabaseError(Exception):
    """The database is not there, or holds no election yet."""


class Database:
    """One process's door to the database. Connections are returned after each transaction, never kept."""

    def __init__(self, url: str) -> None:
        """Open `url` (for instance `sqlite:////var/lib/amarvote/election.db`)."""
        if not url.startswith("sqlite:"):
            raise NoDatabaseError(f"AmarVote keeps its data in SQLite for now (sqlite:///PATH), not in {url!r}.")
        self.url = url
        self._engine = create_engine(
            url,
            pool_size=KEPT_CONNECTIONS,
            max_overflow=CONNECTIONS - KEPT_CONNECTIONS,
            pool_timeout=BUSY_MILLISECONDS / 1000,
            # errors stand in logs and in chunks' reasons, which are public: the values of a statement must not
            hide_parameters=True,
        )
        _prepare_sqlite(self._engine)
        self._writing = threading.Lock()
        self._reader = self._engine.execution_options(amarvote_begin="BEGIN")

    def create_schema(self) -> None:
        """Make the tables where they are missing."""
        with self._engine.begin() as connection:
            metadata.create_all(connection)

    def require_schema(self) -> None:
        """NoDatabaseError unless the tables are there."""
        with self.read() as connection:
            missing = set(metadata.tables) - set(inspect(connection).get_table_names())
        if missing:
            raise NoDatabaseError(
                f"{self.url} holds no election of this version (missing: {', '.join(sorted(missing))}). "
                "Create one with python -m amarvote.api.create."
            )

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that may write: it holds the write lock from its start and commits at the end.

        Threads of one process queue up at a lock of their own: SQLite's wait sleeps between two looks, for longer
        and longer, while the lock stands free.
        """
        with self._writing, self._engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One transaction that only reads, over one snapshot, and blocks nobody."""
        with self._reader.begin() as connection:
            yield connection

    def close(self) -> None:
        """Give every connection back."""
        self._engine.dispose()


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, record: Any) -> None:  # noqa: ARG001
        # The driver must not open transactions by itself: `BEGIN IMMEDIATE` is what makes two last chunks see each
        # other (rule 10); without it both would read before either writes.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        begin = connection.get_execution_options().get("amarvote_begin", "BEGIN IMMEDIATE")
        connection.exec_driver_sql(begin)
