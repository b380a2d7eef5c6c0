"""The worker with its real child: memory, replacement, limits, an orderly end."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update

from amarvote.elections import officer, progress
from amarvote.pipeline import chunks as life
from amarvote.pipeline import handing, memory
from amarvote.pipeline.computer import ChildDiedError, Computer
from amarvote.pipeline.heartbeat import FORGET_SECONDS, Heartbeat
from amarvote.pipeline.messages import Message
from amarvote.pipeline.settings import Settings
from amarvote.pipeline.sweep import sweep
from amarvote.pipeline.worker import Worker, no_step
from amarvote.queues.database import DatabaseQueue
from amarvote.store.clock import now
from amarvote.store.tables import ballots, boards, chunks, workers
from faults.service import poisoned_child
from staging.fixtures import POSTGRESQL
from staging.waiting import until

TOGETHER_MB = 200
PIPE_BYTES = 64 << 10
AT_ONCE = Settings(items=1, cut_seconds=0.0, backoff_seconds=0.0, relay_seconds=0.01, parent_rss_kb=1 << 30)


@pytest.fixture
def worker_of(opened):
    """Makes workers over the open election, with real children."""
    computers = []

    def make(settings=AT_ONCE, at_step=no_step, child=()):
        computer = Computer(*child)
        computers.append(computer)
        database = opened.service.database
        sweep(database, settings)
        worker = Worker(database, DatabaseQueue(database, settings, "w"), "w", settings, computer, at_step)
        computer.start()
        return worker, computer

    yield make
    for computer in computers:
        computer.stop()


def test_parent_and_child_stay_small_and_say_so(opened, worker_of):
    """The worker as it is started in earnest, over some chunks."""
    for number in range(6):
        opened.vote(1 + number % 2)
    amarvote = Path(sys.executable).with_name("amarvote")
    command = [amarvote, "worker", "--database", opened.url, "--name", "earnest", "--health-port", "0"]
    process = subprocess.Popen(command)
    try:
        while progress.progress(opened.service)["ballots"]["accepted"] < 6:
            assert process.poll() is None
        child = row_of_earnest(opened)["child_pid"]
        assert row_of_earnest(opened)["pid"] == process.pid
        for pid in (process.pid, child):
            assert set(memory.ENVIRONMENT.items()) <= environment_of(pid).items()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
    row = row_of_earnest(opened)
    assert 20 < row["baseline_mb"] <= row["peak_mb"] < TOGETHER_MB
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert (row["step"], row["child_pid"]) == ("ended", None)


def environment_of(pid):
    pairs = Path(f"/proc/{pid}/environ").read_text().rstrip("\0").split("\0")
    return dict(pair.split("=", 1) for pair in pairs)


def row_of_earnest(stage):
    return next(row for row in progress.progress(stage.service)["workers"] if row["name"] == "earnest")


def test_a_child_that_grew_is_replaced_between_chunks(opened, worker_of):
    opened.vote(1)
    opened.vote(2)
    worker, computer = worker_of(replace(AT_ONCE, child_rss_kb=1))
    first = computer.pid
    assert worker.one_chunk()
    assert computer.pid is None
    computer.start()
    assert computer.pid != first
    sweep(opened.service.database, AT_ONCE)
    assert worker.one_chunk()
    assert progress.progress(opened.service)["ballots"]["accepted"] == 2


def test_a_parent_that_grew_ends_itself(opened, worker_of):
    opened.vote(1)
    worker, _ = worker_of(replace(AT_ONCE, parent_rss_kb=1))
    worker.run()
    assert progress.progress(opened.service)["ballots"]["accepted"] == 1


def test_a_worker_started_anew_gives_back_what_its_predecessor_held_at_once(opened, worker_of):
    """Long before the lease of 30 s ends; it counts as a death, and another worker's chunk is left alone."""
    opened.vote(1)
    opened.vote(2)
    worker, _ = worker_of(at_step=lambda step: worker.stop() if step == "idle" else None)
    with opened.service.database.write() as connection:
        handing.refill(connection, AT_ONCE)
        held = {name: life.claim(connection, AT_ONCE, name) for name in ("w", "another")}
    worker.run()
    with opened.service.database.read() as connection:
        rows = {
            name: connection.execute(select(chunks).where(chunks.c.id == claim.chunk_id)).one()
            for name, claim in held.items()
        }
    assert (rows["w"].state, rows["w"].attempt, rows["w"].deaths) == ("done", 2, 1)
    assert (rows["another"].state, rows["another"].attempt, rows["another"].deaths) == ("running", 1, 0)


