"""Board and roll over HTTP: what the officer, the signer, voters and auditors ask, with their programs."""

import hashlib
import json
import subprocess
import sys
import time

import pytest

from amarvote.board.auditing import audit
from amarvote.board.checkpoints import open_checkpoint
from amarvote.board.notes import Signer, Verifier
from amarvote.cli import exits
from amarvote.pipeline import sequencing
from amarvote.signer import home as signers
from staging.people import token_of
from staging.served import serving


@pytest.fixture
def served(opened):
    with serving(opened) as served:
        yield served


def address_of(served):
    return f"{str(served.client.base_url).rstrip('/')}{served.base}"


def test_an_installation_signs_its_boards_and_one_that_cannot_be_signed_stops_no_other(served, tmp_path):
    """`amarvote up`'s signer: two homes, of which one has a token that nobody gave."""
    election = served.stage.creation.election_id
    for name, token in ((election, None), ("0" * 32, "nobody")):
        home = tmp_path / "signers" / name
        key = str(signers.create(home, "board.localhost"))
        issued = token or served.ask("PUT", "/board/signer", "officer", json={"verifier_key": key}).json()["token"]
        (home / "token").write_text(issued)
    vote = served.stage.vote(1)
    served.stage.work()
    code = vote.ballot.confirmation_code.hex()
    command = [sys.executable, "-m", "amarvote.launch.signing", str(served.client.base_url.port)]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as signing:
        until = time.monotonic() + 20
        while served.ask("GET", f"/codes/{code}").json()["proof"] is None and time.monotonic() < until:
            append(served.stage)
            time.sleep(0.1)
        signing.terminate()
        _, said = signing.communicate()
    assert served.ask("GET", f"/codes/{code}").json()["proof"]["size"] == 1
    assert f"{'0' * 32} is not signed any more" in said


def append(stage):
    with stage.service.database.write() as connection:
        sequencing.complete(connection, stage.service.election_id)


def test_a_signer_from_its_key_to_the_final_board(served, tmp_path, command):
    """`amarvote signer create`, named by the officer, `amarvote signer run` to the end; then an auditor's look."""
    stage, home = served.stage, tmp_path / "signer"
    created = command("signer", "create", home, "--name", "board.example.org")
    assert created.returncode == exits.OK
    key = created.stdout.strip()
    issued = served.ask("PUT", "/board/signer", "officer", json={"verifier_key": key})
    assert issued.status_code == 200
    (home / "token").write_text(issued.json()["token"] + "\n")
    votes = [stage.vote(1), stage.vote(2, challenge=True)]
    stage.work()
    code = votes[0].ballot.confirmation_code.hex()
    assert served.ask("GET", f"/codes/{code}").json()["proof"] is None
    served.ask("POST", "/officer/close", "officer")
    stage.work()
    address = address_of(served)
    assert command("signer", "run", home, "--api", address).returncode == exits.OK
    assert command("signer", "run", home, "--api", address).returncode == exits.OK
    verifier = Verifier.parse(key)
    checkpoint = open_checkpoint(served.ask("GET", "/board/checkpoint").text, verifier)
    head = served.ask("GET", "/board/head").json()
    assert (checkpoint.size, head["size"], head["signed"], head["final"]) == (2, 2, 2, True)
    found = served.ask("GET", f"/codes/{code}").json()
    assert (found["state"], found["status"], found["id_b"]) == ("accepted", "cast", votes[0].ballot.id_b.hex())
    assert found["proof"] == served.ask("GET", f"/board/proof?code={code}").json()
    whole = served.ask("GET", "/board")
    assert whole.headers["content-type"].startswith("text/plain")
    codes = sorted(vote.ballot.confirmation_code for vote in votes)
    assert audit(whole.text.splitlines(keepends=True), codes, verifier) == (checkpoint, [])
    assert served.ask("GET", "/board/codes").content == b"".join(codes)
    assert served.ask("GET", "/board/codes?first=1&count=1").content == codes[1]
    assert served.ask("GET", "/board/codes?first=2").content == b""
    assert served.ask("GET", "/board/consistency?first=1&second=2").json()["path"]


def test_the_signer_says_why_it_does_not_sign(served, tmp_path, command):
    address = address_of(served)
    home = tmp_path / "signer"
    run = ("signer", "run", str(home), "--api", address)
    assert command(*run).returncode == exits.UNREADABLE
    command("signer", "create", home, "--name", "board.example.org")
    refused = command("signer", "create", home, "--name", "x")
    assert (refused.returncode, "made once" in refused.stderr) == (exits.USAGE, True)
    refused = command(*run)
    assert (refused.returncode, "token cannot be read" in refused.stderr) == (exits.UNREADABLE, True)
    (home / "token").write_text("0" * 64)
    served.stage.vote(1)
    served.stage.work()
    append(served.stage)
    refused = command(*run)
    assert (refused.returncode, "not known here" in refused.stderr) == (exits.INTERNAL, True)
    # it has not signed for nothing: the same checkpoint is handed in once the officer has named it
    served.ask("POST", "/officer/close", "officer")
    served.stage.work()
    key = (home / "key").read_text().strip()
    issued = served.ask("PUT", "/board/signer", "officer", json={"verifier_key": str(Signer.parse(key).verifier)})
    (home / "token").write_text(issued.json()["token"])
    assert command(*run).returncode == exits.OK
    assert served.ask("GET", "/board/head").json()["signed"] == 1


