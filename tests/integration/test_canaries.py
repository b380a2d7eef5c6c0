"""No secret, no vote and no token in any log, nor in what Prometheus or the public reads.

Canaries are planted in a real service, on PostgreSQL and RabbitMQ, in which as much goes wrong as can be arranged:
strangers, nonsense, a database and a broker that refuse or vanish, a constraint whose error quotes the whole row,
a chunk that cannot be computed. Then everything that was written down is searched for them.
"""

import base64
import hashlib
import json
import os
import secrets
import signal
import sys
import time
from pathlib import Path

import httpx
import psycopg
import pytest

import plain_http
from canaries import leaked
from faults.service.stack import Process
from servers.processes import free_port
from staging import people
from staging.served import guardian_token

AMARVOTE = Path(sys.executable).with_name("amarvote")
PATIENCE = 60.0


@pytest.mark.parametrize("offset", range(4))
def test_a_canary_is_found_however_it_is_written(offset):
    canary = {"secret": secrets.token_bytes(32)}
    around = secrets.token_bytes(offset), secrets.token_bytes(7)
    whole = around[0] + canary["secret"] + around[1]
    ways = (
        bytes,
        lambda some: some.hex().encode(),
        base64.b64encode,
        base64.urlsafe_b64encode,
        lambda some: repr(some).encode(),
    )
    assert [leaked(canary, b"..." + way(whole) + b"...") for way in ways] == [["secret"]] * 5
    assert leaked(canary, base64.b64encode(secrets.token_bytes(100))) == []


class Planted:
    """A running service, and the canaries in it."""

    def __init__(self, opened, broker_url, folder, monkeypatch, command):
        self.stage = opened
        self.folder = folder
        self.broker_url = broker_url
        self.database_url = opened.url
        self.canaries = {
            "the database's password": opened.url.partition("@")[0].rpartition(":")[2],
            "the broker's password": broker_url.partition("@")[0].rpartition(":")[2],
            "the officer's token": opened.creation.officer.value,
            "a device's token": opened.creation.devices["device-1"].value,
            "a guardian's token": guardian_token(opened, 1),
        }
        nonces = iter(range(1000))

        def nonce():
            drawn = secrets.token_bytes(32)
            self.canaries[f"ballot nonce {next(nonces)}"] = drawn
            return drawn

        monkeypatch.setattr(people, "random_bytes32", nonce)
        self.processes = []
        self.command = command
        self.said_at_once = []
        """Of commands that end by themselves."""

    def plant(self, name, value=None):
        self.canaries[name] = value or f"canary-{secrets.token_hex(12)}"
        return self.canaries[name]

    def vote(self):
        """A ballot not yet submitted; its voter's token and its identifier's secret are canaries."""
        vote = self.stage.make(1)
        self.plant(f"vote token {self.stage.voters}", vote.token)
        self.plant(f"hash of vote token {self.stage.voters}", hashlib.sha256(vote.token).digest())
        self.plant(f"secret of ballot {self.stage.voters}", vote.secret)
        return vote

    def start(self, name, *arguments, **environment):
        urls = {"AMARVOTE_DATABASE_URL": self.database_url, "AMARVOTE_BROKER_URL": self.broker_url}
        process = Process(
            name, [str(AMARVOTE), *map(str, arguments)], self.folder / f"{name}.log", {**urls, **environment}
        )
        self.processes.append(process)
        return process

    def address(self):
        return self.database_url.replace("+psycopg", "")

    def run(self, statement):
        with psycopg.connect(self.address(), autocommit=True) as connection:
            return connection.execute(statement)

    def wait(self, met, what):
        until = time.monotonic() + PATIENCE
        while not met():
            assert time.monotonic() < until, f"in vain: {what}\n" + "\n".join(one.said() for one in self.processes)
            time.sleep(0.05)

    def written(self):
        return b"".join([one.log.read_bytes() for one in self.processes] + self.said_at_once)


@pytest.fixture
def planted(opened, rabbitmq_url, tmp_path, monkeypatch, command):
    made = Planted(opened, rabbitmq_url, tmp_path, monkeypatch, command)
    yield made
    for process in made.processes:
        process.kill()


