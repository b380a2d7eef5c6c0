"""The stack of a test: a copy of one prepared election in PostgreSQL, and a virtual host of RabbitMQ."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from amarvote.pipeline import memory
from faults.service.chaos import fault_of
from faults.service.election import Ballot, make_ballots
from faults.service.stack import Stack, standing
from faults.service.times import REAL, SHORT, Times
from servers.postgresql import PostgreSQL
from servers.rabbitmq import RabbitMQ
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
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    postgresql_server: PostgreSQL,
    times: Times,
) -> Callable[[str], Prepared]:
    """An election made "plain" or "chained", once each."""

    @cache
    def prepare(how: str) -> Prepared:
        memory.settle()
        guardians, manifest = (request.getfixturevalue(f"{how}_{what}") for what in ("guardians", "manifest"))
        database = postgresql_server.create_database()
        url = postgresql_server.url(database)
        make_schema(url)
        stage = Stage(tmp_path_factory.mktemp(how), guardians, manifest, devices=2, url=url)
        stage.prepare(voters=times.most_ballots)
        ballots = make_ballots(stage, times.most_ballots)
        stage.service.close()
        return Prepared(stage, ballots, database)

    return prepare


@pytest.fixture
def tablespace() -> str:
    """Where the election's database lies; a test of a full disk says otherwise."""
    return "pg_default"


@pytest.fixture
def stack(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    prepared: Callable[[str], Prepared],
    postgresql_server: PostgreSQL,
    rabbitmq_server: RabbitMQ,
    rabbitmq_url: str,
    tablespace: str,
    times: Times,
) -> Iterator[Stack]:
    request.node.user_properties.append(("fault", fault_of(request)))
    original = prepared(getattr(request, "param", "plain"))
    database = postgresql_server.create_database(original.database, tablespace)
    stage = original.stage.moved_to(tmp_path / "stage", postgresql_server.url(database))
    vhost = rabbitmq_url.rpartition("/")[2]
    with standing(stage, original.ballots, postgresql_server, database, rabbitmq_server, vhost, times) as made:
        yield made
    postgresql_server.drop_database(database)
