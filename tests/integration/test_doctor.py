"""`amarvote doctor` on real PostgreSQL, RabbitMQ, API over TLS, worker: all is well, then one thing goes wrong."""

import copy
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import warnings
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pika
import pytest
from sqlalchemy import func, insert, select, text, update

from amarvote.backups.kept import TIME, listing
from amarvote.backups.taking import take
from amarvote.doctor import (
    address,
    backups,
    database,
    examination,
    guardians,
    machine,
    round_trip,
    secrets,
    workers,
)
from amarvote.doctor.findings import State
from amarvote.doctor.system import System
from amarvote.elections import rehearsals
from amarvote.elections.errors import NotFound
from amarvote.elections.services import Services
from amarvote.pipeline import trial
from amarvote.queues.amqp import ARGUMENTS, CHUNKS, DEAD
from amarvote.store.database import Database
from amarvote.store.migrations import HEAD
from amarvote.store.schema import VERSION_TABLE
from amarvote.store.tables import chunk_results, chunks, elections, phases
from amarvote.store.tables import guardians as guardian_rows
from certificates import Authority
from servers.processes import free_port
from staging.rows import fresh_database, make_schema
from staging.stage import Stage
from staging.tls import TlsService

OF_A_TRIAL = (elections, phases, chunks, chunk_results)


@dataclass(frozen=True)
class Well:
    """A system of which everything is well."""

    stage: Stage
    system: System
    authority: Authority
    worker: subprocess.Popen[bytes]

    def found(self, look, **changed):
        """The findings of one check, where something is changed."""
        return list(look(replace(self.system, **changed)))

    def query(self, *arguments):
        with self.system.database.write() as connection:
            return connection.execute(*arguments)


def start_worker(environment):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AMARVOTE_")}
    command = [sys.executable, "-m", "amarvote.worker", "--name", "the-worker"]
    return subprocess.Popen(command, env=kept | environment, stderr=subprocess.DEVNULL)


def wait(met, seconds=60.0):
    until = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture(scope="module")
def well(tmp_path_factory, postgresql_server, rabbitmq_server, plain_guardians, plain_manifest):
    folder = tmp_path_factory.mktemp("well")
    url = postgresql_server.url(
        postgresql_server.create_database(postgresql_server.template("tables", make_schema))
    )
    stage = Stage(folder, plain_guardians, plain_manifest, url=url)
    stage.prepare(voters=3)
    for guardian in (1, 2, 3):
        rehearsals.note(stage.service, guardian)
    vhost = rabbitmq_server.create_vhost()
    files = {"database": url, "broker": rabbitmq_server.url(vhost), "tls-key": "another secret"}
    (folder / "secrets").mkdir()
    for name, content in files.items():
        (folder / "secrets" / name).write_text(f"{content}\n")
        (folder / "secrets" / name).chmod(0o640)
    named = {name: folder / "secrets" / name for name in ("database", "broker")}
    authority = Authority(folder)
    api = TlsService(stage, authority.issue(days=90))
    groups = folder / "groups"
    groups.mkdir()
    (groups / "cgroup.controllers").touch()
    (groups / "memory.max").write_text("1000000000\n")
    take(url, folder / "backups")
    system = System(
        Database(url),
        rabbitmq_server.url(vhost),
        rabbitmq_server.metrics,
        f"https://127.0.0.1:{api.port}",
        authority.file,
        folder / "backups",
        tuple(named.values()),
        groups=groups,
    )
    worker = start_worker({f"AMARVOTE_{name.upper()}_URL_FILE": str(file) for name, file in named.items()})
    made = Well(stage, system, authority, worker)
    try:
        wait(lambda: states(made.found(workers.workers)) == {State.OK})  # RabbitMQ's metrics are a second old
        yield made
    finally:
        worker.kill()
        worker.wait()
        api.close()
        system.database.close()
        stage.service.close()
        rabbitmq_server.delete_vhost(vhost)


def states(findings):
    return {finding.state for finding in findings}