@pytest.mark.parametrize("opened", ["postgresql"], indirect=True)
def test_nothing_that_is_secret_is_written_down(planted):
    port, health = free_port(), free_port()
    api = planted.start("api", "api", "--port", port)
    worker = planted.start("worker", "worker", "--name", "w", "--health-port", health)
    root = f"http://127.0.0.1:{port}"
    base = f"{root}/elections/{planted.stage.creation.election_id}"
    planted.wait(
        lambda: answers(f"{root}/health/ready") and answers(f"http://127.0.0.1:{health}/health/ready"), "ready"
    )

    strangers(planted, base)
    nonsense(planted, base)
    refused_by_the_database(planted, base, api, worker)
    not_to_be_computed(planted, base, worker)
    wrong_addresses(planted)
    cut_off(planted, base, api, worker)

    said = "\n".join(plain_http.get(f"http://127.0.0.1:{one}/metrics").text for one in (port, health))
    public = json.dumps(reasons(planted))
    assert leaked(planted.canaries, planted.written()) == []
    assert leaked(planted.canaries, said.encode()) == []
    assert leaked(planted.canaries, public.encode()) == []
    for line in (api.log.read_text() + worker.log.read_text()).splitlines():
        assert json.loads(line)["event"]


def answers(address):
    try:
        return plain_http.get(address).status_code == 200
    except httpx.TransportError:
        return False


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def put(base, token, body, kind="application/octet-stream"):
    return plain_http.put(
        f"{base}/ballots", content=body, headers={**bearer(token), "Content-Type": kind}, timeout=30
    )


def strangers(planted, base):
    wrong = planted.plant("a wrong token", secrets.token_hex(32))
    for path in ("/officer/close", "/invitations", "/devices", "/tokens"):
        assert plain_http.post(f"{base}{path}", headers=bearer(wrong), json={}).status_code in (401, 405, 422)
    assert plain_http.get(f"{base}/progress?token={planted.plant('a token in a query')}").status_code == 200
    assert plain_http.get(f"{base}/{planted.plant('a token in a path')}").status_code == 404
    basic = base64.b64encode(f"me:{planted.plant('a password')}".encode()).decode()
    assert plain_http.post(f"{base}/officer/close", headers={"Authorization": f"Basic {basic}"}).status_code == 401
    secret = planted.plant("an invitation's secret", secrets.token_hex(32))
    assert plain_http.post(f"{base}/guardians", headers=bearer(secret), json={"x": secret}).status_code >= 400
    put(base, planted.plant("a vote token that is on no roll", secrets.token_hex(32)), planted.vote().body)


def nonsense(planted, base):
    device, officer = planted.canaries["a device's token"], planted.canaries["the officer's token"]
    body = planted.vote().body
    choice = planted.plant("a choice")
    assert put(base, device, body[:100]).status_code == 422
    assert put(base, device, body[:-1] + b"x" * 100_000).status_code in (413, 422)
    for content in (
        {"token": body[:32].hex(), "ballot": {"choice": choice}, "commitments": ""},
        {"token": body[:32].hex(), "choice": choice},
        {"token": body[:32].hex() + choice},
        [choice],
    ):
        assert put(base, device, json.dumps(content).encode(), "application/json").status_code == 422
    assert (
        put(base, device, f'{{"token": "{body[:32].hex()}", {choice}'.encode(), "application/json").status_code
        == 422
    )
    entry = {"token_sha256": choice, "style": {"choice": choice}, "weight": choice, choice: 1}
    assert plain_http.put(f"{base}/roll", headers=bearer(officer), json={"entries": [entry]}).status_code == 422


