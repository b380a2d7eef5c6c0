"""Backups of both databases, by the commands: of one moment, private, whole or not at all, overwriting nothing."""

import hashlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from amarvote.backups.kept import listing
from amarvote.backups.restoring import restore
from amarvote.device.journal import Journal, Submission
from amarvote.elections import board_desk, officer, results
from amarvote.elections.errors import NotFound
from amarvote.pipeline import chunks as life
from amarvote.pipeline import handing, sequencing
from amarvote.record.verifier import verify_record
from amarvote.signer import agent, home
from amarvote.signer.home import Home, SignerError
from amarvote.store.database import Database
from amarvote.store.schema import VERSION_TABLE
from amarvote.store.tables import buckets, chunks, metadata, turns
from staging.fixtures import BOTH, POSTGRESQL
from staging.handing_in import submit
from staging.rows import add_election
from staging.signing import Direct
from staging.stage import Stage

AMARVOTE = Path(sys.executable).with_name("amarvote")
EACH = pytest.mark.parametrize("opened", BOTH, indirect=True)


@pytest.fixture
def amarvote(command):
    """Runs a command; what it printed, on either stream."""

    def run(*arguments, url, code=0):
        ended = command(*arguments, AMARVOTE_DATABASE_URL=url)
        said = ended.stdout + ended.stderr
        assert ended.returncode == code, said
        return said

    return run


@pytest.fixture
def empty(request, tmp_path):
    """Addresses of empty databases of the kind of another one."""
    made = []

    def make(like):
        if like.startswith("sqlite"):
            return f"sqlite:///{tmp_path / f'empty-{len(list(tmp_path.iterdir()))}.db'}"
        server = request.getfixturevalue("postgresql_server")
        made.append(server.create_database())
        return server.url(made[-1])

    yield make
    for name in made:
        request.getfixturevalue("postgresql_server").drop_database(name)


def rows_of(url):
    with closing(Database(url)) as database, database.read() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table)).all()))
            for table in metadata.sorted_tables
        }


@EACH
def test_what_is_restored_is_what_was_there(opened, empty, amarvote, tmp_path):
    opened.vote(1)
    opened.work()
    opened.vote(2)
    told = json.loads(amarvote("backup", tmp_path / "kept", "--json", url=opened.url))
    (backup,) = listing(tmp_path / "kept")
    assert told["backup"] == str(backup.path)
    for file in (backup.path, backup.digest_file):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(backup.path.parent.stat().st_mode) == 0o700
    assert backup.digest_file.read_text() == (
        f"{hashlib.sha256(backup.path.read_bytes()).hexdigest()}  {backup.path.name}\n"
    )
    url = empty(opened.url)
    told = json.loads(amarvote("restore", backup.path, "--json", url=url))
    state = {"id": opened.creation.election_id, "title": "staged", "state": "open", "ballots": 2}
    assert told["elections"] == [state]
    assert rows_of(url) == rows_of(opened.url)
    with closing(Database(url)) as restored:
        restored.require_schema()
        add_election(restored, "another", "accept", [(0, 1)])  # numbers that the database gives go on
    assert "nothing is overwritten" in amarvote("restore", backup.path, url=opened.url, code=2)


@pytest.mark.parametrize("both", BOTH, indirect=True)
def test_a_backup_is_of_one_moment_while_others_write(both, empty, amarvote, tmp_path):
    over = threading.Event()

    def write():
        number = 0
        while not over.is_set():
            number += 1
            with both.write() as connection:  # two tables in one transaction
                connection.execute(insert(turns).values(name=f"{number:06}", at=0.0))
                connection.execute(insert(buckets).values(key=f"{number:06}", level=0.0, at=0.0))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        time.sleep(0.2)
        amarvote("backup", tmp_path / "kept", url=both.url)
    finally:
        over.set()
        writer.join()
    (backup,) = listing(tmp_path / "kept")
    url = empty(both.url)
    amarvote("restore", backup.path, url=url)
    with closing(Database(url)) as restored, restored.read() as connection:
        names = list(connection.execute(select(turns.c.name).order_by(turns.c.name)).scalars())
        keys = list(connection.execute(select(buckets.c.key).order_by(buckets.c.key)).scalars())
    assert names == keys
    assert names
    with both.read() as connection:
        assert len(names) < len(connection.execute(select(turns)).all()), "nobody was held up"