def only(findings, state):
    """The one finding in this state, which says what to do; all others are well."""
    assert states(findings) <= {state, State.OK}, findings
    (found,) = [finding for finding in findings if finding.state is state]
    assert found.todo
    return found.seen


@pytest.fixture
def run(well, monkeypatch, command):
    """Runs the command over the system; its exit code and what it printed."""

    def examine(*arguments, **changed):
        system = replace(well.system, **changed)
        for name, file in zip(("DATABASE", "BROKER"), system.secrets, strict=True):
            monkeypatch.setenv(f"AMARVOTE_{name}_URL_FILE", str(file))
        monkeypatch.setattr("amarvote.cli.doctor.System", partial(System, groups=system.groups))
        given = [
            "--api",
            system.api,
            "--ca",
            system.ca,
            "--backups",
            system.backups,
            "--rabbitmq",
            system.rabbitmq,
        ]
        return command("doctor", *given, *arguments)[:2]

    return examine


def rows(well):
    with well.system.database.read() as connection:
        return [connection.execute(select(func.count()).select_from(table)).scalar_one() for table in OF_A_TRIAL]


def test_all_is_well_and_nothing_is_left_behind(well, run):
    before = rows(well)
    code, out = run("--json")
    told = json.loads(out)
    assert (code, {line["state"] for line in told["checks"]}) == (0, {"ok"}), out
    assert [line["check"] for line in told["checks"]] == [check.name for check in examination.CHECKS]
    assert told["next"].startswith("All 12 lines are well")
    assert all(finding["seen"] for line in told["checks"] for finding in line["findings"])
    (trip,) = next(line["findings"] for line in told["checks"] if line["check"] == "round trip")
    assert "by the broker to worker the-worker and back in" in trip["seen"]
    assert rows(well) == before
    code, out = run()
    assert code == 0
    assert all(check.name in out for check in examination.CHECKS)
    password = well.system.broker.partition("@")[0].rpartition(":")[2]
    assert password not in out


def test_a_trial_is_no_election(well):
    services = Services(well.system.database)
    before = services.listing("", 100)
    made = well.system.database.transact(trial.begin)
    try:
        assert services.listing("", 100) == before
        with pytest.raises(NotFound):
            services.open(made)
    finally:
        wait(lambda: well.system.database.transact(lambda connection: trial.remove(connection, made)))
    abandoned = well.system.database.transact(trial.begin)  # by a doctor that was killed
    look = lambda: well.system.database.transact(lambda connection: trial.look(connection, abandoned))  # noqa: E731
    wait(lambda: look().state == "done")
    # whose worker was of an earlier version, which kept a result of every chunk
    well.query(insert(chunk_results).values(chunk_id=look().id, fields={}, data=b""))
    well.query(update(phases).where(phases.c.election_id == abandoned).values(started_at=0.0))
    assert states(well.found(round_trip.round_trip)) == {State.OK}
    assert services.listing("", 100) == before
    assert rows(well)[0] == len(before["items"])


# ---- database


def test_other_tables(well, run):
    for revision, state in (("0001", State.FAILED), ("0999", State.ATTENTION), ("1999", State.FAILED)):
        with changed_revision(well, revision):
            assert f"schema {revision}" in only(well.found(database.migrations), state)
    with changed_revision(well, "0001"):
        assert states(well.found(round_trip.round_trip)) == {State.NOT_CHECKED}
        code, out = run("--json")
    told = json.loads(out)
    assert code == 1
    assert told["next"].startswith("Do not open voting yet (database). First: Make a backup")


@contextmanager
def changed_revision(well, revision):
    well.query(text(f"UPDATE {VERSION_TABLE} SET version_num = '{revision}'"))
    try:
        yield
    finally:
        well.query(text(f"UPDATE {VERSION_TABLE} SET version_num = '{HEAD}'"))


