"""Fixtures of private servers. A test that asks for one which is not installed is named as not run (`missing`)."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from servers import groups, missing, postgresql, processes, rabbitmq
from servers.small_disk import SmallDisk, small_disk


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[postgresql.PostgreSQL]:
    """One server for each process of a session. A test that stops it starts it again."""
    if postgresql.programs() is None:
        missing.not_here("postgresql")
    server = postgresql.PostgreSQL()
    yield server
    server.close()


@pytest.fixture
def postgresql_url(postgresql_server: postgresql.PostgreSQL) -> Iterator[str]:
    """The address of an empty database, removed after the test."""
    name = postgresql_server.create_database()
    yield postgresql_server.url(name)
    postgresql_server.drop_database(name)


@pytest.fixture(scope="session")
def rabbitmq_server() -> Iterator[rabbitmq.RabbitMQ]:
    """One node for all tests of its group, which shows its metrics; a test that stops it starts it again."""
    if rabbitmq.program() is None:
        missing.not_here("rabbitmq-server")
    port = processes.free_port()
    shown = f"prometheus.tcp.ip = 127.0.0.1\nprometheus.tcp.port = {port}\ncollect_statistics_interval = 1000\n"
    server = rabbitmq.RabbitMQ(rabbitmq.QUICK + shown, plugins="[rabbitmq_prometheus].\n")
    server.metrics = f"http://127.0.0.1:{port}"
    with groups.lasting(groups.RABBITMQ, closing(server)) as lasting:
        yield lasting


@pytest.fixture
def rabbitmq_url(rabbitmq_server: rabbitmq.RabbitMQ) -> Iterator[str]:
    """The address of a virtual host with nothing in it, removed after the test."""
    name = rabbitmq_server.create_vhost()
    yield rabbitmq_server.url(name)
    rabbitmq_server.delete_vhost(name)


@pytest.fixture
def full_disk(postgresql_server: postgresql.PostgreSQL) -> Iterator[SmallDisk]:
    """A disk that a test can fill, with the tablespace "small" on it. The write-ahead log lies elsewhere: without
    room for the log the server ends, without room for tables it is an error of the statement."""
    with small_disk(64, processes.unprivileged()) as disk:
        postgresql_server.create_tablespace("small", disk.path)
        yield disk
        disk.free()
        for database in postgresql_server.run(
            "SELECT datname FROM pg_database JOIN pg_tablespace t ON dattablespace = t.oid WHERE spcname = 'small'"
        ):
            postgresql_server.drop_database(str(database[0]))
        postgresql_server.run("DROP TABLESPACE small")
