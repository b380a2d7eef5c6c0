"""Fixtures of private servers. A test that asks for one which is not installed is named as not run (`missing`)."""

from collections.abc import Callable, Iterator

import pytest

from servers import missing, postgresql, processes, rabbitmq
from servers.small_disk import SmallDisk, small_disk

_RABBITMQ_FIXTURES = {"rabbitmq_server", "rabbitmq_url"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One process runs all tests of RabbitMQ, so that one node is enough."""
    for item in items:
        if _RABBITMQ_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.xdist_group("rabbitmq"))


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[postgresql.PostgreSQL]:
    """One server for the session, which tests share: not to be stopped. Databases come from `postgresql_url`."""
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


@pytest.fixture
def own_postgresql() -> Iterator[Callable[..., postgresql.PostgreSQL]]:
    """Makes servers for this test alone, to be stopped, killed, filled."""
    if postgresql.programs() is None:
        missing.not_here("postgresql")
    made: list[postgresql.PostgreSQL] = []

    def make(**options: object) -> postgresql.PostgreSQL:
        made.append(postgresql.PostgreSQL(**options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for server in made:
        server.close()


@pytest.fixture(scope="session")
def rabbitmq_server() -> Iterator[rabbitmq.RabbitMQ]:
    """One node for the session; a test that stops it starts it again."""
    if rabbitmq.program() is None:
        missing.not_here("rabbitmq-server")
    server = rabbitmq.RabbitMQ()
    yield server
    server.close()


@pytest.fixture
def rabbitmq_url(rabbitmq_server: rabbitmq.RabbitMQ) -> Iterator[str]:
    """The address of a virtual host with nothing in it, removed after the test."""
    name = rabbitmq_server.create_vhost()
    yield rabbitmq_server.url(name)
    rabbitmq_server.delete_vhost(name)


@pytest.fixture
def full_disk(
    own_postgresql: Callable[..., postgresql.PostgreSQL],
) -> Iterator[tuple[postgresql.PostgreSQL, SmallDisk]]:
    """A server whose tables lie on a disk that a test can fill."""
    with small_disk(96, processes.unprivileged()) as disk:
        server = own_postgresql(data=disk.path)
        yield server, disk
        server.close()
