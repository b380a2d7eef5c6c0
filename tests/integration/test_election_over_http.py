"""A whole election over HTTP, with each request answered well at least once: as the document says, and by an API
that can raise nothing to a power.
"""

import hashlib
import re
import sys
from pathlib import Path

import pytest
import schemathesis
from sqlalchemy import select, update

import plain_http
from amarvote.elections import progress, tokens
from amarvote.signer import agent, home
from amarvote.store.tables import record_files
from programs import powerless_api
from servers import processes
from staging.handing_in import as_json
from staging.people import token_of

PROGRAM = Path(powerless_api.__file__)

WITHOUT_END = ("GET", "/elections/{election}/events")
"""tests/integration/test_events.py listens to it."""

WORDS = {"sentence": "a test has its reasons"}


class Asking:
    """Asks the API as everybody, and holds every answer against the document."""

    def __init__(self, client, stage):
        self.client = client
        self.stage = stage
        self.election = stage.creation.election_id
        self.document = client.get("/openapi.json").json()
        schema = schemathesis.openapi.from_dict(self.document)
        found = [one.ok() for one in schema.get_all_operations()]
        # of "/devices/me" and "/devices/{name}" the first is meant
        self.operations = sorted(found, key=lambda one: one.path.count("{"))
        self.well = set()
        self.tokens = {
            "operator": tokens.issue_operator(stage.service.database).value,
            "officer": stage.creation.officer.value,
            **{name: issued.value for name, issued in stage.creation.devices.items()},
        }
        self.known = {"election": self.election, "conversation": "ceremony", "round_name": "commit", "part": 0}

    def ask(self, method, path, role=None, **options):
        """Below the election, unless the path is the service's own."""
        path = path if path.startswith(("/elections", "/health")) else f"/elections/{self.election}{path}"
        headers = {} if role is None else {"Authorization": f"Bearer {self.tokens[role]}"}
        answer = self.client.request(method, path, headers=headers, **options)
        operation = self.operation(method, path.partition("?")[0])
        assert str(answer.status_code) in operation.definition.raw["responses"], (method, path, answer.text)
        assert answer.status_code < 500, (method, path, answer.text)
        operation.validate_response(answer)
        if answer.is_success:
            self.well.add((method, operation.path))
        return answer

    def well_asked(self, *arguments, **options):
        answer = self.ask(*arguments, **options)
        assert answer.is_success, (arguments, answer.text)
        return answer

    def operation(self, method, path):
        for one in self.operations:
            names = re.sub(r"\{\w+\}", "[^/]+", one.path.replace("{path}", ".+"))
            if one.method.upper() == method and re.fullmatch(names, path):
                return one
        raise AssertionError(f"The document has no {method} {path}.")

    def look_at_all(self):
        """Everything that is only looked at, as the election stands; not all of it is there in each state."""
        phase = self.well_asked("GET", "/phases").json()["items"]
        if phase:
            self.known["phase"] = phase[0]["id"]
            chunk = self.well_asked("GET", f"/phases/{phase[0]['id']}/chunks").json()["items"]
            self.known |= {"chunk": chunk[0]["id"]} if chunk else {}
        listed = self.well_asked("GET", "/record").json()["files"]
        self.known |= {"path": listed[0]["path"]} if listed else {}
        for one in self.operations:
            names = re.findall(r"\{(\w+)\}", one.path)
            if one.method.upper() != "GET" or one.path == WITHOUT_END[1] or not self.known.keys() >= set(names):
                continue
            (role,) = {name for needed in one.definition.raw.get("security", []) for name in needed} or {None}
            numbered = {"guardian": "guardian-1", "device": "device-1"}
            query = {"code": self.known.get("code", "0" * 64)} if one.path.endswith("/proof") else {}
            query = {"first": 1, "second": 2} if one.path.endswith("/consistency") else query
            self.ask("GET", one.path.format(**self.known), numbered.get(role, role), params=query)


@pytest.fixture
def asking(stage, tmp_path):
    """Before the ceremony."""
    port, log = processes.free_port(), tmp_path / "api.log"
    command = [sys.executable, str(PROGRAM), "--database", stage.url, "--port", str(port)]
    process = processes.start(command, log)
    try:
        processes.wait_until(lambda: processes.accepts(port), process, log)
        with plain_http.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield Asking(client, stage)
    finally:
        processes.end(process, 15)
    assert powerless_api.SENTENCE not in log.read_text()


def test_every_request_of_an_election_is_answered_well_without_any_power(asking, stage, tmp_path):
    found_and_prepare(asking, stage, tmp_path)
    vote_and_close(asking, stage, tmp_path)
    decrypt(asking, stage)
    publish(asking, stage)
    everything = {(one.method.upper(), one.path) for one in asking.operations}
    assert everything - asking.well == {WITHOUT_END}


