"""The tests' servers: they answer, come back with their data and leave nothing; what is missing is said."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pika
import psycopg
import pytest
from sqlalchemy import create_engine, text

from servers import postgresql, rabbitmq
from servers.missing import EXIT_CODE
from servers.small_disk import SmallDisk
from staging.waiting import until

TESTS = Path(__file__).parents[1]


def _run(url: str, statement: str) -> list[tuple[object, ...]]:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        engine.dispose()


def test_each_database_is_its_own(postgresql_server: postgresql.PostgreSQL, postgresql_url: str) -> None:
    def prepare(url: str) -> None:
        _run(url, "CREATE TABLE first_of_all AS SELECT 7 AS number")

    copy = postgresql_server.create_database(postgresql_server.template("test-servers", prepare))
    assert _run(postgresql_server.url(copy), "SELECT number FROM first_of_all") == [(7,)]
    assert _run(postgresql_url, "SELECT count(*) FROM pg_tables WHERE tablename = 'first_of_all'") == [(0,)]


def test_postgresql_keeps_what_was_committed(
    postgresql_server: postgresql.PostgreSQL, postgresql_url: str
) -> None:
    server, database = postgresql_server, postgresql_url.rpartition("/")[2]
    server.run("CREATE TABLE kept (number int)", database)
    for ends in (server.stop, server.kill):
        server.run("INSERT INTO kept VALUES (1)", database)
        ends()
        with pytest.raises(psycopg.OperationalError):
            server.run("SELECT 1")
        server.start()
    assert server.run("SELECT sum(number) FROM kept", database) == [(2,)]


def test_a_full_disk_is_an_error_of_the_statement(
    postgresql_server: postgresql.PostgreSQL, full_disk: SmallDisk
) -> None:
    server, disk = postgresql_server, full_disk
    database = server.create_database(tablespace="small")
    server.run("CREATE TABLE grows (words text)", database)
    growing = "INSERT INTO grows SELECT repeat(md5(n::text), 30) FROM generate_series(1, 5000) AS n"
    disk.fill()
    with pytest.raises(psycopg.errors.DiskFull):
        server.run(growing, database)
    disk.free()
    server.run(growing, database)
    assert server.run("SELECT count(*) FROM grows", database) == [(5000,)]


@pytest.mark.usefixtures("postgresql_server")  # or it is missing here
def test_a_server_leaves_nothing() -> None:
    server = postgresql.PostgreSQL()
    home = Path(server.run("SHOW data_directory")[0][0]).parent  # type: ignore[arg-type]
    postmaster = int((home / "data" / "postmaster.pid").read_text().split()[0])
    server.close()
    assert not home.exists()
    assert not Path(f"/proc/{postmaster}").exists()


def test_rabbitmq_keeps_messages_over_its_end(rabbitmq_server: rabbitmq.RabbitMQ, rabbitmq_url: str) -> None:
    vhost = rabbitmq_url.rpartition("/")[2]
    connection = pika.BlockingConnection(pika.URLParameters(rabbitmq_url))
    channel = connection.channel()
    channel.queue_declare("kept", durable=True, arguments={"x-queue-type": "quorum"})
    channel.confirm_delivery()
    for body in (b"1", b"2"):
        channel.basic_publish("", "kept", body, mandatory=True)
    channel.basic_get("kept")
    assert rabbitmq_server.depths(vhost) == {"kept": 2}, "one ready, one delivered and not acknowledged"
    assert rabbitmq_server.cut_connections(vhost) == 1
    with pytest.raises(pika.exceptions.AMQPConnectionError):
        channel.basic_get("kept")
    # Killed within about a second of a quorum queue's making, a node of 3.10 never finds a leader for it again.
    time.sleep(5)
    rabbitmq_server.kill()
    rabbitmq_server.start()
    until(lambda: rabbitmq_server.depths(vhost) == {"kept": 2}, 60)  # before, it has no leader
    assert rabbitmq_server.delete_queues(vhost) == 1
    assert rabbitmq_server.depths(vhost) == {}


PROGRAMS = """
import pytest

def test_passes():
    pass

def test_of_a_server(postgresql_url):
    pass

def test_of_another(rabbitmq_url):
    pass

@pytest.mark.skipif(not {fails}, reason="an ordinary skip")
def test_fails():
    raise AssertionError
"""


@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["one process", "xdist"])
@pytest.mark.parametrize("fails", [False, True])
def test_what_is_missing_is_said_and_ends_with_3(tmp_path: Path, options: list[str], fails: bool) -> None:
    """A machine without servers: fixtures that find no programs."""
    (tmp_path / "test_programs.py").write_text(PROGRAMS.format(fails=fails))
    (tmp_path / "conftest.py").write_text(
        'pytest_plugins = ["servers.missing", "servers.fixtures"]\n'
        "def pytest_configure():\n"
        "    from servers import postgresql, rabbitmq\n"
        "    postgresql.programs = rabbitmq.program = lambda: None\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    # of the installed plugins only what it is about: the others take seconds to import
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment.pop("PYTEST_XDIST_WORKER", None)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "xdist.plugin",
        *options,
        str(tmp_path),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert ran.returncode == (1 if fails else EXIT_CODE), ran.stdout + ran.stderr
    assert "postgresql: 1 test not run" in ran.stdout
    assert "rabbitmq-server: 1 test not run" in ran.stdout


def test_the_installer_says_what_it_may_not_do(tmp_path: Path) -> None:
    """Neither root nor sudo: it says what is missing, and the run goes on."""
    here = tmp_path / "bin"
    here.mkdir()
    (here / "id").write_text("#!/bin/sh\necho 1000\n")
    (here / "id").chmod(0o755)
    script = (TESTS / "servers" / "install.sh").read_text()
    for folder in ("/usr/lib/rabbitmq", "/usr/lib/postgresql"):
        script = script.replace(folder, str(tmp_path / "none"))
    shell = shutil.which("sh")
    assert shell is not None
    ran = subprocess.run([shell, "-c", script], capture_output=True, text=True, env={"PATH": str(here)})
    assert ran.returncode == 0, ran.stderr
    assert "no right to install: rabbitmq-server postgresql" in ran.stdout
