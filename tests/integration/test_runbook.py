"""docs/operations.md and backup.md, typed: each block marked `sh` at the running stack, and what comes of it."""

import json
import os
import shutil
import signal
import ssl
import subprocess
import time
from contextlib import closing
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from sqlalchemy import delete

import plain_http
from amarvote.doctor.findings import State
from amarvote.doctor.round_trip import round_trip
from amarvote.doctor.system import System
from amarvote.pipeline import chunks as life
from amarvote.pipeline import phases as order
from amarvote.pipeline.chunks import NewChunk
from amarvote.queues.amqp import CHUNKS
from amarvote.record.verifier import verify_record
from amarvote.store.database import Database, NoDatabaseError
from amarvote.store.tables import chunks, phases
from servers.missing import not_here
from stack import places, runbook
from stack.operating import Operator
from stack.places import HOST
from stack.voting import Election

PATIENCE = 60.0
TYPED = runbook.typed()
VHOST = "amarvote"


def until(met, what):
    deadline = time.monotonic() + PATIENCE
    while not (found := met()):
        assert time.monotonic() < deadline, f"It does not happen that {what}."
        time.sleep(0.1)
    return found


class Night:
    """The operator, an election in which everybody has voted, and one that was only made."""

    def __init__(self, stack, voted, spare, folder):
        self.stack = stack
        self.voted = voted
        self.spare = spare
        self.done = {}
        self.operator = Operator(stack, folder)
        self.client = httpx.Client(base_url=stack.url, verify=ssl.create_default_context(cafile=stack.ca))
        self.at(voted)

    def carry_out(self, heading):
        """The recipe, once; before it the one that it goes on from."""
        if heading in self.done:
            assert self.done[heading], f"{heading} has failed before."
            return
        if (before := AFTER.get(heading)) is not None:
            self.carry_out(before)
        self.done[heading] = False
        RECIPES[heading](self, TYPED[heading])
        self.done[heading] = True

    def at(self, election):
        """The recipe is about this election."""
        self.election = election
        self.operator.places["ID"] = election.id
        self.operator.bearer("officer", election.officer_token)
        self.operator.bearer("operator", election.operator_token)
        until(self.calm, "no replica shows any more what the recipe before has left")

    def progress(self):
        answer = self.client.get(f"/elections/{self.election.id}/progress")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def calm(self):
        path = f"/elections/{self.election.id}/progress"
        shown = [self.asked(name, path) for name in self.pids("api")]
        return all(one is not None and not one.json()["paused"] and not one.json()["failed"] for one in shown)

    def asked(self, name, path):
        """The answer of one part; None while it is just being started."""
        try:
            return plain_http.get(self.stack.url_of(name) + path, timeout=30)
        except httpx.TransportError:
            return None

    def alive(self):
        return sorted(one["name"] for one in self.progress()["workers"] if one["beat_age"] < 3)

    def pids(self, *kinds):
        return {name: part.pid for name, part in self.stack.parts.items() if name.startswith(kinds)}

    def ready(self):
        answers = [self.asked(name, "/health/ready") for name in self.pids("api", "worker")]
        return all(answer is not None and answer.status_code == 200 for answer in answers)


@pytest.fixture(scope="module")
def night(stack, election, tmp_path_factory):
    if shutil.which("jq") is None:
        not_here("jq")
    folder = tmp_path_factory.mktemp("night")
    with closing(Election(stack, folder / "spare")) as spare:
        night = Night(stack, election, spare, folder)
        with closing(night.client):
            yield night


def first_look(night, lines):
    night.at(night.spare)
    with (night.stack.logs / list(night.stack.parts)[-1]).open("a") as log:  # after all that is in others' logs
        log.write('{"event": "planted", "level": "warning"}\n{"event": "planted", "level": "error"}\n')
    waiting, parts, alerts, errors, doctor = (night.operator.types(line) for line in lines)
    assert errors.splitlines()[-1] == '{"event": "planted", "level": "error"}'
    assert '"warning"' not in errors
    assert waiting == "Guardians [1, 2] have not sent theirs in round commit of the ceremony.\n"
    assert {line.split()[0] for line in parts.splitlines()} == set(night.stack.parts)
    assert "exited" not in parts
    assert set(alerts.split()) <= {line.removeprefix("### ") for line in runbook.DOCUMENT.read_text().splitlines()}
    assert "The database's clock" in doctor
    assert "round trip" in doctor


