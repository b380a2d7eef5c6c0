"""HTTP over a real socket: roles, bounds, shapes; and the two commands that make and serve an election."""

import base64
import hashlib
import json
import stat
import subprocess
import sys
import threading
import time

import httpx
import pytest
import uvicorn

from amarvote.api.application import application
from amarvote.api.bodies import LARGEST_MAIL
from amarvote.elections.envelopes import largest_submission
from staging.people import token_of


class Served:
    """A stage behind its API."""

    def __init__(self, stage, client):
        self.stage = stage
        self.client = client

    def ask(self, method, path, role=None, number=0, **options):
        return self.client.request(method, path, headers=self.headers(role, number), **options)

    def headers(self, role, number=0):
        creation = self.stage.creation
        token = {
            None: None,
            "officer": creation.officer,
            "guardian": creation.guardians.get(number),
            "device": creation.devices.get(f"device-{number}"),
            "stranger": "nobody",
        }[role]
        return {} if token is None else {"Authorization": f"Bearer {token}"}


@pytest.fixture
def served(opened):
    """The open election, served on a socket by the real server in a thread."""
    path = opened.folder / "socket"
    server = uvicorn.Server(uvicorn.Config(application(opened.service), uds=str(path), log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), base_url="http://service") as client:
        yield Served(opened, client)
    server.should_exit = True
    thread.join()


def test_what_everybody_may_ask(served):
    election = served.ask("GET", "/election").json()
    assert (election["state"], election["n"], election["k"]) == ("open", 3, 2)
    assert base64.b64decode(election["h_e"]) == served.stage.context.h_e
    assert served.ask("GET", "/election/manifest").content == served.stage.context.manifest.raw
    listing = served.ask("GET", "/record").json()
    assert listing["phase"] == "setup"
    for file in listing["files"]:
        assert len(served.ask("GET", f"/record/{file['path']}").content) == file["size"]
    assert served.ask("GET", "/progress").json()["waiting_for"] == "Voting is open."
    missing = served.ask("GET", "/results")
    assert (missing.status_code, "once verified" in missing.json()["detail"]) == (404, True)
    assert served.ask("GET", "/run").json() == {"run": None, "checked_in": [], "set_aside": {}}


@pytest.mark.parametrize(
    "path", ["../election.db", "..%2Felection.db", "setup/../../election.db", "/etc/passwd", ""]
)
def test_the_record_gives_out_nothing_else(served, path):
    assert served.ask("GET", f"/record/{path}").status_code in (404, 307)


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("POST", "/officer/open", "officer"),
        ("POST", "/officer/close", "officer"),
        ("POST", "/officer/pause", "officer"),
        ("POST", "/officer/start-run", "officer"),
        ("PUT", "/officer/roll", "officer"),
        ("PUT", "/mail/ceremony/commit/0", "guardian"),
        ("GET", "/mail/ceremony/commit", "guardian"),
        ("POST", "/run/checkin", "guardian"),
        ("PUT", "/ballots", "device"),
        ("GET", "/devices/me", "device"),
        ("POST", "/devices/device-1/close", "device"),
    ],
)
def test_each_role_has_its_own_doors(served, method, path, role):
    assert served.ask(method, path).status_code == 401
    assert served.ask(method, path, "stranger").status_code == 401
    for other in {"officer", "guardian", "device"} - {role}:
        assert served.ask(method, path, other, 1).status_code == 403


def test_a_ballot_is_answered_with_202_and_the_same_again(served):
    vote = served.stage.make(1)
    for _ in range(2):
        answer = served.ask("PUT", "/ballots", "device", 1, content=vote.body)
        assert answer.status_code == 202
        assert answer.json() == {
            "id_b": vote.ballot.id_b.hex(),
            "state": "submitted",
            "confirmation_code": base64.b64encode(vote.ballot.confirmation_code).decode(),
        }
    served.stage.work()
    assert served.ask("GET", f"/ballots/{vote.ballot.id_b.hex()}").json() == {"state": "accepted", "findings": []}
    assert served.ask("PUT", "/ballots", "device", 1, content=vote.body).json()["state"] == "accepted"
    assert served.ask("GET", "/ballots/zz").status_code == 404