def found_and_prepare(asking, stage, tmp_path):
    """Who takes part; the ceremony; the roll."""
    schema = asking.document["components"]["schemas"]["NewElection"]["properties"]
    new = {name: value["examples"][0] for name, value in schema.items() if "examples" in value}
    asking.well_asked("POST", "/elections", "operator", json=new)
    for number in (1, 2, 3):
        invited = asking.well_asked("POST", "/invitations", "officer", json={"guardian": number}).json()
        token = f"{number}" * 64
        joining = {
            "invitation": invited["invitation"],
            "token_sha256": hashlib.sha256(token.encode()).hexdigest(),
        }
        asking.well_asked("POST", "/join", json=joining)
        asking.tokens[f"guardian-{number}"] = token
    officer = asking.well_asked("POST", "/officers", "operator").json()
    asking.well_asked("DELETE", f"/tokens/{officer['id']}", "officer")
    asking.well_asked("POST", "/devices", "officer", json={"name": "device-9"})
    asking.well_asked("POST", "/remote-voting", "officer", json={"shards": 1})
    home.create(tmp_path / "signer", "board.example.org")
    key = str(home.Home(tmp_path / "signer").signer.verifier)
    signer = asking.well_asked("PUT", "/board/signer", "officer", json={"verifier_key": key}).json()
    asking.tokens["signer"] = signer["token"]
    for name, sent in stage.guardians.messages.items():
        for (sender, to), payload in sent.items():
            path = f"/mail/ceremony/{name}/0?to={to}"
            asking.well_asked("PUT", path, f"guardian-{sender}", content=payload)
    asking.look_at_all()
    stage.work()
    asking.well_asked("POST", "/rehearsal", "guardian-1")
    entries = [
        {"token_sha256": hashlib.sha256(token_of(number)).hexdigest(), "style": "all"} for number in range(1, 10)
    ]
    asking.well_asked("PUT", "/roll", "officer", json={"entries": entries})
    voters = {"entries": [{"voter": "register 1", "style": "all"}]}
    asking.well_asked("POST", "/roll/tokens", "officer", json=voters)
    asking.well_asked("POST", "/roll/reissue", "officer", json={"voter": "register 1"})
    asking.well_asked("POST", "/roll/revoke", "officer", json={"voter": "register 1"})
    asking.well_asked("POST", "/officer/open", "officer")


def vote_and_close(asking, stage, tmp_path):
    """Ballots of every kind, of which one ends up with the officer; the signed board."""
    title = asking.well_asked("GET", "").json()["title"]
    asking.well_asked(
        "POST", "/devices/device-2/restart", "device-2", json={"device_id": f"{title}, device-2, second chain"}
    )
    asking.well_asked("POST", "/devices/device-2/close", "device-2")
    votes = [stage.make(1), stage.make(2), stage.make(1, challenge=True)]
    for vote in votes:
        asking.well_asked("PUT", "/ballots", "device-1", content=vote.body)
    asking.well_asked("PUT", "/ballots", "device-1", json=as_json(stage.make(1)))
    asking.known |= {"id_b": votes[0].ballot.id_b.hex(), "code": votes[0].ballot.confirmation_code.hex()}
    stage.work()
    asking.look_at_all()
    for number in range(3):
        vote = stage.make(2)
        asking.well_asked("PUT", "/ballots", "device-1", content=vote.body)
        stage.computer.before = break_off
        stage.work()
        stage.computer.before = lambda message: None
        (failed,) = progress.progress(stage.service)["failed"]
        if number == 0:
            asking.well_asked("POST", f"/chunks/{failed['id']}/retry", "officer")
        elif number == 1:
            asking.well_asked("POST", "/chunks/retry", "officer")
        else:
            verdict = {"id_b": vote.ballot.id_b.hex(), **WORDS}
            asking.well_asked("POST", "/officer/verdict", "officer", json=verdict)
        stage.work()
    asking.well_asked("POST", "/officer/pause", "officer")
    asking.well_asked("POST", "/officer/resume", "officer")
    asking.well_asked("POST", "/officer/close", "officer")
    stage.work()
    assert stage.state() == "waiting_for_guardians"
    agent.run(OfSigner(asking), home.Home(tmp_path / "signer"))
    asking.look_at_all()


def break_off(message):
    if message.kind == "accept":
        raise RuntimeError("a parser has a defect")


class OfSigner:
    """What the signer asks."""

    def __init__(self, asking):
        self.asking = asking

    def get(self, path, **parameters):
        return self.asking.well_asked("GET", path, params=parameters)

    def put(self, path, body, **parameters):
        return self.asking.well_asked("PUT", path, "signer", params=parameters, content=body)


def decrypt(asking, stage):
    """A run of two guardians, the third is set aside."""
    asking.well_asked("POST", "/officer/consent", "officer", json=WORDS)
    asking.well_asked("POST", "/officer/set-aside", "officer", json={"guardian": 3, **WORDS})
    for number in (1, 2):
        asking.well_asked("POST", "/run/checkin", f"guardian-{number}")
    asking.well_asked("POST", "/officer/start-run", "officer", json={"guardians": [1, 2]})
    run = asking.well_asked("GET", "/run").json()
    asking.known |= {"conversation": run["run"], "round_name": "share"}
    stage.put = lambda run, name, part, sender, payload: put(asking, run, name, part, sender, payload)
    stage.answer(run)


def put(asking, run, name, part, sender, payload):
    path = f"/mail/{run['run']}/{name}/{part}"
    asking.well_asked("PUT", path, f"guardian-{sender}", content=payload)
    if name == "reveal" and part == 0:
        asking.look_at_all()


def publish(asking, stage):
    """The first record is damaged before it is verified, and written again."""
    stage.work(until="verifying")
    asking.look_at_all()
    with stage.service.database.write() as connection:
        last = select(record_files).order_by(record_files.c.phase.desc(), record_files.c.path).limit(1)
        file = connection.execute(last).one()
        where = (record_files.c.path == file.path, record_files.c.phase == file.phase)
        changed = file.data[:-20] + bytes([file.data[-20] ^ 1]) + file.data[-19:]
        connection.execute(update(record_files).where(*where).values(data=changed))
    stage.work()
    assert stage.state() == "verification_failed"
    asking.look_at_all()
    asking.well_asked("POST", "/officer/write-again", "officer")
    stage.work()
    asking.look_at_all()
    assert asking.well_asked("GET", "/results").json()["totals"] == {"c1": {"o1": 2, "o2": 3}}
