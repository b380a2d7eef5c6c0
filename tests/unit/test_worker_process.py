"""The worker's process: addresses, health and metrics, memory, and how it ends. Chunks without cryptography."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from sqlalchemy import select, update

from amarvote.pipeline import chunks as life
from amarvote.pipeline.settings import DEFAULTS
from amarvote.queues.amqp import BrokerAddressError, parameters
from amarvote.store.tables import chunks, workers
from amarvote.worker import exits
from amarvote.worker.health import REQUEST_SECONDS, STOOD_STILL_SECONDS, Health, _Answer
from servers.processes import free_port
from staging.rows import add_election, fresh_database

PROGRAM = Path(__file__).parents[1] / "programs" / "empty_worker.py"
PATIENCE = 60.0


@pytest.fixture
def database(tmp_path):
    database = fresh_database(tmp_path)
    yield database
    database.close()


@pytest.fixture
def log(tmp_path):
    """What the workers of a test say."""
    return tmp_path / "log"


@pytest.fixture
def start(database, log):
    """Starts workers as processes; their port of health and metrics is free and theirs."""
    started = []

    def begin(*options, **environment):
        port = free_port()
        settings = {"AMARVOTE_DATABASE_URL": database.url, "PYTHONPATH": os.pathsep.join(sys.path), **environment}
        command = [sys.executable, str(PROGRAM), "--name", "w", "--health-port", str(port), *options]
        with log.open("ab") as words:
            process = subprocess.Popen(command, env={**os.environ, **settings}, stderr=words)
        process.port = port
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()


def until(what):
    deadline = time.monotonic() + PATIENCE
    while not (holds := what()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return holds


def ask(process, path):
    """Status and text of what the worker answers; None while nothing listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{process.port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as problem:
        return problem.code, problem.read().decode()
    except urllib.error.URLError:
        return None


def rows(database):
    with database.read() as connection:
        return connection.execute(select(chunks).order_by(chunks.c.id)).all()


def add_sleeping(database, seconds):
    """An election with one chunk for each of these times."""
    add_election(database, "one", "empty", [(number, number + 1) for number in range(len(seconds))])
    with database.write() as connection:
        for ordinal, time_to_sleep in enumerate(seconds):
            connection.execute(
                update(chunks).where(chunks.c.ordinal == ordinal).values(spec={"seconds": time_to_sleep})
            )


def test_it_works_says_how_it_is_and_ends_when_told_to(database, start):
    process = start()
    until(lambda: ask(process, "/health/ready") == (200, '{"ready": true, "missing": []}\n'))
    assert ask(process, "/health/live")[0] == 200
    add_sleeping(database, [0.0] * 5)
    until(lambda: {row.state for row in rows(database)} == {life.DONE})
    metrics = until(
        lambda: (text := ask(process, "/metrics")[1]) and 'outcome="done",phase="empty"} 5.0' in text and text
    )
    assert 'amarvote_chunk_attempts_total{phase="empty"} 5.0' in metrics
    assert 'amarvote_queue_messages{queue="handed out"} 0.0' in metrics
    assert 'amarvote_chunk_seconds_count{phase="empty"} 5.0' in metrics
    assert "amarvote_leases_expired_total 0.0" in metrics
    assert "amarvote_worker_troubles 0.0" in metrics
    assert 'amarvote_collector_pause_seconds_count{process="child"}' in metrics
    held = {
        (process, moment): float(re.search(f'moment="{moment}",process="{process}"}} (.*)', metrics)[1])
        for process in ("parent", "child")
        for moment in ("before", "peak", "after")
    }
    assert all(10 << 20 < bytes_held < 200 << 20 for bytes_held in held.values())
    assert "amarvote_database_up 1.0" in metrics
    assert "amarvote_broker" not in metrics
    assert float(re.search("\nprocess_resident_memory_bytes (.*)", metrics)[1]) > 10 << 20
    assert ask(process, "/")[0] == 404
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == exits.DONE
    with database.read() as connection:
        assert connection.execute(select(workers.c.step)).scalar_one() == "ended"


def test_a_chunk_has_a_line_when_it_begins_and_one_when_it_ends(database, start, log):
    """Whatever is said in between says whose it is."""
    add_election(database, "one", "empty", [(0, 1), (1, 2)])
    with database.write() as connection:
        connection.execute(update(chunks).where(chunks.c.ordinal == 1).values(spec={"seconds": "not a number"}))
    process = start()
    until(lambda: {row.errors for row in rows(database)} == {0, 1})
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == exits.DONE
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    first, second = (
        [line for line in lines if line.get("chunk") == row.id and line["attempt"] == 1] for row in rows(database)
    )
    for told in (first, second):
        assert {(line["election"], line["phase"], line["attempt"]) for line in told} == {("one", "empty", 1)}
        assert (told[0]["event"], told[-1]["event"]) == ("a chunk begins", "a chunk ends")
        assert all(10_000 < told[-1][name] < 200_000 for name in ("before_kb", "peak_kb", "after_kb"))
        assert 0 < told[-1]["seconds"] < PATIENCE
    assert (len(first), first[-1]["outcome"], second[-1]["outcome"]) == (2, "done", "error")
    (of_child,) = [line for line in second if line["logger"] == "amarvote.pipeline.child"]
    assert of_child["level"] == "error"
    assert "TypeError" in of_child["event"]
    assert all("chunk" not in line for line in lines if line["event"].startswith("health and metrics"))


def test_told_to_end_it_hands_back_what_takes_too_long(database, start):
    add_sleeping(database, [600.0])
    process = start("--stop-seconds", "0.5")
    until(lambda: rows(database)[0].state == life.RUNNING)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == exits.DONE
    assert time.monotonic() - began < DEFAULTS.stop_seconds - 1
    (row,) = rows(database)
    assert (row.state, row.attempt, row.deaths, row.errors) == (life.READY, 1, 0, 0)


def test_told_to_end_it_finishes_what_takes_not_so_long(database, start):
    add_sleeping(database, [4.0])
    process = start()
    until(lambda: rows(database)[0].state == life.RUNNING)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == exits.DONE
    (row,) = rows(database)
    assert (row.state, row.attempt) == (life.DONE, 1)


def test_one_that_has_grown_says_so_with_its_exit_code(database, start):
    add_sleeping(database, [0.0, 0.0])
    process = start(GROWN_AT_KB="1")
    assert process.wait(PATIENCE) == exits.GROWN
    assert sorted(row.state for row in rows(database)) == [life.DONE, life.HANDED]


def test_without_its_broker_it_is_alive_and_not_ready(database, start):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        process = start(AMARVOTE_BROKER_URL=f"amqp://u:secret@127.0.0.1:{nobody.getsockname()[1]}/v")
        status, text = until(
            # its child may not be there yet, and is missing as well until then
            lambda: (
                (answer := ask(process, "/health/ready"))
                and "refused" in answer[1]
                and len(json.loads(answer[1])["missing"]) == 1
                and answer
            )
        )
    assert status == 503
    (missing,) = json.loads(text)["missing"]
    assert missing.startswith("The broker 127.0.0.1:")
    assert "secret" not in text
    assert ask(process, "/health/live")[0] == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == exits.DONE


def test_it_does_not_start_without_a_database(command):
    refused = command("worker")
    assert (refused.returncode, "AMARVOTE_DATABASE_URL" in refused.stderr) == (exits.USAGE, True)
    refused = command("worker", AMARVOTE_DATABASE_URL="mysql://u:secret@h/d")
    assert (refused.returncode, "secret" in refused.stderr) == (exits.UNREADABLE, False)


def test_it_does_not_start_with_an_address_that_is_no_brokers(database, command):
    refused = command("worker", "--broker", "amqp://localhost", AMARVOTE_DATABASE_URL=database.url)
    assert (refused.returncode, "amqp://USER:PASSWORD@HOST" in refused.stderr) == (exits.UNREADABLE, True)


def test_it_does_not_start_where_its_port_is_taken(database, command):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = command("worker", "--health-port", port, AMARVOTE_DATABASE_URL=database.url)
    assert (refused.returncode, f"127.0.0.1:{port}" in refused.stderr) == (exits.USAGE, True)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://u:p@h",
        "amqp://h",
        "amqp://u:p@h:port/v",
        "amqp://u:p@h/v?heartbeat=often",
        "amqp://u@h/v",
        "amqp://@h/v",
        "amqp://u:@h/v",
        "amqp://u:p@[h/v",
    ],
)
def test_addresses_that_are_none(url):
    with pytest.raises(BrokerAddressError, match="amqp://USER:PASSWORD@HOST"):
        parameters(url)


