"""Fixtures for staged elections; the key ceremonies are held once for a test session."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from amarvote.pipeline import memory
from amarvote.store.database import Database
from servers.postgresql import PostgreSQL
from staging.people import Guardians, ceremony, make_manifest
from staging.rows import fresh_database, make_schema
from staging.stage import Stage

GUARDIANS, QUORUM = 3, 2


@pytest.fixture
def postgresql_tables(postgresql_server: PostgreSQL) -> Iterator[str]:
    """The address of a database in PostgreSQL with every table and no row, removed after the test."""
    name = postgresql_server.create_database(postgresql_server.template("tables", make_schema))
    yield postgresql_server.url(name)
    postgresql_server.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with every table and no row: the test runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        database = fresh_database(tmp_path)
    else:
        database = Database(request.getfixturevalue("postgresql_tables"))
    yield database
    database.close()


@pytest.fixture(scope="session")
def plain_manifest() -> bytes:
    """One contest of two options, no chaining."""
    return make_manifest("staged")


@pytest.fixture(scope="session")
def chained_manifest() -> bytes:
    """The same with simple chaining."""
    return make_manifest("staged and chained", chaining_mode=1)


@pytest.fixture(scope="session")
def plain_guardians(plain_manifest: bytes) -> Guardians:
    return ceremony(plain_manifest, GUARDIANS, QUORUM)


@pytest.fixture(scope="session")
def chained_guardians(chained_manifest: bytes) -> Guardians:
    return ceremony(chained_manifest, GUARDIANS, QUORUM)


@pytest.fixture
def stage(tmp_path: Path, plain_guardians: Guardians, plain_manifest: bytes) -> Stage:
    """An election without chaining, before its ceremony."""
    return Stage(tmp_path, plain_guardians, plain_manifest, devices=2)


@pytest.fixture(scope="session")
def _opened(tmp_path_factory, plain_guardians: Guardians, plain_manifest: bytes) -> Stage:
    memory.settle()
    stage = Stage(tmp_path_factory.mktemp("opened"), plain_guardians, plain_manifest, devices=2)
    stage.prepare()
    return stage


@pytest.fixture(scope="session")
def _opened_chained(tmp_path_factory, chained_guardians: Guardians, chained_manifest: bytes) -> Stage:
    stage = Stage(tmp_path_factory.mktemp("chained"), chained_guardians, chained_manifest, devices=2)
    stage.prepare()
    return stage


@pytest.fixture
def opened(tmp_path: Path, _opened: Stage) -> Stage:
    """An election without chaining, two devices and 20 voters, open for votes."""
    return _opened.moved_to(tmp_path)


@pytest.fixture
def opened_chained(tmp_path: Path, _opened_chained: Stage) -> Stage:
    """The same with chained devices."""
    return _opened_chained.moved_to(tmp_path)


@pytest.fixture
def another(tmp_path: Path, plain_guardians: Guardians, plain_manifest: bytes) -> Callable[..., Stage]:
    """Further elections in the same database."""

    def make(name: str, **options: object) -> Stage:
        return Stage(tmp_path, plain_guardians, plain_manifest, name=name, **options)  # type: ignore[arg-type]

    return make