def test_no_list_is_frozen_while_the_child_computes_and_a_transaction_is_no_standing_still(
    opened, another, worker_of
):
    """A transition may last longer than a lease, and longer than the loop may stand still."""
    closed = another("closed", database=opened.service.database)
    closed.prepare()
    opened.vote(1)
    seen = {}

    def look(step):
        if step == "asked" and closed.state() == "open":
            officer.close_voting(closed.service)
        seen[step] = (closed.state(), worker.idle())
        if step == "idle":
            worker.stop()

    worker, _ = worker_of(replace(AT_ONCE, relay_seconds=0.001), at_step=look)
    assert worker.one_chunk()
    assert seen["answered"][0] == "closing"
    assert seen["answered"][1] > seen["committing"][1] == 0.0
    worker.run()
    assert closed.state() == "waiting_for_guardians"


SHORT = replace(AT_ONCE, relay_seconds=0.05, lost_worker_seconds=0.4)
"""A tenth of a second is long for a transaction."""


def beats(stage):
    """The step and the last beat of the worker."""
    with stage.service.database.read() as connection:
        own = select(workers.c.step, workers.c.beat_at).where(workers.c.name == "w")
        return connection.execute(own).one_or_none() or ("", 0.0)


def beats_amid_a_transaction(stage, times):
    """Wait until the heart has beaten so often, all the while at this step."""
    seen = {until(lambda: (found := beats(stage))[0] == "advancing" and found)}
    while len(seen) < times:
        seen.add(until(lambda: (found := beats(stage)) not in seen and found))
    assert {step for step, _ in seen} == {"advancing"}


@contextmanager
def running(worker):
    """The worker's loop, in a thread as long as the block lasts."""
    loop = threading.Thread(target=worker.run)
    loop.start()
    try:
        yield
    finally:
        worker.stop()
        loop.join()


@pytest.mark.parametrize("opened", [POSTGRESQL], indirect=True)
def test_the_heart_beats_on_while_the_list_is_frozen(opened, worker_of):
    """For minutes, where there are many ballots: who looks then must not take the worker for dead."""
    opened.vote(1)
    opened.work()
    worker, _ = worker_of(SHORT)
    officer.close_voting(opened.service)
    with opened.service.database.write() as hindrance:
        hindrance.execute(select(boards).with_for_update())
        with running(worker):
            beats_amid_a_transaction(opened, 5)
            assert opened.state() == "closing"
            hindrance.rollback()
            until(lambda: opened.state() == "waiting_for_guardians")
            until(lambda: beats(opened)[0] == "idle")
    assert beats(opened)[0] == "ended"
    until(lambda: all(thread.name != "heart" for thread in threading.enumerate()))


@pytest.mark.parametrize("opened", [POSTGRESQL], indirect=True)
def test_a_heart_that_cannot_beat_amid_a_commit_says_so_once_and_tries_again(opened, worker_of, caplog):
    opened.vote(1)

    def hinder(step):
        if step == "committing":
            with opened.service.database.write() as connection:
                connection.execute(text(FAILING))
            until(lambda: said_by_the_heart(caplog))
            time.sleep(2 * SHORT.lost_worker_seconds)
            with opened.service.database.write() as connection:
                connection.execute(text("DROP FUNCTION fails CASCADE"))
            beats_amid_a_transaction(opened, 2)

    worker, _ = worker_of(SHORT, at_step=hinder)
    with running(worker):
        until(lambda: progress.progress(opened.service)["ballots"]["accepted"] == 1)
        until(lambda: beats(opened)[0] == "idle")
    (said,) = said_by_the_heart(caplog)
    assert "no room for hearts" in said.getMessage()


def said_by_the_heart(caplog):
    return [record for record in caplog.records if record.name == "amarvote.pipeline.heartbeat"]


FAILING = """
CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'no room for hearts' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER fails BEFORE UPDATE ON workers EXECUTE FUNCTION fails()
"""


def test_a_child_that_computes_for_ever_is_ended_and_its_chunk_counts_a_death(opened, worker_of):
    opened.vote(1)
    worker, computer = worker_of(replace(AT_ONCE, chunk_seconds=-1.0, relay_seconds=0.001))
    assert worker.one_chunk()
    assert computer.pid is None
    with opened.service.database.read() as connection:
        row = connection.execute(select(chunks).order_by(chunks.c.id.desc()).limit(1)).one()
    assert (row.state in ("ready", "handed"), row.deaths, row.errors) == (True, 1, 0)
    assert "was at it for" in row.reason


def test_a_child_out_of_memory_dies_of_it_and_its_chunk_counts_a_death(opened, worker_of):
    poison = opened.vote(1).ballot.id_b.hex()
    worker, _ = worker_of(child=[(poisoned_child.__file__, "memory", poison)])
    assert worker.one_chunk()
    with opened.service.database.read() as connection:
        row = connection.execute(select(chunks).order_by(chunks.c.id.desc()).limit(1)).one()
    assert (row.state in ("ready", "handed"), row.deaths, row.errors) == (True, 1, 0)
    assert "ended with code 1" in row.reason