def test_refusals_have_their_status_and_a_sentence(served):
    vote = served.stage.make(1)
    cases = [
        (422, served.ask("PUT", "/ballots", "device", 1, content=b"nothing")),
        (409, served.ask("POST", "/officer/open", "officer")),
        (422, served.ask("POST", "/officer/start-run", "officer", content=b'{"guardians": [1], "more": 1}')),
        (422, served.ask("POST", "/officer/start-run", "officer", content=b"[" * 50_000)),
        (404, served.ask("POST", "/officer/retry", "officer", json={"phase": "accept", "ordinal": 99})),
        (404, served.ask("GET", "/mail/nothing/share", "guardian", 1)),
        (409, served.ask("PUT", "/mail/ceremony/complain/0", "guardian", 1, content=b"{}")),
        (422, served.ask("PUT", "/mail/ceremony/commit/x", "guardian", 1, content=b"")),
        (403, served.ask("POST", "/devices/device-2/close", "device", 1)),
        (409, served.ask("POST", "/run/checkin", "guardian", 1)),
        (413, served.ask("PUT", "/mail/ceremony/commit/0", "guardian", 1, content=b"x" * (LARGEST_MAIL + 1))),
        (413, served.ask("PUT", "/ballots", "device", 1, content=vote.body + b"x" * 100_000)),
        (413, served.ask("PUT", "/ballots", "device", 1, content=iter([b"x" * 4096] * 1000))),
    ]
    assert [answer.status_code for _, answer in cases] == [status for status, _ in cases]
    assert all(len(answer.json()["detail"]) > 10 for _, answer in cases)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/officer/set-aside", b'{"guardian": "1", "sentence": "a number in quotes"}'),
        ("/officer/set-aside", b'{"guardian": true, "sentence": "no number"}'),
        ("/officer/set-aside", b'{"guardian": 1.0, "sentence": "a fraction"}'),
        ("/officer/set-aside", b'{"guardian": [1], "sentence": "a list"}'),
        ("/officer/set-aside", b'{"guardian": 1180591620717411303424, "sentence": "more than a column holds"}'),
        ("/officer/start-run", b'{"guardians": [1180591620717411303424]}'),
        ("/officer/start-run", b'{"guardians": [[1]]}'),
        ("/officer/consent", b'{"sentence": "\\ud800"}'),
        ("/officer/consent", b'{"sentence": ""}'),
        ("/officer/retry", b'{"phase": "accept", "ordinal": [1]}'),
        ("/officer/retry", b'{"phase": "accept", "ordinal": 1180591620717411303424}'),
        ("/officer/retry", b'{"phase": ["accept"], "ordinal": 1}'),
        ("/officer/retry", b'{"phase": "\\ud800", "ordinal": 1}'),
        ("/officer/verdict", b'{"id_b": 5, "sentence": "x"}'),
    ],
)
def test_commands_with_values_of_another_kind_are_refused_and_do_nothing(served, path, body):
    before = served.ask("GET", "/progress").json()["events"]
    answer = served.ask("POST", path, "officer", content=body)
    assert (answer.status_code, len(answer.json()["detail"]) > 10) == (422, True)
    assert served.ask("GET", "/progress").json()["events"] == before


@pytest.mark.parametrize("to", ["-1", "x", "1.0", "", "1180591620717411303424", "%00", "\u0661"])
def test_mail_goes_to_a_guardians_number(served, to):
    answer = served.ask("PUT", f"/mail/ceremony/complain/0?to={to}", "guardian", 1, content=b"{}")
    assert (answer.status_code, len(answer.json()["detail"]) > 10) == (422, True)


def test_the_bound_on_ballots_is_above_every_real_one_and_not_far(served):
    body = served.stage.make({1: {1: 1}}).body
    most = largest_submission(served.stage.context.manifest.raw)
    assert len(body) <= most < 2 * len(body) + 8192


