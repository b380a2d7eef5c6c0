"""The two kinds of transaction on PostgreSQL, and which of its errors pass by themselves."""

import logging
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from amarvote.pipeline import locks, phases
from amarvote.store.clock import now
from amarvote.store.database import AwayError, Database, NoDatabaseError, is_passing
from amarvote.store.exclusive import one_at_a_time
from amarvote.store.passing import is_taken
from amarvote.store.tables import elections, events
from servers.processes import dies_with_us
from staging.rows import add_election
from staging.waiting import until


@pytest.fixture
def database(postgresql_tables):
    database = Database(postgresql_tables)
    yield database
    database.close()


def note(connection, what):
    connection.execute(insert(events).values(election_id="one", at=now(), what=what))


def noted(database):
    with database.read() as connection:
        return list(connection.execute(select(events.c.what).order_by(events.c.id)).scalars())


def test_the_clock_stands_still_in_a_statement_and_moves_within_a_transaction(database):
    with database.read() as connection:
        first, second = connection.execute(select(now(), now())).one()
        connection.execute(text("SELECT pg_sleep(0.01)"))
        third = connection.execute(select(now())).scalar_one()
    assert first == second
    assert 0.01 <= third - first < 5


def test_a_read_is_one_snapshot_and_cannot_write(database):
    add_election(database, "one", "aggregate", [])
    with database.read() as reader:
        assert reader.execute(select(func.count()).select_from(events)).scalar_one() == 0
        with database.write() as writer:
            note(writer, "meanwhile")
        assert reader.execute(select(func.count()).select_from(events)).scalar_one() == 0
    with pytest.raises(DBAPIError, match="read-only"), database.read() as reader:
        note(reader, "never")
    assert noted(database) == ["meanwhile"]


def test_who_waited_for_a_row_sees_what_the_other_one_wrote(database):
    """Rule 10: of two last chunks, the second has to see the first."""
    phase_id = add_election(database, "one", "aggregate", [])
    order = []

    def second():
        with database.write() as connection:
            locks.phase(connection, phase_id)
            order.append(connection.execute(select(func.count()).select_from(events)).scalar_one())

    other = threading.Thread(target=second)
    with database.write() as first:
        locks.phase(first, phase_id)
        other.start()
        other.join(0.2)
        assert order == []
        note(first, "first")
    other.join()
    assert order == [1]


def test_a_sweep_does_not_wait_for_a_phase_that_another_one_holds(database):
    phase_id = add_election(database, "one", "aggregate", [])
    with database.write() as first, database.write() as second:
        assert locks.phase(first, phase_id).id == phase_id
        assert locks.free_phase(second, phase_id) is None
    with database.write() as connection:
        assert locks.free_phase(connection, phase_id).id == phase_id


def test_a_command_holds_a_phase_that_began_while_it_waited_for_the_election(database):
    add_election(database, "one", "aggregate", [])
    began = threading.Event()
    found = []

    def command():
        with database.write() as connection:
            began.set()
            found.append(locks.command(connection, "one").id)
            with database.write() as other:
                found.append(locks.free_phase(other, new_phase))

    waiting = threading.Thread(target=command)
    with database.write() as connection:
        locks.election(connection, "one")
        waiting.start()
        began.wait()
        waiting.join(0.2)
        assert found == []
        new_phase = phases.begin(connection, "one", "merge").id
    waiting.join()
    assert found == ["one", None]


def test_who_wants_the_election_alone_is_let_in_while_ever_more_share_it(database):
    """A close must not wait for a moment in which nobody submits: with row locks alone it took a minute."""
    add_election(database, "one", "aggregate", [])
    over = threading.Event()

    def submit():
        while not over.is_set():
            with database.write() as connection:
                assert locks.kept(connection, "one") == "counting"
                time.sleep(0.01)

    submitters = [threading.Thread(target=submit) for _ in range(12)]
    for one in submitters:
        one.start()
    time.sleep(0.1)
    started = time.monotonic()
    with database.write() as connection:
        locks.election(connection, "one")
    waited = time.monotonic() - started
    over.set()
    for one in submitters:
        one.join()
    assert waited < 9  # and not until the lock's time is up