def test_a_child_that_stops_reading_is_replaced_like_one_that_stops_computing(opened, worker_of):
    """What it is asked is more than a pipe holds, so that writing alone would never end."""
    for number in range(8):
        opened.vote(1 + number % 2)
    short = replace(AT_ONCE, items=50, lease_seconds=0.3, renew_seconds=0.05)
    worker, computer = worker_of(short)
    with opened.service.database.read() as connection:
        size = connection.execute(select(func.sum(ballots.c.item_bytes + ballots.c.commitment_bytes))).scalar_one()
    assert size > PIPE_BYTES
    os.kill(computer.pid, signal.SIGSTOP)
    assert worker.one_chunk()
    assert computer.pid is None
    with opened.service.database.read() as connection:
        row = connection.execute(select(chunks).order_by(chunks.c.id.desc()).limit(1)).one()
    assert (row.deaths, row.errors) == (1, 0)


def test_what_the_child_cannot_do_is_the_chunks_reason(opened, worker_of):
    opened.vote(1)
    worker, computer = worker_of()
    computer.start()
    computer.ask(Message("nothing that anybody knows"))
    assert computer.answer(30).fields["reason"].startswith("KeyError")
    assert worker.one_chunk()  # the same child goes on
    assert progress.progress(opened.service)["ballots"]["accepted"] == 1


def test_a_child_that_cannot_start_is_told_from_one_that_was_killed(opened):
    computer = Computer(("-c", "raise SystemExit(3)"))
    with pytest.raises(ChildDiedError, match="ended with code 3"):
        computer.start()
    computer.stop()
    computer = Computer()
    computer.start()
    os.kill(computer.pid, signal.SIGKILL)
    with pytest.raises(ChildDiedError, match="killed by signal 9"):
        computer.answer(30)
    computer.ask(Message("accept"))
    with pytest.raises(ChildDiedError, match="killed by signal 9"):
        computer.answer(30)
    computer.stop()
    with pytest.raises(ChildDiedError, match="no child"):
        computer.ask(Message("accept"))


def test_an_answer_that_nobody_waited_for_is_not_taken_for_the_next_one(opened, worker_of):
    """The database fails the worker while its child computes; the worker goes on to another chunk."""
    opened.vote(1)
    turned_away = []

    def turn_away(name):
        if name == "asked" and not turned_away:
            turned_away.append(name)
            raise OSError("the disk is gone")

    worker, computer = worker_of(at_step=turn_away)
    assert worker.one_chunk()
    computer.start()
    computer.ask(Message("nothing that anybody knows"))
    assert computer.answer(30).fields.get("reason", "").startswith("KeyError")


def test_a_child_that_never_gets_ready_is_given_up(opened, monkeypatch):
    monkeypatch.setattr("amarvote.pipeline.computer.START_SECONDS", 0.2)
    computer = Computer(("-c", "import time; time.sleep(60)"))
    with pytest.raises(ChildDiedError, match="was not ready"):
        computer.start()
    assert computer.pid is None


def test_a_worker_whose_row_was_forgotten_is_seen_again(opened):
    database = opened.service.database
    cut_off, starting = (Heartbeat(database, name, Computer()) for name in ("cut off", "starting"))
    cut_off.beat()
    with database.write() as connection:
        connection.execute(update(workers).values(beat_at=now() - FORGET_SECONDS - 1))
    starting.beat()
    cut_off.beat()
    cut_off.beat()
    with database.read() as connection:
        names = connection.execute(select(workers.c.name).order_by(workers.c.name)).scalars().all()
    assert names == ["cut off", "starting"]


def test_the_child_opens_no_database():
    """It imports neither the store nor what that is made of."""
    code = "import amarvote.pipeline.child, sys; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(told.stdout.split())
    assert "amarvote.electionguard.engine" in loaded
    assert not loaded & {"sqlalchemy", "amarvote.store", "httpx", "fastapi", "structlog"}


def test_no_transaction_is_open_while_the_child_computes(opened, worker_of):
    """At the step `asked` anybody can write at once."""
    opened.vote(1)
    written = []

    def write(name):
        if name == "asked":
            with opened.service.database.write() as connection:
                written.append(connection.execute(select(func.count()).select_from(workers)).scalar_one())

    worker, _ = worker_of(at_step=write)
    assert worker.one_chunk()
    assert len(written) == 1


def test_the_command_refuses_a_database_that_is_none(tmp_path):
    told = subprocess.run(
        [
            sys.executable,
            "-m",
            "amarvote.worker",
            "--database",
            f"sqlite:///{tmp_path}/no.db",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.returncode, "amarvote db upgrade" in told.stderr) == (2, True)
