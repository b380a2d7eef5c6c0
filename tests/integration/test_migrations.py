"""The schema as the migrations make it is the one that `tables` describes, on both databases."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text

from amarvote.store import migrations
from amarvote.store.database import Database, NoDatabaseError
from amarvote.store.schema import VERSION_TABLE, Upgrade, same_age
from amarvote.store.tables import chunks, metadata
from staging.rows import add_election

SQLITE = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE tbl_name != 'alembic_version'"
POSTGRESQL = """
    SELECT 'column', attrelid::regclass::text, attname::text, format_type(atttypid, atttypmod), attnotnull::text,
        pg_get_expr(adbin, adrelid)
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid IN (SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace)
        AND attnum > 0
    UNION ALL
    SELECT 'constraint', conrelid::regclass::text, conname::text, pg_get_constraintdef(oid), '', ''
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'index', tablename::text, indexname::text, indexdef, '', '' FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT 'options', relname::text, reloptions::text, '', '', '' FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return request.getfixturevalue("postgresql_url")


@pytest.fixture
def by_tables(url, request, tmp_path):
    """Another one of the same kind, made from `tables` without any migration."""
    server = None if url.startswith("sqlite") else request.getfixturevalue("postgresql_server")
    name = server.create_database() if server else ""
    database = Database(server.url(name) if server else f"sqlite:///{tmp_path / 'described.db'}")
    with database.write() as connection:
        metadata.create_all(connection)
    yield database
    database.close()
    if server:
        server.drop_database(name)


def described(database):
    """Every column, key, index and option, as the database itself says it."""
    with database.read() as connection:
        rows = connection.execute(text(SQLITE if connection.dialect.name == "sqlite" else POSTGRESQL)).all()
    return sorted(str(row) for row in map(_words, rows) if VERSION_TABLE not in str(row))


def _words(row):
    """A row's values; what a table's statement lists is sorted, for the order of its keys says nothing."""
    values = [" ".join(str(value).split()) for value in row]
    start, _, rest = values[-1].partition("(")
    if start.startswith("CREATE TABLE"):
        listed, _, end = rest.rpartition(")")
        values[-1:] = [start, *sorted(part.strip() for part in re.split(r",(?![^(]*\))", listed)), end]
    return values


def test_migrations_make_what_the_tables_say(url, by_tables):
    with closing(Database(url)) as migrated:
        assert migrated.create_schema() == Upgrade(None, migrations.HEAD)
        migrated.require_schema()
        assert len(described(migrated)) > len(metadata.tables)
        assert described(migrated) == described(by_tables)
        with migrated.read() as connection:
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    with pytest.raises(NoDatabaseError, match=r"did not make \(.*use an empty database"):
        by_tables.create_schema()


def test_the_programs_revision_is_the_last_one():
    config = Config()
    config.set_main_option("script_location", str(migrations.__path__[0]))
    assert ScriptDirectory.from_config(config).get_current_head() == migrations.HEAD


def test_upgrading_again_and_by_two_at_once_changes_nothing(url):
    def upgrade(_):
        with closing(Database(url)) as database:
            return database.create_schema()

    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(upgrade, range(2)))
    assert {done.before for done in both} == {None, migrations.HEAD}
    assert upgrade(0) == Upgrade(migrations.HEAD, migrations.HEAD)


def test_an_upgrade_from_the_first_schema_keeps_every_row(url, monkeypatch):
    with closing(Database(url)) as database:
        monkeypatch.setattr("amarvote.store.schema.HEAD", "0001")
        assert database.create_schema() == Upgrade(None, "0001")
        monkeypatch.undo()
        add_election(database, "of the first schema", "accept", [])
        with database.write() as connection:
            for ordinal, (first, last) in enumerate([(0, 50), (50, 60)]):
                connection.execute(
                    text(
                        "INSERT INTO chunks (phase_id, election_id, ordinal, level, first, last, state, attempt,"
                        f" errors, deaths, due_at) SELECT id, election_id, {ordinal}, 0, {first}, {last}, 'ready',"
                        " 0, 0, 0, 0.0 FROM phases"
                    )
                )
        with pytest.raises(NoDatabaseError, match="older version"):
            database.require_schema()
        assert database.create_schema() == Upgrade("0001", migrations.HEAD)
        with database.read() as connection:
            rows = connection.execute(select(chunks).order_by(chunks.c.id)).all()
    assert [(row.first, row.last, row.state, row.traceparent) for row in rows] == [
        (0, 50, "ready", None),
        (50, 60, "ready", None),
    ]


