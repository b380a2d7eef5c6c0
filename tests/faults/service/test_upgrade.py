"""Programs of an earlier commit: at work while the tables change, and started again over those of the present."""

import io
import os
import signal
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, inspect, select, text

import plain_http
from amarvote.pipeline import chunks as life
from amarvote.pipeline import states
from amarvote.store import migrations
from amarvote.store.database import Database
from amarvote.store.schema import VERSION_TABLE, Upgrade, same_age
from amarvote.store.tables import chunks, metadata
from faults.service.outcome import check_outcome
from faults.service.stack import Stack, path_of
from servers import missing
from servers.postgresql import PostgreSQL

pytestmark = pytest.mark.timeout(3000)

ROOT = Path(__file__).parents[3]

TOLERANT = "c94cf64"
"""The first commit whose programs work with tables of later revisions of their age (docs/backup.md): another one
once the first digit changes.
"""


def git(*arguments: str) -> bytes:
    """What git says; the test is named as not run where it does not know the history."""
    try:
        return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True).stdout
    except (OSError, subprocess.CalledProcessError):
        missing.not_here("git with the repository's whole history (a shallow clone has not)")


def newest_schema() -> str:
    """The commit that brought the tables their present form."""
    (newest,) = (Path(migrations.__path__[0]) / "versions").glob(f"r{migrations.HEAD}_*.py")
    added = git("log", "--diff-filter=A", "--format=%H", "-1", "--", str(newest)).decode().strip()
    if not added:
        missing.not_here(f"the commit that brought {newest.name}")
    return added


def tree_of(commit: str, folder: Path) -> Path:
    """Its program and tests."""
    with tarfile.open(fileobj=io.BytesIO(git("archive", commit, "src", "tests"))) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """The commit before the tables got their present form."""
    return tree_of(f"{newest_schema()}^", tmp_path / "earlier")


@pytest.fixture
def oldest(tmp_path: Path) -> Path:
    """The oldest commit whose programs start over newer tables."""
    return tree_of(TOLERANT, tmp_path / "oldest")


def set_back(stack: Stack, postgresql: PostgreSQL, earlier: Path) -> str:
    """Gives the stack's database the tables that the earlier program makes; their revision."""
    name = postgresql.create_database()
    asked = {**os.environ, "PYTHONPATH": path_of(earlier), "AMARVOTE_DATABASE_URL": postgresql.url(name)}
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
    old = stack.worker("earlier", mishap="committed stop, asked stop, committed stop", tree=earlier)
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


def widened(database: Database) -> str:
    """Gives the tables the form of the next revision, one that only adds, as an upgrade does; its number."""
    following = f"{int(migrations.HEAD) + 1:04}"
    assert same_age(following, migrations.HEAD)

    def widen(connection: Connection) -> None:
        for table in sorted(metadata.tables):
            columns = "ADD COLUMN said_next text, ADD COLUMN counted_next integer NOT NULL DEFAULT 0"
            connection.execute(text(f'ALTER TABLE "{table}" {columns}'))
        connection.execute(text("CREATE INDEX chunks_next ON chunks (counted_next, said_next)"))
        connection.execute(
            text("CREATE TABLE next (election_id text REFERENCES elections (id), said text NOT NULL)")
        )
        connection.execute(text("INSERT INTO next SELECT id, title FROM elections"))
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '{following}'"))

    database.transact(widen)
    return following


@pytest.mark.chaos
def test_rolled_back(
    stack: Stack,
    oldest: Path,
    record_property,  # type: ignore[no-untyped-def]
) -> None:
    """Rolled back over newer tables: the API ends amid voting, the worker amid the count, and old ones go on."""
    database = stack.stage.service.database
    half = len(stack.ballots) // 2
    present = stack.worker("present", mishap="asked stop, committed stop, asked stop")
    api = stack.ready_api()
    for ballot in stack.ballots[: half - 1]:
        assert stack.put_ballot(api, ballot).status_code == 202
    stack.wait(lambda: running_of(stack, "present") and present.is_stopped(), "the present one is at a chunk")
    wider = widened(database)
    present.wake()
    stack.wait(
        lambda: "present" in workers_of(stack.chunk_rows()) and present.is_stopped(),
        "it has done that one over the wider tables",
    )
    assert stack.put_ballot(api, stack.ballots[half - 1]).status_code == 202
    api.send(signal.SIGTERM)
    assert upgraded_by(stack, oldest) == Upgrade(wider, wider), "what is newer stays"
    assert api.wait() == 0

    old = (stack.ready_api(oldest), stack.worker("oldest", tree=oldest))
    for ballot in stack.ballots[half:]:
        assert stack.put_ballot(old[0], ballot).status_code == 202
    authorization = {"Authorization": f"Bearer {stack.stage.creation.officer.value}"}
    assert plain_http.post(f"{old[0].url}/officer/close", headers=authorization, timeout=30).status_code == 202
    stack.wait(lambda: stack.state() not in (states.OPEN, states.CLOSING), "the old worker begins the count")

    present.wake()
    stack.wait(
        lambda: running_of(stack, "present") and present.is_stopped(),
        "the present one is at a chunk of the count",
        stack.guardians_answer,
    )
    present.send(signal.SIGTERM)
    present.wake()
    assert present.wait() == 0
    check_outcome(stack)
    assert workers_of(stack.chunk_rows()) >= {"present", "oldest"}
    assert all(process.is_alive() for process in old)
    record_property(
        "done", f"programs of schema {migrations.HEAD} were exchanged for old ones over schema {wider}"
    )


def upgraded_by(stack: Stack, tree: Path) -> Upgrade:
    """What that tree's program makes of the tables when it is told to upgrade them, as before each start."""
    ask = (
        "import amarvote, os; from amarvote.store.database import Database\n"
        "done = Database(os.environ['URL']).create_schema(); print(amarvote.__file__, done.before, done.after)"
    )
    asked = {**os.environ, "PYTHONPATH": path_of(tree), "URL": stack.postgresql.url(stack.database)}
    answer = subprocess.run([sys.executable, "-c", ask], env=asked, check=True, capture_output=True).stdout
    (where, before, after) = answer.decode().rsplit(maxsplit=2)
    assert Path(where).is_relative_to(tree)
    return Upgrade(before, after)


def workers_of(rows: list[Any]) -> set[str]:
    """Who has done chunks."""
    return {row.worker for row in rows if row.state == life.DONE}


def running_of(stack: Stack, worker: str) -> list[int]:
    with stack.stage.service.database.read() as connection:
        rows = select(chunks.c.id).where(chunks.c.worker == worker, chunks.c.state == "running")
        return list(connection.execute(rows).scalars())