def refused_by_the_database(planted, base, api, worker):
    """Constraints that are not to be met: PostgreSQL's own words quote the row."""
    device = planted.canaries["a device's token"]
    planted.run("ALTER TABLE ballots ADD CONSTRAINT canary CHECK (state <> 'submitted') NOT VALID")
    assert put(base, device, planted.vote().body).status_code == 500
    planted.run("ALTER TABLE ballots DROP CONSTRAINT canary")
    planted.wait(lambda: "CheckViolation" in api.said(), "the API logs what the database refused")
    voter = planted.plant("a voter's name")
    planted.run(f"UPDATE roll SET voter = '{voter} ' || encode(token_hash, 'hex')")
    planted.run("ALTER TABLE roll ADD CONSTRAINT canary CHECK (state <> 'spent') NOT VALID")
    assert put(base, device, planted.vote().body).status_code == 202
    planted.wait(lambda: "CheckViolation" in worker.said(), "the worker logs what the database refused")
    planted.wait(lambda: "CheckViolation" in str(reasons(planted)), "so does the chunk")
    (reason,) = [one for one in reasons(planted) if "CheckViolation" in one]
    assert reason == "CheckViolation, a defect of the service. What happened stands in its log."
    planted.run("ALTER TABLE roll DROP CONSTRAINT canary")
    planted.wait(lambda: accepted(base) == 1, "the ballot is accepted all the same")


def reasons(planted):
    """Why chunks failed, which everybody may read."""
    return [str(row[0]) for row in planted.run("SELECT reason FROM chunks WHERE reason IS NOT NULL").fetchall()]


def accepted(base):
    return plain_http.get(f"{base}/progress").json()["ballots"]["accepted"]


def not_to_be_computed(planted, base, worker):
    """A child dies, and the next one raises: the election's manifest is not to be read."""
    vote = planted.vote()
    planted.run("CREATE TABLE kept AS SELECT manifest FROM elections")
    planted.run("UPDATE elections SET manifest = '{'")
    os.kill(worker.child(), signal.SIGKILL)  # it has read the manifest before
    assert put(base, planted.canaries["a device's token"], vote.body).status_code == 202
    planted.wait(lambda: "ManifestError" in worker.said(), "the worker logs what its child said")
    planted.run("UPDATE elections SET manifest = kept.manifest FROM kept")


def wrong_addresses(planted):
    """Passwords that are wrong, or that nobody can read."""
    database, broker = (url.rpartition("@")[2] for url in (planted.database_url, planted.broker_url))
    bad = planted.plant("a wrong password")
    odd = planted.plant("a password with a slash", f"canary/{secrets.token_hex(8)}")
    worker, api = ("worker", "--health-port", "0"), ("api", "--port", "0")
    cases = [
        (worker, "DATABASE", f"postgresql+psycopg://amarvote:{bad}@{database}", "password authentication failed"),
        (worker, "BROKER", f"amqp://amarvote:{bad}@{broker}", "does not serve us"),
        (api, "DATABASE", f"postgresql+psycopg://amarvote:{odd}@{database}", "password authentication failed"),
    ]
    refused = [
        (worker, "DATABASE", f"postgresql+psycopg://amarvote:a@h:{odd}/d", "The database's address is"),
        (worker, "DATABASE", f"{odd}://{database}", "The database's address is"),
        (worker, "BROKER", f"amqp://amarvote:{odd}@{broker}", "The broker's address is"),
    ]
    started = [
        (planted.start(f"wrong-{number}", *command, **{f"AMARVOTE_{which}_URL": url}), words)
        for number, (command, which, url, words) in enumerate(cases)
    ]
    urls = {"AMARVOTE_DATABASE_URL": planted.database_url, "AMARVOTE_BROKER_URL": planted.broker_url}
    for command, which, url, words in refused:
        ended = planted.command(*command, **{**urls, f"AMARVOTE_{which}_URL": url})
        assert ended.returncode != 0
        assert words in ended.stderr
        planted.said_at_once += [ended.stdout.encode(), ended.stderr.encode()]
    for process, words in started:
        planted.wait(lambda: words in process.said(), words)  # noqa: B023 - called before the next round
        process.kill()


def cut_off(planted, base, api, worker):
    """The database throws everybody out and lets nobody in for a while."""
    name = planted.database_url.rpartition("/")[2]
    everybody = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    vote = planted.vote()
    with psycopg.connect(planted.address().replace(f"/{name}", "/postgres"), autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        admin.execute(everybody)
        assert put(base, planted.canaries["a device's token"], vote.body).status_code == 503
        planted.wait(lambda: "not currently accepting" in api.said(), "the API says what is missing")
        planted.wait(lambda: "not currently accepting" in worker.said(), "the worker says what is missing")
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    planted.wait(lambda: answers(f"{base}/progress"), "it goes on")