def scale(night, lines):
    more, ask = lines
    night.operator.types(more)
    try:
        until(lambda: len(night.alive()) == 3, "three workers are alive")
        until(lambda: night.operator.types(ask).count('"beat_age"') >= 3, "both replicas show three")
    finally:
        night.stack.remove_worker()


def drain(night, lines):
    night.at(night.spare)
    stop, start, pause, running, resume = lines
    night.operator.types(stop)
    assert night.pids("worker") == {"worker-1": None, "worker-2": None}
    night.operator.types(start)
    assert None not in night.pids("worker").values()
    night.operator.types(pause)
    until(lambda: night.progress()["paused"], "it is paused")
    assert night.operator.types(running).strip() in ("null", "0")
    night.operator.types(resume)
    until(lambda: not night.progress()["paused"], "it goes on")


def restart(night, lines):
    before = night.pids("api", "nginx")
    night.operator.types(*lines)
    assert not set(before.values()) & set(night.pids("api", "nginx").values())
    until(lambda: night.client.get("/elections").status_code == 200, "nginx asks them again")


def stuck(night, lines):
    (ask,) = lines
    night.at(night.spare)
    said = night.operator.types(ask)
    first, end = json.JSONDecoder().raw_decode(said)
    assert first["waiting_for"].startswith("Guardians [1, 2] have not sent")
    assert (first["state"], first["paused"], first["failed"], first["held"]) == ("ceremony", False, [], 0)
    assert '"beat_age"' in said[end:]


def leaked(night, lines):
    night.at(night.spare)
    revoke, officers, listing, delete_it = lines
    path = f"/elections/{night.spare.id}"
    stolen = json.loads(night.operator.types(officers))
    was_operator = night.spare.operator_token
    night.spare.operator_token = night.operator.types(revoke).strip()
    night.operator.bearer("operator", night.spare.operator_token)
    mine = json.loads(night.operator.types(officers))
    night.operator.bearer("officer", mine["token"])
    rows = [json.loads(line) for line in night.operator.types(listing).splitlines()]
    assert {stolen["id"], mine["id"]} <= {row["token"] for row in rows if row["role"] == "officer"}
    night.operator.places["TOKEN_ID"] = str(stolen["id"])
    night.operator.types(delete_it)
    for token, way in ((stolen["token"], f"{path}/officer/pause"), (was_operator, f"{path}/officers")):
        asked = {"headers": {"Authorization": f"Bearer {token}"}}
        until(lambda way=way, asked=asked: night.client.post(way, **asked).status_code == 401, "it is revoked")


