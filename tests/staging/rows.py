"""Elections that are only rows: enough for the life of chunks, without any cryptography."""

from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, literal, select, text, update

from amarvote.pipeline import chunks as life
from amarvote.pipeline import phases
from amarvote.pipeline.chunks import NewChunk
from amarvote.store.clock import now
from amarvote.store.database import Database
from amarvote.store.tables import chunks, elections, workers
from amarvote.store.tables import phases as phase_rows
from staging.people import make_manifest


def fresh_database(folder: Path) -> Database:
    """An SQLite database with every table and no row."""
    database = Database(f"sqlite:///{folder / 'rows.db'}")
    database.create_schema()
    return database


def make_schema(url: str) -> None:
    """Make every table in an empty database."""
    database = Database(url)
    database.create_schema()
    database.close()


def add_election(
    database: Database, name: str, phase: str, bounds: list[tuple[int, int]], spec: dict[str, Any] | None = None
) -> int:
    """An election with one open phase of chunks; the id of the phase."""
    with database.write() as connection:
        return put_election(connection, name, phase, [NewChunk(first, last, 0, spec) for first, last in bounds])


def put_election(connection: Connection, name: str, phase: str, new: list[NewChunk]) -> int:
    """The same, as a part of the caller's transaction."""
    connection.execute(
        insert(elections).values(
            id=name,
            title=name,
            state="counting",
            paused=False,
            n=1,
            k=1,
            chaining_mode=0,
            minimum_group=0,
            manifest=make_manifest("rows"),
        )
    )
    row = phases.begin(connection, name, phase)
    life.add(connection, row, new)
    return int(row.id)


FOR_EVER = 1e6
"""Seconds that do not run out before `pass_time`, also on a machine that stands still for minutes."""


def add_chunks(
    connection: Connection, number: int, state: str, *which: ColumnElement[bool], errors: int = 0
) -> None:
    """So many of each phase, or of those that fit: by one statement, for there may be very many."""
    counted = select(literal(0).label("n")).cte("numbers", recursive=True)
    counted = counted.union_all(select(counted.c.n + 1).where(counted.c.n < number - 1))
    values: dict[str, ColumnElement[Any]] = {
        "phase_id": phase_rows.c.id,
        "election_id": phase_rows.c.election_id,
        "ordinal": counted.c.n,
        "level": literal(0),
        "first": counted.c.n,
        "last": counted.c.n + 1,
        "state": literal(state),
        "attempt": literal(errors),
        "errors": literal(errors),
        "deaths": literal(0),
        "due_at": now(),
    }
    every = select(*(value.label(name) for name, value in values.items())).select_from(phase_rows)
    rows = every.join(counted, text("true")).where(*which)
    connection.execute(insert(chunks).from_select(list(values), rows))


def pass_time(database: Database) -> None:
    """Let every lease run out and every pause end."""
    with database.write() as connection:
        connection.execute(update(chunks).where(chunks.c.state == life.RUNNING).values(lease_until=0.0))
        connection.execute(update(chunks).values(due_at=0.0))


def worker_beats(database: Database, names: list[str]) -> None:
    """Rows of workers that are alive."""
    with database.write() as connection:
        for name in names:
            connection.execute(insert(workers).values(name=name, pid=1, step="idle", chunks_done=0, beat_at=now()))