def test_the_officers_commands(served):
    entry = {"token_sha256": hashlib.sha256(token_of(77)).hexdigest(), "style": "all"}
    for added in (1, 0):
        answer = served.ask("PUT", "/officer/roll", "officer", json={"entries": [entry]})
        assert answer.json() == {"added": added}
    heavier = served.ask("PUT", "/officer/roll", "officer", json={"entries": [{**entry, "weight": 2}]})
    assert heavier.status_code == 409
    for broken in (
        {"style": "all"},
        {**entry, "style": "none"},
        {**entry, "style": ["all"]},
        {**entry, "weight": 0},
        {**entry, "token_sha256": "X"},
    ):
        assert served.ask("PUT", "/officer/roll", "officer", json={"entries": [broken]}).status_code == 422
    assert served.ask("POST", "/officer/pause", "officer").status_code == 204
    assert served.ask("GET", "/election").json()["paused"] is True
    assert served.ask("POST", "/officer/resume", "officer").status_code == 204
    consent = served.ask("POST", "/officer/consent", "officer", json={"sentence": "it is a test"})
    assert consent.status_code == 204
    verdict = served.ask("POST", "/officer/verdict", "officer", json={"id_b": "00" * 32, "sentence": "no"})
    assert verdict.status_code == 404
    aside = served.ask("POST", "/officer/set-aside", "officer", json={"guardian": 9, "sentence": "who?"})
    assert aside.status_code == 404
    assert served.ask("POST", "/officer/write-again", "officer").status_code == 409
    assert served.ask("POST", "/officer/close", "officer").status_code == 204


def test_a_device_learns_who_it_is_closes_and_starts_anew(served):
    me = served.ask("GET", "/devices/me", "device", 2).json()
    assert (me["name"], me["device_id"], me["closed"]) == ("device-2", "staged, device-2", False)
    assert served.ask("POST", "/devices/device-2/close", "device", 2).status_code == 204
    same = served.ask("POST", "/devices/device-2/restart", "device", 2, json={"device_id": me["device_id"]})
    assert same.status_code == 409
    for broken in ('"\\ud800"', '""', "5", "null", f'"{"x" * 1001}"'):
        body = f'{{"device_id": {broken}}}'.encode()
        answer = served.ask("POST", "/devices/device-2/restart", "device", 2, content=body)
        assert answer.status_code == 422
    other = served.ask("POST", "/devices/device-2/restart", "device", 2, json={"device_id": "staged, device-2b"})
    assert other.status_code == 204
    again = served.ask("GET", "/devices/me", "device", 2).json()
    assert (again["device_id"], again["closed"]) == ("staged, device-2b", False)
    assert again["h_di"] != me["h_di"]


def run_module(module, *arguments):
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_an_election_is_created_and_served_by_command(tmp_path, plain_manifest):
    manifest = tmp_path / "manifest.json"
    manifest.write_bytes(plain_manifest)
    database, tokens, socket = f"sqlite:///{tmp_path / 'e.db'}", tmp_path / "tokens", tmp_path / "socket"
    options = ["--database", database, "--guardians", 2, "--device", "d1", "--tokens", tokens]
    refused = run_module("amarvote.api.serve", "--database", database, "--socket", socket)
    assert refused.returncode == 2
    assert "holds no election" in refused.stderr
    bad = run_module("amarvote.api.create", *options, "--quorum", 3, "--manifest", manifest)
    assert (bad.returncode, "quorum" in bad.stderr) == (2, True)
    made = run_module("amarvote.api.create", *options, "--quorum", 2, "--manifest", manifest)
    assert made.returncode == 0
    content = json.loads(tokens.read_text())
    assert content["election"] == made.stdout.strip()
    assert (set(content["guardians"]), set(content["devices"])) == ({"1", "2"}, {"d1"})
    assert stat.S_IMODE(tokens.stat().st_mode) == 0o600
    assert run_module("amarvote.api.create", *options, "--quorum", 2, "--manifest", manifest).returncode == 0
    ambiguous = run_module("amarvote.api.serve", "--database", database, "--socket", socket)
    assert (ambiguous.returncode, "say which one with --election" in ambiguous.stderr) == (2, True)
    arguments = ["--database", database, "--socket", socket, "--election", content["election"]]
    server = subprocess.Popen([sys.executable, "-m", "amarvote.api.serve", *map(str, arguments)])
    try:
        while not socket.exists():
            assert server.poll() is None
            time.sleep(0.02)
        assert stat.S_IMODE(socket.stat().st_mode) & 0o077 == 0
        with httpx.Client(
            transport=httpx.HTTPTransport(uds=str(socket), retries=5), base_url="http://service"
        ) as client:
            assert client.get("/election").json()["id"] == content["election"]
            told = client.get("/progress").json()["waiting_for"]
        assert told == "Guardians [1, 2] have not sent theirs in round commit of the ceremony."
    finally:
        server.kill()
        server.wait()
