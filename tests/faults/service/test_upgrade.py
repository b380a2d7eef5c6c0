"""Tables changed under a worker of an earlier commit, which goes on beside one of the present."""

import io
import os
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, select, text

from amarvote.store import migrations
from amarvote.store.database import Database
from amarvote.store.schema import VERSION_TABLE, Upgrade
from amarvote.store.tables import chunks
from faults.service.outcome import check_outcome
from faults.service.stack import Process, Stack
from servers import missing
from servers.postgresql import PostgreSQL

pytestmark = pytest.mark.timeout(3000)

ROOT = Path(__file__).parents[3]


def git(*arguments: str) -> bytes:
    """What git says; the test is named as not run where it does not know the history."""
    try:
        return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True).stdout
    except (OSError, subprocess.CalledProcessError):
        missing.not_here("git with the repository's whole history (a shallow clone has not)")


@pytest.fixture(scope="session")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Program and tests of the commit before the tables got their present form."""
    (newest,) = (Path(migrations.__path__[0]) / "versions").glob(f"r{migrations.HEAD}_*.py")
    added = git("log", "--diff-filter=A", "--format=%H", "-1", "--", str(newest)).decode().strip()
    if not added:
        missing.not_here(f"the commit that brought {newest.name}")
    folder = tmp_path_factory.mktemp("earlier")
    with tarfile.open(fileobj=io.BytesIO(git("archive", f"{added}^", "src", "tests"))) as archive:
        archive.extractall(folder, filter="data")
    return folder


def environment_of(earlier: Path, stack: Stack) -> dict[str, str]:
    path = os.pathsep.join([str(earlier / "tests"), str(earlier / "src")])
    return {**stack._addresses(None, None, "127.0.0.1"), "PYTHONPATH": path}


def set_back(stack: Stack, postgresql: PostgreSQL, earlier: Path) -> str:
    """Gives the stack's database the tables that the earlier program makes; their revision."""
    name = postgresql.create_database()
    asked = {**os.environ, **environment_of(earlier, stack), "AMARVOTE_DATABASE_URL": postgresql.url(name)}
    main = "from amarvote.cli.main import main; main()"
    subprocess.run([sys.executable, "-c", main, "db", "upgrade"], env=asked, check=True, capture_output=True)
    (now, then) = (create_engine(postgresql.url(one)) for one in (stack.database, name))
    with now.begin() as here, then.connect() as there:
        known = {table: columns_of(there, table) for table in inspect(there).get_table_names()}
        for table in inspect(here).get_table_names():
            if table not in known:
                here.execute(text(f'DROP TABLE "{table}" CASCADE'))
                continue
            for column in columns_of(here, table) - known[table]:
                here.execute(text(f'ALTER TABLE "{table}" DROP COLUMN "{column}"'))
        revision = str(there.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one())
        here.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '{revision}'"))
        assert {table: columns_of(here, table) for table in inspect(here).get_table_names()} == known
    now.dispose()
    then.dispose()
    postgresql.drop_database(name)
    return revision


def columns_of(connection, table: str) -> set[str]:  # type: ignore[no-untyped-def]
    return {column["name"] for column in inspect(connection).get_columns(table)}


def test_upgraded_under_a_worker_of_an_earlier_commit(
    stack: Stack,
    postgresql_server: PostgreSQL,
    earlier: Path,
    record_property,  # type: ignore[no-untyped-def]
) -> None:
    """Tables upgraded while a worker of the commit before the last change of the schema computes a chunk."""
    stack.submit()
    stack.close_voting()
    revision = set_back(stack, postgresql_server, earlier)
    assert revision < migrations.HEAD
    environment = environment_of(earlier, stack)
    command = [sys.executable, "-m", "faults.service.program", "worker", "--name", "earlier"]
    mishap = {"AMARVOTE_TEST_MISHAP": "committed stop, asked stop, committed stop"}
    old = Process("earlier", command, stack.stage.folder / "earlier.log", {**environment, **mishap})
    stack.processes.append(old)
    stack.wait(lambda: stack.chunks_done() and old.is_stopped(), "the earlier program has done a chunk")
    old.wake()
    stack.wait(lambda: running_of(stack, "earlier") and old.is_stopped(), "it is at another one")
    (held,) = running_of(stack, "earlier")

    with closing(Database(postgresql_server.url(stack.database))) as database:
        assert database.create_schema() == Upgrade(revision, migrations.HEAD)
    old.wake()
    stack.wait(lambda: not running_of(stack, "earlier") and old.is_stopped(), "it is done with that one")
    kept = next(row for row in stack.chunk_rows() if row.id == held)
    assert (kept.state, kept.worker, kept.attempt) == ("done", "earlier", 1)

    new = stack.worker("present")
    stack.wait(lambda: any(row.worker == "present" for row in stack.chunk_rows()), "the present one is at work")
    old.wake()
    check_outcome(stack)
    assert old.is_alive()
    assert new.is_alive()
    record_property("done", f"schema {revision} became {migrations.HEAD}")


def running_of(stack: Stack, worker: str) -> list[int]:
    with stack.stage.service.database.read() as connection:
        rows = select(chunks.c.id).where(chunks.c.worker == worker, chunks.c.state == "running")
        return list(connection.execute(rows).scalars())