def test_nothing_in_the_database_and_no_database(well, run, postgresql_url, tmp_path, monkeypatch):
    with closing(Database(postgresql_url)) as empty:
        assert "nothing of AmarVote" in only(well.found(database.migrations, database=empty), State.FAILED)
    monkeypatch.setattr("amarvote.store.engines.CONNECT_SECONDS", 1)
    away = tmp_path / "database"
    away.write_text(f"postgresql+psycopg://a:hushhush@127.0.0.1:{free_port()}/b\n")
    away.chmod(0o600)
    code, out = run("--json", secrets=(away, well.system.secrets[1]))
    assert (code, list(json.loads(out))) == (2, ["error"])
    assert "does not answer" in out
    assert "hushhush" not in out
    with closing(Database(away.read_text().strip())) as lost:
        lines = list(examination.examine(replace(well.system, database=lost)))
    told = {line.check.name: line for line in lines}
    assert not examination.answers(lines)
    for name in ("database", "round trip", "guardians", "api"):
        (finding,) = told[name].findings
        assert (finding.state, finding.seen.count("does not answer")) == (State.NOT_CHECKED, 1)
    assert {told[name].state for name in ("tls", "backup", "queues", "disk")} == {State.OK}


def test_an_api_whose_database_is_away_or_that_is_another_service(well):
    lost = copy.copy(well.stage)
    lost.url = f"postgresql+psycopg://a:b@127.0.0.1:{free_port()}/c"
    api = TlsService(lost, well.authority.issue(days=90))
    try:
        where = f"https://127.0.0.1:{api.port}"
        assert "answers 503: " in only(well.found(address.api, api=where), State.FAILED)
        assert "answers 404: " in only(well.found(address.api, api=f"{where}/another"), State.FAILED)
    finally:
        api.close()


