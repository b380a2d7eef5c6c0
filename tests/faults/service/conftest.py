"""The stack of a test: a copy of one prepared election in PostgreSQL, and a virtual host of RabbitMQ."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from amarvote.pipeline import memory
from faults.service.chaos import fault_of
from faults.service.election import Ballot, make_ballots
from faults.service.stack import Stack, standing
from faults.service.times import REAL, SHORT, Times
from servers.postgresql import PostgreSQL
from servers.rabbitmq import RabbitMQ
from staging.people import Guardians
from staging.rows import make_schema
from staging.stage import Stage


@pytest.fixture(scope="session")
def times(request: pytest.FixtureRequest) -> Times:
    return REAL if request.config.getoption("--chaos") else SHORT


@dataclass(frozen=True)
class Prepared:
    """An election open for votes, in a database to copy from, and all its ballots, not yet handed in."""

    stage: Stage
    ballots: list[Ballot]
    database: str


@pytest.fixture(scope="session")
def prepared(
    tmp_path_factory: pytest.TempPathFactory,
    postgresql_server: PostgreSQL,
    plain_guardians: Guardians,
    plain_manifest: bytes,
    times: Times,
) -> Prepared:
    memory.settle()
    database = postgresql_server.create_database()
    url = postgresql_server.url(database)
    make_schema(url)
    folder = tmp_path_factory.mktemp("prepared")
    stage = Stage(folder, plain_guardians, plain_manifest, devices=2, url=url)
    stage.prepare(voters=times.most_ballots)
    ballots = make_ballots(stage, times.most_ballots)
    stage.service.close()
    return Prepared(stage, ballots, database)


@pytest.fixture
def tablespace() -> str:
    """Where the election's database lies; a test of a full disk says otherwise."""
    return "pg_default"


@pytest.fixture
def stack(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    prepared: Prepared,
    postgresql_server: PostgreSQL,
    rabbitmq_server: RabbitMQ,
    rabbitmq_url: str,
    tablespace: str,
    times: Times,
) -> Iterator[Stack]:
    request.node.user_properties.append(("fault", fault_of(request)))
    database = postgresql_server.create_database(prepared.database, tablespace)
    stage = prepared.stage.moved_to(tmp_path / "stage", postgresql_server.url(database))
    vhost = rabbitmq_url.rpartition("/")[2]
    ballots = prepared.ballots
    with standing(stage, ballots, postgresql_server, database, rabbitmq_server, vhost, times) as made:
        yield made
    postgresql_server.drop_database(database)