def leaked_password(night, lines):
    """With the old ones nothing opens, nor stays open; all is done with the new ones."""
    night.at(night.spare)
    was = {name: places.secret(night.stack.secrets, name) for name in ("database-url", "broker-url")}
    with closing(psycopg.connect(was["database-url"].replace("+psycopg", ""), autocommit=True)) as thief:
        night.operator.types(*lines)
        with pytest.raises(psycopg.OperationalError):
            thief.execute("SELECT 1")
    assert not (night.stack.secrets / "new").exists()
    until(night.ready, "all are ready again")
    until(lambda: night.client.get("/elections").status_code == 200, "nginx asks them again")
    now = {name: places.secret(night.stack.secrets, name) for name in was}
    with closing(Database(was["database-url"])) as database, pytest.raises(NoDatabaseError, match="password"):
        database.require_schema()
    settings, rabbitmqctl = night.stack.parts["rabbitmq"].server.control()
    told = subprocess.run(
        [rabbitmqctl, "authenticate_user", "amarvote", urlsplit(was["broker-url"]).password],
        env=night.stack.environment | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "failed to authenticate" in told.stderr
    with closing(Database(now["database-url"])) as database:
        assert [one.state for one in round_trip(System(database, now["broker-url"]))] == [State.OK]


def unsigned_board(night, lines):
    night.at(night.voted)
    look, create, name, run = lines
    head = json.loads(night.operator.types(look))
    assert (head["size"], head["signed"]) == (12, 0)
    night.operator.places["HOME"] = "signer"
    night.operator.places["VERIFIER"] = night.operator.types(create).strip()
    night.operator.types(name)
    signer = night.operator.begins(run)
    try:
        until(lambda: json.loads(night.operator.types(look))["signed"] == 12, "it is signed")
    finally:
        signer.terminate()
        signer.wait()


def lost_database(night, lines):
    """Backed up while voting is open. What comes after that is lost: the close, the whole count, the check-ins."""
    night.at(night.voted)
    backup, *restoring, drop = lines
    night.operator.types(backup)
    file = max(night.operator.backups.glob("*.postgresql"))  # they are named by time
    night.operator.places["FILE"] = file.name
    night.voted.close_voting()
    said = night.operator.types(*restoring)
    assert f"Election {night.voted.id} is open: 12 ballots." in said
    until(night.ready, "all are ready again")
    until(lambda: night.client.get("/elections").status_code == 200, "nginx asks them again")
    assert night.client.get(f"/elections/{night.voted.id}").json()["state"] == "open"
    shown = night.progress()
    assert (shown["ballots"]["accepted"], [one["name"] for one in shown["phases"]]) == (12, ["setup", "accept"])
    night.operator.types(drop)
    night.voted.close_voting()


def lost_guardian(night, lines):
    night.at(night.voted)
    look, start, aside, progress = lines
    night.voted.close_voting()
    assert json.loads(night.operator.types(look))["checked_in"] == [1, 2, 3]
    night.voted.lose(3)
    night.operator.types(start)
    until(lambda: "Guardians [3] have not sent" in night.operator.types(progress), "the lost one is awaited")
    night.operator.types(aside)
    night.voted.until("published")
    assert night.voted.service.get("/results").json()["totals"] == night.voted.expected
    verified = verify_record(night.voted.record(), processes=1)
    assert verified.passed, verified.findings


def memory_high(night, lines):
    (look,) = lines
    ended = [json.loads(line) for line in night.operator.types(look).splitlines()]
    assert ended
    assert all(one["phase"] and one["peak_kb"] for one in ended)


def worker_down(night, lines):
    night.stack.parts["worker-1"].stop()
    night.operator.types(*lines)
    until(lambda: len(night.alive()) == 2, "both are alive")


def no_progress(night, lines):
    before = night.pids("worker")
    night.operator.types(*lines)
    assert '"level"' in (night.operator.folder / "worker.log").read_text()
    assert not set(before.values()) & set(night.pids("worker").values())
    until(lambda: len(night.alive()) == 2, "both are alive")


def no_worker(night, lines):
    for worker in night.stack.of_kind("worker"):
        worker.stop()
    listed, *logs, start = lines
    assert night.operator.types(listed).count("exited") == 2
    assert "worker" in night.operator.types(*logs)
    night.operator.types(start)
    until(lambda: len(night.alive()) == 2, "both are alive")


def stands_still(night, lines):
    (ask,) = lines
    worker = night.stack.parts["worker-1"]

    def ages():
        said = night.operator.types(ask).strip().split("}\n")
        return {one["name"]: one["beat_age"] for one in (json.loads(f"{part.rstrip('}')}}}") for part in said)}

    os.kill(worker.pid, signal.SIGSTOP)
    try:
        until(lambda: min(seen := ages().values()) < 4 < max(seen), "its heart stands still, and no other")
    finally:
        os.kill(worker.pid, signal.SIGCONT)
    until(lambda: len(night.alive()) == 2, "both are alive")


def failed_chunk(night, lines):
    """A phase that this election is not ready for: every attempt at it is an error."""
    night.at(night.spare)
    database = Database(places.secret(night.stack.secrets, "database-url"))
    look, one, retry, retry_all = lines
    with closing(database):
        with database.write() as connection:
            life.add(connection, order.begin(connection, night.spare.id, "merge"), [NewChunk(0, 1, 0, None)])
        try:
            parked = until(lambda: night.progress()["failed"], "it fails")[0]
            seen = until(lambda: night.operator.types(look), "both replicas know it")
            assert json.loads(seen) == {name: parked[name] for name in ("id", "phase", "reason", "behind")}
            night.operator.places["CHUNK"] = str(parked["id"])
            shown = json.loads(night.operator.types(one))
            assert (shown["state"], shown["errors"], bool(shown["reason"])) == ("failed", 3, True)
            night.operator.types(retry)
            said = f"chunk {parked['id']} is tried again"
            until(lambda: said in night.progress()["events"], "it is tried again")
            until(lambda: json.loads(night.operator.types(retry_all)) == {"chunks": 1}, "it failed again")
        finally:
            with database.write() as connection:
                for table in (chunks, phases):
                    connection.execute(delete(table).where(table.c.election_id == night.spare.id))


def deep_queue(night, lines):
    listed, purge = lines
    queues = {"amarvote.chunks\t0\t2", "amarvote.dead\t0\t0"}
    until(
        lambda: queues <= set(night.operator.types(listed).splitlines()), "both workers consume, and all is done"
    )
    night.operator.types(purge)


def guardians_awaited(night, lines):
    """The election that was only made waits for both; a guardian of the other looks."""
    night.at(night.spare)
    night.operator.places["HOME"] = str(night.voted._home(1))
    awaited, status = lines
    assert night.operator.types(awaited).startswith("Guardians [1, 2] have not sent")
    assert night.operator.types(status).startswith("Guardian 1 of ")


def api_down(night, lines):
    night.stack.parts["api-1"].stop()
    listed, logs, *again = lines
    assert night.operator.types(listed).count("exited") == 1
    assert "The API listens" in night.operator.types(logs)
    night.operator.types(*again)
    until(night.ready, "all are ready")
    until(lambda: night.client.get("/elections").status_code == 200, "nginx asks them again")


def api_errors(night, lines):
    """A request whose table is away for a moment."""
    night.at(night.spare)
    url = places.secret(night.stack.secrets, "database-url").replace("+psycopg", "")
    with closing(psycopg.connect(url, autocommit=True)) as owner:
        owner.execute("ALTER TABLE checkpoints RENAME TO checkpoints_away")
        try:
            assert night.client.get(f"/elections/{night.spare.id}/board/head").status_code == 500
        finally:
            owner.execute("ALTER TABLE checkpoints_away RENAME TO checkpoints")
    (look,) = lines
    assert "/board/head failed" in night.operator.types(look)


def database_down(night, lines):
    _, connections, restart_it = lines
    before = night.stack.parts["postgres"].pid
    assert "amarvote" in night.operator.types(connections)
    night.operator.types(restart_it)
    assert night.stack.parts["postgres"].pid != before
    until(night.ready, "all are ready again, by themselves")


def broker_down(night, lines):
    """With a queue behind whose name nothing stands."""
    night.stack.parts["rabbitmq"].server.take_server(VHOST, CHUNKS)
    night.operator.types(*lines)
    until(night.ready, "workers have declared everything again")
    broker = places.secret(night.stack.secrets, "broker-url")
    with closing(Database(places.secret(night.stack.secrets, "database-url"))) as database:
        assert [one.state for one in round_trip(System(database, broker))] == [State.OK]


def full_disk(night, lines):
    said = night.operator.types(*lines)
    assert "Filesystem" in said
    assert " MB" in said or " kB" in said


def certificate(night, lines):
    copy, renew, show = lines
    ending = night.operator.types(show)
    for file, name in zip(night.stack.nginx.authority.issue(HOST, days=59), ("fullchain", "privkey"), strict=True):
        shutil.copy(file, night.operator.folder / f"{name}.pem")
    night.operator.types(copy)
    assert night.operator.types(show) == ending
    night.operator.types(renew)
    until(lambda: night.operator.types(show) not in ("", ending), "the new one is shown")
    until(lambda: night.client.get("/elections").status_code == 200, "nginx asks them again")


RECIPES = {
    "Operations": first_look,
    "Scale": scale,
    "Drain": drain,
    "Restart": restart,
    "Backup and restore": lost_database,
    "A guardian is lost": lost_guardian,
    "The tally seems stuck": stuck,
    "A token is leaked or lost": leaked,
    "A password is leaked": leaked_password,
    "The board is not signed": unsigned_board,
    "WorkerMemoryHigh": memory_high,
    "NoWorkerAlive": no_worker,
    "WorkerDown": worker_down,
    "WorkerStandsStill": stands_still,
    "ChunkFailed": failed_chunk,
    "PhaseWithoutProgress": no_progress,
    "QueueDeep": deep_queue,
    "GuardiansAwaited": guardians_awaited,
    "ApiDown": api_down,
    "ApiErrors": api_errors,
    "DatabaseDown": database_down,
    "BrokerDown": broker_down,
    "DiskFilling": full_disk,
    "CertificateExpires": certificate,
}

AFTER = {"A guardian is lost": "Backup and restore"}
"""It counts to its end what was restored."""


def test_every_marked_block_is_typed():
    assert set(TYPED) == set(RECIPES)


def test_a_recipe_without_one_says_why():
    assert runbook.untold() == set()


@pytest.mark.parametrize("heading", RECIPES)
def test_a_recipe_does_what_it_says(night, heading):
    night.carry_out(heading)