def test_an_upgrade_that_fails_leaves_nothing_behind(url, monkeypatch):
    monkeypatch.setattr("amarvote.store.schema.HEAD", "9999")
    with closing(Database(url)) as database:
        with pytest.raises(Exception, match="9999"):
            database.create_schema()
        monkeypatch.undo()
        with database.read() as connection:
            assert inspect(connection).get_table_names() == []


@pytest.mark.parametrize(
    ("found", "words"),
    [("0000", "older version.*run amarvote db upgrade"), ("9999", "newer version.*update AmarVote")],
)
def test_another_revision_is_refused_with_what_to_do(url, found, words):
    with closing(Database(url)) as database:
        database.create_schema()
        with database.write() as connection:
            connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '{found}'"))
        with pytest.raises(NoDatabaseError, match=words):
            database.require_schema()
        if found > migrations.HEAD:
            with pytest.raises(NoDatabaseError, match=words):
                database.create_schema()


@pytest.mark.parametrize(
    ("head", "found", "works"),
    [("0001", "0002", True), ("0002", "0999", True), ("0002", "1003", False), ("1003", "0002", False)],
)
def test_programs_work_with_newer_tables_of_their_age_only(url, monkeypatch, head, found, works):
    with closing(Database(url)) as database:
        database.create_schema()
        with database.write() as connection:
            connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '{found}'"))
        monkeypatch.setattr("amarvote.store.schema.HEAD", head)
        if works:
            database.require_schema()
            assert database.create_schema() == Upgrade(found, found), "what is newer stays"
        else:
            with pytest.raises(NoDatabaseError, match=r"update AmarVote|stop what works with it meanwhile"):
                database.require_schema()


def revisions():
    config = Config()
    config.set_main_option("script_location", str(migrations.__path__[0]))
    return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]


def test_within_an_age_changes_only_add(url, monkeypatch):
    """Whatever a program of the revision before reads, writes or leaves out is still allowed."""
    last, before = "", {}
    with closing(Database(url)) as database:
        for revision in revisions():
            monkeypatch.setattr("amarvote.store.schema.HEAD", revision)
            database.create_schema()
            with database.read() as connection:
                found = forms(connection)
                assert tied_to_rows_written_anew(connection) == set()
            if last and same_age(revision, last):
                assert not before.keys() - found.keys()
                for table, form in before.items():
                    require_only_more(form, found[table])
            last, before = revision, found


def require_only_more(before, found):
    (columns, unique), (now_columns, now_unique) = before, found
    assert {name: now_columns.get(name) for name in columns} == columns
    added = [now_columns[name] for name in now_columns.keys() - columns.keys()]
    assert all(nullable or default is not None for _, nullable, default in added)
    assert now_unique <= unique, "keys that old programs do not know"


def tied_to_rows_written_anew(connection):
    """Tables with keys to ballots or the roll, whose rows go when a list is frozen (`pipeline.shuffling`)."""
    looked = inspect(connection)
    return {
        table
        for table in looked.get_table_names()
        if any(key["referred_table"] in ("ballots", "roll") for key in looked.get_foreign_keys(table))
    }


def forms(connection):
    """Of each table: its columns with type, nullability and default, and what has to be unique."""
    looked = inspect(connection)
    found = {}
    for table in looked.get_table_names():
        columns = {
            column["name"]: (str(column["type"]), column["nullable"], column["default"])
            for column in looked.get_columns(table)
        }
        unique = {tuple(one["column_names"]) for one in looked.get_unique_constraints(table)}
        unique |= {tuple(one["column_names"]) for one in looked.get_indexes(table) if one["unique"]}
        found[table] = (columns, unique | {tuple(looked.get_pk_constraint(table)["constrained_columns"])})
    return found


def test_the_command_says_what_it_did_and_what_is_next(url, command):
    run = partial(command, "db", "upgrade", AMARVOTE_DATABASE_URL=url)
    code, out, err = run()
    assert (code, err) == (0, "")
    assert f"was empty and has schema {migrations.HEAD} now.\nNext: amarvote token operator" in out
    password = url.partition("@")[0].rpartition(":")[2]
    if "@" in url:
        assert password not in out
    assert "nothing was done" in run()[1]
    code, out, _ = run("--json")
    assert code == 0
    done = json.loads(out)
    assert (done["before"], done["after"]) == (migrations.HEAD, migrations.HEAD)
    code, out, err = run("--database", "mysql://somewhere")
    assert (code, out) == (2, "")
    assert "postgresql+psycopg://USER@HOST/NAME" in err
