import itertools
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from sqlite3 import OperationalError

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.exc import OperationalError as SqlError

from amarvote.store.clock import now
from amarvote.store.database import Database, NoDatabaseError, is_passing
from amarvote.store.tables import ballots, devices, events, roll
from staging.rows import add_election, fresh_database


@pytest.fixture
def database(tmp_path):
    database = fresh_database(tmp_path)
    yield database
    database.close()


def test_the_clock_is_the_databases(database):
    with database.read() as connection:
        told = connection.execute(select(now())).scalar_one()
    assert abs(told - time.time()) < 5


def test_a_database_without_tables_says_what_to_do(tmp_path):
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(NoDatabaseError, match="run amarvote db upgrade"):
        empty.require_schema()
    empty.close()
    for address in ("mysql://somewhere/else", "nothing", "postgresql+asyncpg://somewhere/else"):
        with pytest.raises(NoDatabaseError, match="sqlite:////absolute/path or postgresql"):
            Database(address)


def test_a_write_holds_the_lock_from_its_start_and_readers_see_what_was_before(database):
    add_election(database, "one", "aggregate", [])
    with database.write() as writer:
        writer.execute(insert(events).values(election_id="one", at=now(), what="first"))
        with database.read() as reader:
            assert reader.execute(select(func.count()).select_from(events)).scalar_one() == 0
        with pytest.raises(OperationalError) as locked, impatient(database) as other:
            other.execute("BEGIN IMMEDIATE")
    assert locked.value.sqlite_errorname == "SQLITE_BUSY"
    with database.read() as reader:
        assert reader.execute(select(func.count()).select_from(events)).scalar_one() == 1


def impatient(database):
    return closing(sqlite3.connect(database.url.removeprefix("sqlite:///"), timeout=0, isolation_level=None))


def test_a_busy_database_is_passing_and_a_wrong_statement_is_not(database, monkeypatch):
    monkeypatch.setattr("amarvote.store.engines.BUSY_MILLISECONDS", 10)
    other = Database(database.url)
    with database.write(), pytest.raises(SqlError) as busy, other.write():
        pass
    with pytest.raises(SqlError) as wrong, other.read() as connection:
        connection.exec_driver_sql("SELECT nothing FROM nowhere")
    other.close()
    assert (is_passing(busy.value), is_passing(wrong.value)) == (True, False)


def write_and_fail(database):
    with database.write() as connection:
        connection.execute(insert(events).values(election_id="one", at=now(), what="never"))
        raise RuntimeError


def test_a_failure_inside_a_transaction_leaves_nothing(database):
    add_election(database, "one", "aggregate", [])
    with pytest.raises(RuntimeError):
        write_and_fail(database)
    with database.read() as reader:
        assert reader.execute(select(func.count()).select_from(events)).scalar_one() == 0


def test_the_database_itself_refuses_a_second_ballot_under_an_identifier_or_code(database):
    add_election(database, "one", "aggregate", [])
    with database.write() as connection:
        connection.execute(
            insert(devices).values(
                election_id="one",
                number=1,
                chain=1,
                name="d",
                device_string="d",
                closed=False,
                stored=0,
                settled=0,
            )
        )
        connection.execute(insert(ballots).values(**row(b"a" * 32, b"c" * 32)))
    for clash in (row(b"a" * 32, b"d" * 32), row(b"b" * 32, b"c" * 32)):
        with pytest.raises(IntegrityError), database.write() as connection:
            connection.execute(insert(ballots).values(**clash))
    with database.write() as connection:
        connection.execute(insert(ballots).values(**row(b"b" * 32, b"c" * 32, state="rejected")))


numbers = itertools.count(1)


def row(id_b, code, state="accepted"):
    return {
        "number": next(numbers),
        "election_id": "one",
        "device_id": 1,
        "id_b": id_b,
        "state": state,
        "status": 1,
        "style": "s",
        "weight": 1,
        "confirmation_code": code,
        "leaf": b"l" * 32,
        "submission": b"s" * 32,
        "item_bytes": 1,
        "commitment_bytes": 1,
    }


def test_an_error_of_the_database_tells_no_values(database):
    """They would stand in logs and in the public reasons of chunks: a voter's style and weight, for instance."""
    add_election(database, "one", "aggregate", [])
    style = "of very few voters"
    voter = insert(roll).values(election_id="one", token_hash=b"hash", style=style, weight=1, state="free")
    with database.write() as connection:
        connection.execute(voter)
        with pytest.raises(IntegrityError) as twice:
            connection.execute(voter)
    assert style not in str(twice.value)


def test_only_making_or_updating_tables_needs_alembic():
    """It takes 0.15 s and 20 MB, which workers and the API have a better use for."""
    program = "import sys, amarvote.worker.__main__, amarvote.api.serve; sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