class _AnHourAgo(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def date_time_string(self, timestamp=None):
        return super().date_time_string(time.time() - 3600)

    def log_message(self, *args):
        pass


def test_a_clock_that_goes_wrong(well):
    server = ThreadingHTTPServer(("127.0.0.1", 0), _AnHourAgo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        where = f"http://127.0.0.1:{server.server_address[1]}"
        assert "behind this machine's" in only(well.found(database.clocks, rabbitmq=where), State.FAILED)
        (of_api,) = [one for one in well.found(database.clocks) if well.system.api in one.seen]
        assert "agrees with this machine's within 1 s" in of_api.seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# ---- workers and queues


@pytest.fixture
def lonely(well, postgresql_tables):
    """The same system over a database that no worker knows."""
    opened = Database(postgresql_tables)
    yield replace(well.system, database=opened)
    opened.close()


def test_no_worker(lonely):
    assert "No worker's heart beats" in only(list(workers.workers(lonely)), State.FAILED)
    assert "no worker to take it" in only(list(round_trip.round_trip(lonely)), State.FAILED)


@contextmanager
def channel_to(url):
    with closing(pika.BlockingConnection(pika.URLParameters(url))) as connection:
        yield connection.channel()


def test_somebody_else_consumes(well):
    with channel_to(well.system.broker) as channel:
        channel.basic_qos(prefetch_count=10)
        channel.basic_consume(CHUNKS, lambda *_: None)
        wait(lambda: len([one for one in well.found(workers.workers) if one.state is State.FAILED]) == 2)
        seen = " ".join(one.seen for one in well.found(workers.workers))
        assert "knows 2 consumers, and only 1 workers" in seen
        assert "a prefetch of 1, 10" in seen
        channel.connection.process_data_events()
    wait(lambda: {one.state for one in well.found(workers.workers)} == {State.OK})  # others ask the same service


def test_a_worker_that_has_another_broker(well, rabbitmq_url):
    with channel_to(rabbitmq_url) as channel:
        declare(channel)
        found = well.found(workers.workers, broker=rabbitmq_url)
    assert "knows 0 consumers, and 1 workers' hearts beat" in " ".join(
        one.seen for one in found if one.state is State.FAILED
    )


def test_a_worker_that_stands_still(well, monkeypatch):
    monkeypatch.setattr(round_trip, "PATIENCE", 0.5)
    before = rows(well)
    well.worker.send_signal(signal.SIGSTOP)
    try:
        said = only(well.found(round_trip.round_trip), State.FAILED)
    finally:
        well.worker.send_signal(signal.SIGCONT)
    assert "did not come back within" in said
    assert rows(well) == before
    monkeypatch.undo()
    assert states(well.found(round_trip.round_trip)) == {State.OK}


def test_two_of_one_name(well):
    made = [well.system.database.transact(trial.begin) for _ in range(2)]
    wait(
        lambda: (
            well.query(
                select(chunks.c.state).where(chunks.c.state != "done", chunks.c.election_id.in_(made))
            ).first()
            is None
        )
    )
    for one in made:
        well.query(
            update(chunks)
            .where(chunks.c.election_id == one)
            .values(state="running", worker="the-worker", lease_until=4e9)
        )
    said = " ".join(one.seen for one in well.found(workers.workers) if one.state is State.FAILED)
    assert "holds 2 chunks at once" in said
    for one in made:
        well.query(update(chunks).where(chunks.c.election_id == one).values(state="done"))
        assert well.system.database.transact(lambda connection, one=one: trial.remove(connection, one))


def declare(channel, *without):
    if "exchange" not in without:
        channel.exchange_declare(DEAD, "fanout", durable=True)
    for name in (CHUNKS, DEAD):
        if name not in without:
            channel.queue_declare(name, durable=True, arguments=ARGUMENTS[name])
    if not {"binding", "exchange", DEAD} & set(without):
        channel.queue_bind(DEAD, DEAD)


def test_a_queue_that_is_classic(well, rabbitmq_url):
    with channel_to(rabbitmq_url) as channel:
        declare(channel, CHUNKS)
        channel.queue_declare(CHUNKS, durable=True, arguments={"x-dead-letter-exchange": DEAD})
        said = only(well.found(workers.queues, broker=rabbitmq_url), State.FAILED)
    assert f"queue {CHUNKS} is not as workers declare it" in said
    assert "x-queue-type" in said


def test_a_queue_that_is_not_durable_or_sends_its_dead_elsewhere(well, rabbitmq_url):
    with channel_to(rabbitmq_url) as channel:
        declare(channel, CHUNKS, DEAD)
        channel.queue_declare(DEAD, durable=False)
        channel.queue_bind(DEAD, DEAD)
        arguments = {name: value for name, value in ARGUMENTS[CHUNKS].items() if "dead" not in name}
        channel.queue_declare(CHUNKS, durable=True, arguments=arguments)
        found = [one.seen for one in well.found(workers.queues, broker=rabbitmq_url) if one.state is State.FAILED]
    assert ["x-dead-letter-exchange" in found[0], "'durable'" in found[1], len(found)] == [True, True, 2]


def test_no_queue_of_dead_letters(well, rabbitmq_url):
    with channel_to(rabbitmq_url) as channel:
        declare(channel, DEAD)
        for _ in range(2):  # looking does not make it
            found = [
                one.seen for one in well.found(workers.queues, broker=rabbitmq_url) if one.state is State.FAILED
            ]
            assert found == [f"The queue {DEAD} is missing.", f"The exchange {DEAD} is bound to no queue."]


def test_dead_letters_that_go_nowhere_or_lie_there(well, rabbitmq_server, rabbitmq_url):
    vhost = rabbitmq_url.rpartition("/")[2]
    with channel_to(rabbitmq_url) as channel:
        declare(channel, "binding")
        assert "is bound to no queue" in only(well.found(workers.queues, broker=rabbitmq_url), State.FAILED)
        channel.queue_bind(DEAD, DEAD)
        channel.basic_publish("", DEAD, b"7")
        wait(lambda: rabbitmq_server.depths(vhost)[DEAD] == 1)
        wait(lambda: states(well.found(workers.queues, broker=rabbitmq_url)) == {State.OK, State.ATTENTION}, 10)
        assert "1 dead letters" in only(well.found(workers.queues, broker=rabbitmq_url), State.ATTENTION)


def test_no_broker_that_answers_and_one_that_shows_nothing(well):
    gone = f"amqp://a:secret@127.0.0.1:{free_port()}/b"
    for look in (workers.queues, workers.workers):
        assert "does not let us in" in only(well.found(look, broker=gone), State.FAILED)
    assert "is amqp://" in only(well.found(workers.queues, broker="http://x"), State.FAILED)
    silent = f"http://127.0.0.1:{free_port()}"
    for look in (workers.queues, workers.workers, machine.disks, database.clocks):
        assert "gives no metrics" in only_unchecked(well.found(look, rabbitmq=silent))


def only_unchecked(findings):
    (found,) = [one for one in findings if one.state is not State.OK]
    assert found.state is State.NOT_CHECKED
    return found.seen


# ---- machine, secrets, address


def test_a_full_disk(well, full_disk):
    full_disk.fill()
    said = only(well.found(machine.disks, backups=full_disk.path), State.FAILED)
    assert said.startswith(f"Backups ({full_disk.path}): 0.0 GB")


def test_a_secret_that_everybody_may_read(well, run):
    secret = well.system.secrets[0].with_name("tls-key")
    secret.chmod(0o644)
    try:
        assert str(secret) in only(well.found(secrets.files), State.FAILED)
    finally:
        secret.chmod(0o640)
    assert "database-password, grafana-password" in str(well.found(secrets.files))
    assert "stand in the environment" in only(well.found(secrets.files, secrets=()), State.ATTENTION)
    well.system.secrets[0].chmod(0o644)
    try:
        code, _ = run()
    finally:
        well.system.secrets[0].chmod(0o640)
    assert code == 64, "no program starts with such an address"


@pytest.mark.parametrize(
    ("days", "state", "words"), [(-1, State.FAILED, "expired"), (5, State.ATTENTION, "for 4 more")]
)
def test_a_certificate_that_ends(well, days, state, words):
    api = TlsService(well.stage, well.authority.issue(days=days))
    try:
        assert words in only(well.found(address.tls, api=f"https://127.0.0.1:{api.port}"), state)
    finally:
        api.close()


def test_a_certificate_of_another_authority_and_no_address(well, tmp_path):
    stranger = Authority(tmp_path, "stranger")
    assert "does not hold" in only(well.found(address.tls, ca=stranger.file), State.FAILED)
    assert "does not answer" in only(well.found(address.api, ca=stranger.file), State.FAILED)
    assert "No TLS with" in only(well.found(address.tls, api=f"https://127.0.0.1:{free_port()}"), State.FAILED)
    assert "not encrypted" in only(well.found(address.tls, api="http://vote.example.org"), State.FAILED)
    assert states(well.found(address.tls, api=None)) == {State.NOT_CHECKED}
    assert states(well.found(address.api, api=None)) == {State.NOT_CHECKED}


def test_protocols_that_are_too_old(well):
    certificate, key = well.authority.issue(days=90)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context.minimum_version = ssl.TLSVersion.TLSv1
    listening = socket.create_server(("127.0.0.1", 0))

    def serve():
        for _ in range(2):
            there, _ = listening.accept()
            context.wrap_socket(there, server_side=True).close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        where = f"https://127.0.0.1:{listening.getsockname()[1]}"
        assert "TLS 1.1 or older" in only(well.found(address.tls, api=where), State.ATTENTION)
    finally:
        thread.join()
        listening.close()


# ---- guardians, backups


def test_a_guardian_without_rehearsal(well):
    mine = guardian_rows.c.election_id == well.stage.creation.election_id
    for missing, state in (([2], State.ATTENTION), ([2, 3], State.FAILED)):
        well.query(
            update(guardian_rows).where(mine, guardian_rows.c.number.in_(missing)).values(rehearsed_at=None)
        )
        try:
            said = only(well.found(guardians.rehearsals), state)
        finally:
            well.query(update(guardian_rows).where(mine).values(rehearsed_at=1.0))
        assert f"missing: {', '.join(map(str, missing))}." in said
    own = elections.c.id == well.stage.creation.election_id
    for state, expected in (("ceremony", State.ATTENTION), ("published", State.OK)):
        well.query(update(elections).where(own).values(state=state))
        try:
            assert states(well.found(guardians.rehearsals)) == {expected}
        finally:
            well.query(update(elections).where(own).values(state="open"))


def test_a_backup_that_is_old_damaged_or_missing(well, tmp_path):
    folder = tmp_path / "kept"
    assert "cannot be read" in only(well.found(backups.newest, backups=folder), State.FAILED)
    backup = take(well.system.database.url, folder).backup
    assert states(well.found(backups.newest, backups=folder)) == {State.OK}
    earlier = (backup.taken_at - timedelta(days=1, minutes=1)).strftime(TIME)
    for file in (backup.path, backup.digest_file):
        file.rename(file.with_name(file.name.replace(backup.taken_at.strftime(TIME), earlier)))
    assert "24.0 hours old" in only(well.found(backups.newest, backups=folder), State.FAILED)
    (old,) = listing(folder)
    with old.path.open("r+b") as file:
        file.write(b"?")
    assert "is damaged" in only(well.found(backups.newest, backups=folder), State.FAILED)
    old.digest_file.unlink()
    assert "no complete backup" in only(well.found(backups.newest, backups=folder), State.FAILED)
    assert states(well.found(backups.newest, backups=None)) == {State.NOT_CHECKED}


# ---- the list itself


def test_what_hangs_or_breaks_is_a_line(well, monkeypatch):
    def hang(system):
        time.sleep(30)
        yield

    def break_off(system):
        raise RuntimeError("something that nobody thought of")
        yield

    checks = [examination.Check(name, "", look) for name, look in (("hangs", hang), ("breaks", break_off))]
    monkeypatch.setattr(examination, "CHECKS", checks)
    monkeypatch.setattr(examination, "LONGEST", 3.0)
    lines = list(examination.examine(well.system))
    assert [line.state for line in lines] == [State.NOT_CHECKED] * 2
    assert "nobody thought of" in lines[1].findings[0].seen
    assert examination.next_step(lines).startswith(
        "What was looked at is well; not everything was looked at (hangs,"
    )


def test_on_a_laptop(tmp_path, monkeypatch, command):
    """SQLite, no broker, no certificate: what is well, what does not apply, and what was not named."""
    monkeypatch.setattr(machine, "ENOUGH_FREE", machine.LEAST_FREE)
    opened = fresh_database(tmp_path)
    take(opened.url, tmp_path / "backups")
    worker, system, port = start_worker({"AMARVOTE_DATABASE_URL": opened.url}), System(opened), free_port()
    api = subprocess.Popen(
        [sys.executable, "-m", "amarvote.api.serve", "--database", opened.url, "--port", str(port)],
        stderr=subprocess.DEVNULL,
    )

    def run(*arguments):
        ended = command("doctor", "--database", opened.url, "--json", *arguments)
        told = json.loads(ended.stdout)
        by_state = {}
        for line in told["checks"]:
            by_state.setdefault(line["state"], []).append(line["check"])
        return ended.returncode, by_state, told

    try:
        wait(lambda: system.workers())
        wait(lambda: address.date_of_api(replace(system, api=f"http://127.0.0.1:{port}")) is not None)
        code, by_state, told = run()
        assert (code, by_state["not checked"]) == (1, ["api", "tls", "backup"])
        assert "by the database to worker the-worker" in str(told)
        code, by_state, told = run("--api", f"http://127.0.0.1:{port}", "--backups", tmp_path / "backups")
    finally:
        for process in (worker, api):
            process.kill()
            process.wait()
        opened.close()
    assert (code, set(by_state)) == (0, {"ok", "does not apply"}), told
    assert by_state["does not apply"] == ["queues", "memory", "tls"]
    assert told["next"].startswith("All 9 lines that apply here are well (not: queues, memory, tls):")
