"""Fixtures for staged elections; the key ceremonies are held once for a test session.

An election lies in SQLite. A test that is about locks or transactions asks for both databases:

    @pytest.mark.parametrize("opened", BOTH, indirect=True)
"""

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
SQLITE, POSTGRESQL = "sqlite", "postgresql"
BOTH = [SQLITE, POSTGRESQL]


@pytest.fixture
def postgresql_tables(postgresql_server: PostgreSQL) -> Iterator[str]:
    """The address of a database in PostgreSQL with every table and no row, removed after the test."""
    name = postgresql_server.create_database(postgresql_server.template("tables", make_schema))
    yield postgresql_server.url(name)
    postgresql_server.drop_database(name)


@pytest.fixture(params=BOTH)
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with every table and no row: the test runs on SQLite and on PostgreSQL."""
    if request.param == SQLITE:
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


def _kind(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", SQLITE))


@pytest.fixture
def stage(
    request: pytest.FixtureRequest, tmp_path: Path, plain_guardians: Guardians, plain_manifest: bytes
) -> Iterator[Stage]:
    """An election without chaining, before its ceremony."""
    url = None if _kind(request) == SQLITE else request.getfixturevalue("postgresql_tables")
    stage = Stage(tmp_path, plain_guardians, plain_manifest, devices=2, url=url)
    yield stage
    stage.service.close()


class Originals:
    """Elections made once for the session, from which tests get copies."""

    def __init__(self, request: pytest.FixtureRequest, folders: pytest.TempPathFactory) -> None:
        self._request = request
        self._folders = folders
        self._made: dict[tuple[str, str], Stage] = {}

    def copy(self, request: pytest.FixtureRequest, how: str, folder: Path) -> Iterator[Stage]:
        """A copy of the election made `how` ("plain", "chained"), on the database that the test asks for."""
        kind = _kind(request)
        server = None if kind == SQLITE else self._request.getfixturevalue("postgresql_server")
        if (how, kind) not in self._made:
            self._made[how, kind] = self._make(server, how)
        original = self._made[how, kind]
        name = server.create_database(original.url.rpartition("/")[2]) if server else None
        stage = original.moved_to(folder, server.url(name) if server else None)
        yield stage
        stage.service.close()
        if server:
            server.drop_database(name)

    def _make(self, server: PostgreSQL | None, how: str) -> Stage:
        memory.settle()
        guardians = self._request.getfixturevalue(f"{how}_guardians")
        manifest = self._request.getfixturevalue(f"{how}_manifest")
        url = None
        if server is not None:
            url = server.url(server.create_database(server.template("tables", make_schema)))
        stage = Stage(self._folders.mktemp(how), guardians, manifest, devices=2, url=url)
        stage.prepare()
        stage.service.close()  # a database that somebody is connected to is not copied
        return stage


@pytest.fixture(scope="session")
def originals(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Originals:
    return Originals(request, tmp_path_factory)


@pytest.fixture
def opened(request: pytest.FixtureRequest, tmp_path: Path, originals: Originals) -> Iterator[Stage]:
    """An election without chaining, two devices and 20 voters, open for votes."""
    yield from originals.copy(request, "plain", tmp_path)


@pytest.fixture
def opened_chained(request: pytest.FixtureRequest, tmp_path: Path, originals: Originals) -> Iterator[Stage]:
    """The same with chained devices."""
    yield from originals.copy(request, "chained", tmp_path)


@pytest.fixture
def another(tmp_path: Path, plain_guardians: Guardians, plain_manifest: bytes) -> Callable[..., Stage]:
    """Further elections in the same database."""

    def make(name: str, **options: object) -> Stage:
        return Stage(tmp_path, plain_guardians, plain_manifest, name=name, **options)  # type: ignore[arg-type]

    return make