def test_who_may_do_what_to_the_board(served):
    key = str(Signer.generate("board.example.org").verifier)
    for role, status in ((None, 401), ("stranger", 401), ("device-1", 403), ("guardian-1", 403)):
        answer = served.ask("PUT", "/board/signer", role, json={"verifier_key": key})
        assert answer.status_code == status
    assert served.ask("PUT", "/board/signer", "officer", json={"verifier_key": "x"}).status_code == 422
    token = served.ask("PUT", "/board/signer", "officer", json={"verifier_key": key}).json()["token"]
    for role in ("officer", "device-1"):
        assert served.ask("PUT", "/board/checkpoint", role, content=b"x").status_code == 403
    own = {"Authorization": f"Bearer {token}"}
    path = f"{served.base}/board/checkpoint"
    assert served.client.put(path, headers=own, content=b"x").status_code == 422
    assert served.client.put(path, headers=own, content=b"x" * 20_000).status_code == 413
    assert served.client.post(f"{served.base}/officer/close", headers=own).status_code == 403


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/board", 404),
        ("/board/checkpoint", 404),
        (f"/board/proof?code={'0' * 64}", 404),
        ("/board/proof", 422),
        ("/board/proof?code=x", 422),
        ("/board/consistency?first=1&second=1", 422),
        ("/board/consistency?first=0&second=1", 422),
        ("/board/consistency?first=1&second=99999999999999999999", 422),
        ("/board/codes?first=-1", 422),
        ("/board/codes?count=10001", 422),
        (f"/codes/{'0' * 64}", 404),
        ("/codes/x", 422),
    ],
)
def test_what_is_not_there_is_said(served, path, status):
    answer = served.ask("GET", path)
    assert (answer.status_code, answer.json()["status"]) == (status, status)


def test_the_officer_keeps_the_roll(served):
    def ask(method, path, **options):
        return served.ask(method, path, "officer", **options)

    entries = [{"voter": f"register {number}", "style": "all", "weight": 2} for number in range(3)]
    issued = ask("POST", "/roll/tokens", json={"entries": entries})
    assert issued.status_code == 201
    tokens = {one["voter"]: one["token"] for one in issued.json()["issued"]}
    assert ask("POST", "/roll/tokens", json={"entries": entries}).status_code == 409
    assert ask("POST", "/roll/revoke", json={"voter": "register 1"}).status_code == 204
    again = ask("POST", "/roll/reissue", json={"voter": "register 1"})
    assert again.status_code == 201
    assert again.json()["token"] != tokens["register 1"]
    hashed = hashlib.sha256(token_of(1)).hexdigest()
    assert ask("POST", "/roll/revoke", json={"token_sha256": hashed}).status_code == 204
    found, after = [], ""
    while after is not None:
        page = ask("GET", f"/roll?after={after}&limit=7").json()
        found += page["items"]
        after = page["next"]
    assert len(found) == 23
    assert [one["token_sha256"] for one in found] == sorted(one["token_sha256"] for one in found)
    assert {one["voter"] for one in found if one["voter"]} == set(tokens)
    assert [one["token_sha256"] for one in found if one["state"] == "revoked"] == [hashed]
    entry = {"token_sha256": "5f" * 32, "style": "all"}
    for _ in range(2):
        assert ask("PUT", "/roll", json={"entries": [entry]}).status_code == 200
    assert ask("PUT", "/roll", json={"entries": [{**entry, "weight": 3}]}).status_code == 409


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/roll/tokens", {"entries": [{"voter": "x", "style": "all", "weight": 0}]}),
        ("POST", "/roll/tokens", {"entries": [{"voter": "x"}]}),
        ("POST", "/roll/tokens", {"entries": "x"}),
        ("POST", "/roll/tokens", []),
        ("POST", "/roll/revoke", {}),
        ("POST", "/roll/revoke", {"voter": "x", "token_sha256": "5f" * 32}),
        ("POST", "/roll/reissue", {"voter": 7}),
        ("PUT", "/roll", {"entries": [{"token_sha256": "x", "style": "all"}]}),
        ("POST", "/remote-voting", {"shards": 0}),
        ("POST", "/remote-voting", {}),
    ],
)
def test_what_is_no_roll_is_refused_and_repeats_no_value(served, method, path, body):
    answer = served.ask(method, path, "officer", content=json.dumps(body))
    assert answer.status_code == 422
    assert "5f5f" not in answer.json()["detail"]


def test_the_roll_is_the_officers(served):
    for method, path in (
        ("PUT", "/roll"),
        ("GET", "/roll"),
        ("POST", "/roll/tokens"),
        ("POST", "/roll/revoke"),
        ("POST", "/roll/reissue"),
        ("POST", "/remote-voting"),
    ):
        assert served.ask(method, path, json={}).status_code == 401
        assert served.ask(method, path, "device-1", json={}).status_code == 403
    assert served.ask("GET", "/remote-voting").json() == {"devices": []}