@pytest.mark.parametrize("both", BOTH, indirect=True)
def test_what_is_damaged_old_new_or_of_another_kind(both, empty, amarvote, tmp_path):
    amarvote("backup", tmp_path, url=both.url)
    (backup,) = listing(tmp_path)
    url = empty(both.url)
    other = "sqlite:///other.db" if backup.kind == POSTGRESQL else "postgresql+psycopg://u:p@127.0.0.1:1/x"
    assert "is a backup of" in amarvote("restore", backup.path, url=other, code=2)
    assert "not named like" in amarvote("restore", backup.digest_file, url=url, code=2)
    whole, digest = backup.path.read_bytes(), backup.digest_file.read_bytes()
    backup.path.write_bytes(whole[:-10_000])
    assert "is damaged" in amarvote("restore", backup.path, url=url, code=2)
    # cut before its digest was taken, for instance by a disk that was full
    backup.digest_file.write_text(f"{hashlib.sha256(backup.path.read_bytes()).hexdigest()}  {backup.path.name}\n")
    amarvote("restore", backup.path, url=url, code=2)
    backup.path.write_bytes(whole)
    backup.digest_file.unlink()
    assert "half of one" in amarvote("restore", backup.path, url=url, code=2)
    assert listing(tmp_path) == []
    backup.digest_file.write_bytes(digest)
    for revision, said in (("0001", "Next: amarvote db upgrade"), ("1002", "update AmarVote")):
        with both.write() as connection:
            connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '{revision}'"))
        folder = tmp_path / revision
        amarvote("backup", folder, url=both.url)
        (kept,) = listing(folder)
        assert said in amarvote("restore", kept.path, url=empty(both.url), code=0 if revision == "0001" else 2)


@pytest.mark.parametrize("kind", BOTH)
def test_where_nothing_is_nothing_is_left(kind, request, amarvote, tmp_path):
    url = request.getfixturevalue("postgresql_url") if kind == POSTGRESQL else f"sqlite:///{tmp_path / 'no.db'}"
    said = amarvote("backup", tmp_path / "kept", url=url, code=2)
    assert ("holds nothing of AmarVote" if kind == POSTGRESQL else "is not there") in said
    assert [file.name for file in (tmp_path / "kept").iterdir()] == ["lock"]
    (tmp_path / "file").touch()
    assert "cannot be written" in amarvote("backup", tmp_path / "file", url=url, code=2)
    url = f"sqlite:///{tmp_path / 'others.db'}"
    with closing(Database(url)) as database, database.write() as connection:
        connection.execute(text("CREATE TABLE other (id INTEGER)"))
    assert "holds nothing of AmarVote" in amarvote("backup", tmp_path / "kept", url=url, code=2)


RECORDER = """#!/bin/sh
printf '%s\\n' "$0 $*" >>{told}/arguments
printf '%s\\n' "$PGPASSWORD" >>{told}/passwords
{before}
exec {program} "$@"
"""


def wrapped(folder, before=""):
    """A path of programs in which pg_dump and pg_restore note how they were called."""
    programs = folder / "programs"
    programs.mkdir()
    for name in ("pg_dump", "pg_restore"):
        program = programs / name
        program.write_text(RECORDER.format(told=folder, program=shutil.which(name), before=before))
        program.chmod(0o755)
    return f"{programs}{os.pathsep}{os.environ['PATH']}"


def test_the_password_goes_by_the_environment_and_a_missing_program_is_named(
    postgresql_tables, empty, amarvote, monkeypatch, tmp_path
):
    password = postgresql_tables.partition("@")[0].rpartition(":")[2]
    monkeypatch.setenv("PATH", wrapped(tmp_path))
    amarvote("backup", tmp_path / "kept", url=postgresql_tables)
    (backup,) = listing(tmp_path / "kept")
    url = empty(postgresql_tables)
    amarvote("restore", backup.path, url=url)
    assert {"pg_dump", "pg_restore"} <= {
        Path(line.split()[0]).name for line in (tmp_path / "arguments").read_text().splitlines()
    }
    assert password not in (tmp_path / "arguments").read_text()
    assert password in (tmp_path / "passwords").read_text()
    away = f"postgresql+psycopg://amarvote:secret@127.0.0.1:1/{url.rpartition('/')[2]}"
    for command in (("backup", tmp_path / "away"), ("restore", backup.path)):
        said = amarvote(*command, url=away, code=2)
        assert "onnection" in said
        assert "secret" not in said
    monkeypatch.setenv("PATH", str(tmp_path))
    said = amarvote("backup", tmp_path / "another", url=postgresql_tables, code=2)
    assert "pg_dump is not installed here" in said