def waiting(database):
    """How many wait at a gate."""
    with database.read() as connection:
        locked = "locktype = 'advisory' AND NOT granted AND datname = current_database()"
        counted = f"SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database WHERE {locked}"
        return connection.execute(text(counted)).scalar_one()


def test_who_shares_the_election_waits_before_its_row_which_is_then_read_as_it_is(database):
    add_election(database, "one", "aggregate", [])
    states = []

    def share():
        with database.write() as connection:
            states.append(locks.kept(connection, "one"))

    sharing = threading.Thread(target=share)
    with database.write() as alone:
        one_at_a_time(alone, locks._gate("one"))
        sharing.start()
        until(lambda: waiting(database))
        alone.execute(text("SELECT 1 FROM elections FOR UPDATE NOWAIT"))  # so nobody else has it
        alone.execute(update(elections).values(state="verifying"))
        assert states == []
    sharing.join()
    assert states == ["verifying"]


def test_who_wants_the_election_alone_comes_before_those_who_share_it_later(database):
    add_election(database, "one", "aggregate", [])
    order = []

    def come(lock):
        with database.write() as connection:
            lock(connection, "one")
            order.append(lock)

    coming = [threading.Thread(target=come, args=(lock,)) for lock in (locks.election, locks.kept, locks.kept)]
    with database.write() as early:
        locks.kept(early, "one")
        for number, one in enumerate(coming, 1):
            one.start()
            until(lambda number=number: waiting(database) == number)
        assert order == []
    for one in coming:
        one.join()
    assert order == [locks.election, locks.kept, locks.kept]


def cut(database, connection):
    """End the server's side of this transaction's connection."""
    pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with database.write() as other:
        other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})


def test_what_broke_off_is_done_again_and_counts_once(database, caplog):
    add_election(database, "one", "aggregate", [])
    attempts = []

    def work(connection):
        attempts.append(len(attempts))
        note(connection, f"attempt {len(attempts)}")
        if len(attempts) == 1:
            cut(database, connection)
            connection.execute(text("SELECT 1"))
        if len(attempts) == 2:
            connection.execute(text("SET LOCAL lock_timeout = '10ms'"))
            with database.write() as other:
                locks.election(other, "one")
                locks.election(connection, "one")
        return "done"

    with caplog.at_level(logging.WARNING):
        assert database.transact(work) == "done"
    assert noted(database) == ["attempt 3"]
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "the database did not do it, it is asked again"
    ] * 2