def test_an_address_has_no_default_user():
    parsed = parameters("amqps://me:p%40ss@broker.example:5671/one%2Ftwo")
    assert (parsed.credentials.username, parsed.credentials.password) == ("me", "p@ss")
    assert (parsed.host, parsed.port, parsed.virtual_host) == ("broker.example", 5671, "one/two")
    assert parsed.ssl_options is not None


def test_the_parent_is_small():
    """Neither web framework nor commands nor migrations nor the child's work are in its memory, nor in the start.

    (structlog brings rich along.)
    """
    code = "import amarvote.worker.__main__, sys; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(told.stdout.split())
    assert "pika" in loaded
    assert not loaded & {"alembic", "fastapi", "uvicorn", "httpx", "typer", "amarvote.elections", "opentelemetry"}
    assert not loaded & {"amarvote.pipeline.child", "amarvote.record.verifier", "cryptography.x509"}


def test_a_loop_that_stands_still_is_not_alive():
    idle = [0.0]
    health = Health("127.0.0.1", 0, lambda: idle[0], list, lambda: b"")
    try:
        assert ask(health, "/health/live")[0] == 200
        idle[0] = STOOD_STILL_SECONDS + 1
        assert ask(health, "/health/live")[0] == 503
    finally:
        health.close()
    assert DEFAULTS.chunk_seconds <= STOOD_STILL_SECONDS


def test_slow_clients_do_not_keep_others_out_for_long(monkeypatch):
    assert _Answer.timeout == REQUEST_SECONDS <= 5
    monkeypatch.setattr(_Answer, "timeout", 0.5)
    health = Health("127.0.0.1", 0, lambda: 0.0, list, lambda: b"")
    idle = [socket.create_connection(("127.0.0.1", health.port)) for _ in range(12)]
    try:
        until(lambda: ask_quietly(health) == 200)
    finally:
        for one in idle:
            one.close()
        health.close()


def ask_quietly(health):
    try:
        answer = ask(health, "/health/live")
    except OSError:
        return None
    return answer and answer[0]