def test_ended_in_the_middle_it_leaves_nothing_and_two_do_not_meet(postgresql_tables, amarvote, tmp_path):
    path = wrapped(tmp_path, before="sleep 60")
    command = [AMARVOTE, "backup", tmp_path / "kept"]
    environment = {**os.environ, "AMARVOTE_DATABASE_URL": postgresql_tables, "PATH": path}
    running = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
    while not list((tmp_path / "kept").glob(".amarvote-*.new")):
        assert running.poll() is None
        time.sleep(0.01)
    said = amarvote("backup", tmp_path / "kept", url=postgresql_tables, code=2)
    assert "Another program works in" in said
    running.send_signal(signal.SIGTERM)
    _, told = running.communicate(timeout=30)
    assert (running.returncode, b"no backup was taken" in told) == (143, True)
    assert [file.name for file in (tmp_path / "kept").iterdir()] == ["lock"]
    (tmp_path / "kept" / ".amarvote-20200101T000000Z.postgresql.new").touch()  # of one that was killed
    amarvote("backup", tmp_path / "kept", url=postgresql_tables)
    assert len(list((tmp_path / "kept").iterdir())) == 3


@EACH
def test_an_election_goes_on_in_mid_tally(opened, empty, amarvote, tmp_path):
    """One chunk is claimed, another handed out; their worker is gone with the database."""
    for number in range(5):
        opened.vote(1 + number % 2)
    officer.close_voting(opened.service)
    opened.work(until="counting")
    short = replace(opened.service.settings, lease_seconds=0.2)
    with opened.service.database.write() as connection:
        handing.refill(connection, short)
        assert life.claim(connection, short, "gone") is not None
    amarvote("backup", tmp_path / "kept", url=opened.url)
    (backup,) = listing(tmp_path / "kept")
    twin = restored_to(opened, backup, empty(opened.url), tmp_path / "twin")
    time.sleep(0.3)
    twin.work()
    twin.answer(twin.run([1, 3]))
    twin.work()
    assert results.results(twin.service)["totals"] == {"c1": {"o1": 3, "o2": 2}}
    assert verify_record(twin.download()).passed
    with twin.service.database.read() as connection:
        assert {row.deaths for row in connection.execute(select(chunks).where(chunks.c.worker == "gone"))} <= {1}
    twin.service.close()


def restored_to(stage, backup, url, folder) -> Stage:
    """The stage over the database that a backup is restored to."""
    restore(backup.path, url)
    return stage.moved_to(folder, url)


def test_ballots_accepted_after_the_backup_are_missed_and_handed_in_again(opened, amarvote, tmp_path):
    """The signer notices; the device's journal has the ballot still."""
    verifier = home.create(tmp_path / "signer", "board.example.org")
    board_desk.name_signer(opened.service, str(verifier))
    signing = Home(tmp_path / "signer")
    opened.vote(1)
    opened.work()
    append(opened)
    amarvote("backup", tmp_path / "kept", url=opened.url)
    (backup,) = listing(tmp_path / "kept")
    journal = Journal(tmp_path)
    late = opened.make(2)
    journal.write(Submission(1, late.ballot.id_b, late.ballot.confirmation_code, late.body), None)
    opened.submit(late)
    opened.work()
    append(opened)
    agent.step(Direct(opened.service), signing)

    twin = restored_to(opened, backup, f"sqlite:///{tmp_path / 'restored.db'}", tmp_path / "twin")
    with pytest.raises(NotFound):
        twin.ballot_state(late)
    with pytest.raises(SignerError, match="restored from an older backup"):
        agent.step(Direct(twin.service), signing)
    submit(twin.service, 1, Journal(tmp_path).last().body)
    twin.work()
    append(twin)
    agent.step(Direct(twin.service), signing)
    twin.count([1, 2])
    assert results.results(twin.service)["totals"] == {"c1": {"o1": 1, "o2": 1}}
    assert verify_record(twin.download()).passed
    twin.service.close()


def append(stage):
    with stage.service.database.write() as connection:
        sequencing.complete(connection, stage.service.election_id)