def test_connections_that_the_server_cut_are_made_anew_without_a_failure(database):
    """After a restart, every kept connection is dead."""
    add_election(database, "one", "aggregate", [])
    with ExitStack() as stack:
        connections = [stack.enter_context(database.write()) for _ in range(3)]
        pids = [one.execute(text("SELECT pg_backend_pid()")).scalar_one() for one in connections]
    with database.write() as connection:
        others = [pid for pid in pids if pid != connection.execute(text("SELECT pg_backend_pid()")).scalar_one()]
        for pid in others:
            # returns once it is gone
            assert connection.execute(text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": pid}).scalar_one()
    assert len(others) == 2
    for _ in range(3):
        with database.write() as connection:
            note(connection, "as if nothing had happened")
    assert len(noted(database)) == 3


def raised(sqlstate):
    return f"DO $$ BEGIN RAISE EXCEPTION 'as if' USING ERRCODE = '{sqlstate}'; END $$"


@pytest.mark.parametrize(
    ("sqlstate", "passes"),
    [
        ("40001", True),  # serialization failure
        ("40P01", True),  # deadlock
        ("53100", True),  # disk full
        ("53300", True),  # too many connections
        ("55P03", True),  # lock not available
        ("57014", True),  # statement timeout
        ("57P01", True),  # the server shuts down
        ("57P03", True),  # it starts up
        ("25P03", True),  # idle in a transaction for too long
        ("25006", True),  # a standby
        ("08006", True),  # connection failure
        ("23505", False),  # unique key
        ("42P01", False),  # no such table
        ("22021", False),  # not text
        ("0A000", False),  # not supported
    ],
)
def test_which_errors_pass(database, sqlstate, passes):
    with pytest.raises(DBAPIError) as problem, database.write() as connection:
        connection.execute(text(raised(sqlstate)))
    assert is_passing(problem.value) is passes
    assert is_taken(problem.value) is (sqlstate == "23505")


def test_a_deadlock_passes_and_a_taken_key_does_not(database):
    add_election(database, "one", "aggregate", [])
    add_election(database, "two", "aggregate", [])
    gate = threading.Barrier(2)

    def cross(first, second):
        met = []

        def work(connection):
            connection.execute(text("SET LOCAL deadlock_timeout = '20ms'"))
            locks.election(connection, first)
            if not met:
                met.append(first)
                gate.wait()
            locks.election(connection, second)
            note(connection, f"{first} then {second}")

        database.transact(work)

    both = [threading.Thread(target=cross, args=names) for names in (("one", "two"), ("two", "one"))]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(noted(database)) == ["one then two", "two then one"]
    with pytest.raises(IntegrityError) as taken:
        add_election(database, "one", "aggregate", [])
    assert is_taken(taken.value)
    assert not is_passing(taken.value)


def test_a_server_that_is_not_there_passes_and_its_address_is_told_without_password():
    with closing(Database("postgresql+psycopg://amarvote:geheim@127.0.0.1:1/amarvote")) as nowhere:
        with pytest.raises(AwayError) as problem, nowhere.read():
            pass
        assert is_passing(problem.value)
        with pytest.raises(NoDatabaseError, match=r"does not answer: .*refused") as told:
            nowhere.require_schema()
    assert "127.0.0.1:1" in str(told.value)
    assert "geheim" not in str(told.value) + str(problem.value)


def test_a_transaction_that_stands_still_is_ended_by_the_server(database):
    """A process that was stopped must not hold an election's locks for longer than a lease."""
    with database.write() as connection:
        settings = {
            name: connection.execute(text(f"SHOW {name}")).scalar_one()
            for name in ("idle_in_transaction_session_timeout", "lock_timeout", "synchronous_commit")
        }
    assert settings == {
        "idle_in_transaction_session_timeout": "20s",
        "lock_timeout": "10s",
        "synchronous_commit": "on",
    }
    with pytest.raises(DBAPIError) as problem:
        stand_still(database)
    assert is_passing(problem.value)


def stand_still(database):
    with database.write() as connection:
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = '50ms'"))
        for _ in range(10):
            time.sleep(0.3)
            connection.execute(text("SELECT 1"))


def test_a_statement_without_a_time_limit_ends_with_who_asked(database):
    """A worker that is killed amid the freezing of a long list must not hold its election's locks for hours."""
    asker = subprocess.Popen([sys.executable, "-c", ASKING, database.url], preexec_fn=dies_with_us)
    try:
        until(lambda: asking(database) == 1)
        asker.kill()
        until(lambda: asking(database) == 0, 10.0)
    finally:
        asker.kill()
        asker.wait()


ASKING = """
import sys
from sqlalchemy import text
from amarvote.store.database import Database
from amarvote.store.engines import without_time_limit
with Database(sys.argv[1]).write() as connection:
    without_time_limit(connection)
    connection.execute(text("SELECT pg_sleep(60)"))
"""


def asking(database):
    with database.read() as connection:
        asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE :asked"
        return connection.execute(text(asked), {"asked": "SELECT pg_sleep(60)%"}).scalar_one()
