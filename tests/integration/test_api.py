"""HTTP over a real socket: roles, bounds, shapes, problems; the rules of the API as its clients see them."""

import base64
import hashlib
import json
import time

import pytest

from amarvote.api.guardians import LARGEST_MAIL
from amarvote.api.problems import MEDIA_TYPE
from amarvote.elections.envelopes import JSON_FACTOR
from amarvote.guardian.invitation import read_invitation
from staging.handing_in import as_json
from staging.people import token_of
from staging.served import serving


@pytest.fixture
def served(opened):
    """The open election, served on a socket by the real server in a thread."""
    with serving(opened) as served:
        yield served


def is_problem(answer, status):
    """An answer as RFC 9457 has it, with a sentence."""
    content = answer.json()
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert set(content) == {"type", "title", "status", "detail"}
    assert (answer.status_code, content["status"]) == (status, status)
    assert len(content["detail"]) > 10
    assert "Traceback" not in answer.text
    return content["detail"]


def test_what_everybody_may_ask(served):
    election = served.ask("GET", "").json()
    assert (election["state"], election["n"], election["k"]) == ("open", 3, 2)
    assert base64.b64decode(election["h_e"]) == served.stage.context.h_e
    assert served.ask("GET", "/manifest").content == served.stage.context.manifest.raw
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
    is_problem(served.ask("GET", f"/record/{path}"), 404)


BODIES = {
    "/officer/start-run": {"guardians": [1]},
    "/invitations": {"guardian": 1},
    "/devices": {"name": "another"},
}


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("POST", "/officer/open", "officer"),
        ("POST", "/officer/close", "officer"),
        ("POST", "/officer/pause", "officer"),
        ("POST", "/officer/start-run", "officer"),
        ("PUT", "/roll", "officer"),
        ("POST", "/officers", "operator"),
        ("POST", "/invitations", "officer"),
        ("POST", "/devices", "officer"),
        ("GET", "/tokens", "officer"),
        ("DELETE", "/tokens/1", "officer"),
        ("POST", "/chunks/1/retry", "officer"),
        ("PUT", "/mail/ceremony/commit/0", "guardian-1"),
        ("GET", "/mail/ceremony/commit", "guardian-1"),
        ("GET", "/mail/ceremony/commit/0", "guardian-1"),
        ("POST", "/run/checkin", "guardian-1"),
        ("PUT", "/ballots", "device-1"),
        ("GET", "/devices/me", "device-1"),
        ("POST", "/devices/device-1/close", "device-1"),
    ],
)
def test_each_role_has_its_own_doors(served, method, path, role):
    body = {"json": BODIES[path]} if path in BODIES else {}
    is_problem(served.ask(method, path, **body), 401)
    stranger = served.ask(method, path, "stranger", **body)
    assert "not known here" in is_problem(stranger, 401)
    assert stranger.headers["www-authenticate"] == "Bearer"
    for other in {"operator", "officer", "guardian-1", "device-1"} - {role}:
        is_problem(served.ask(method, path, other, **body), 403)


def test_a_ballot_is_answered_with_202_and_the_same_again(served):
    vote = served.stage.make(1)
    for _ in range(2):
        answer = served.ask("PUT", "/ballots", "device-1", content=vote.body)
        assert answer.status_code == 202
        assert answer.headers["location"] == f"{served.base}/ballots/{vote.ballot.id_b.hex()}"
        assert answer.json() == {
            "id_b": vote.ballot.id_b.hex(),
            "state": "submitted",
            "confirmation_code": base64.b64encode(vote.ballot.confirmation_code).decode(),
        }
    served.stage.work()
    assert served.ask("GET", f"/ballots/{vote.ballot.id_b.hex()}").json() == {"state": "accepted", "findings": []}
    assert served.ask("PUT", "/ballots", "device-1", content=vote.body).json()["state"] == "accepted"
    is_problem(served.ask("GET", "/ballots/zz"), 422)
    is_problem(served.ask("GET", f"/ballots/{'00' * 32}"), 404)


def command(served, path, body):
    headers = {**served.headers("officer"), "Content-Type": "application/json"}
    return served.client.post(served.base + path, content=body, headers=headers)


def test_refusals_have_their_status_and_a_sentence(served):
    vote = served.stage.make(1)
    cases = [
        (422, served.ask("PUT", "/ballots", "device-1", content=b"nothing")),
        (409, served.ask("POST", "/officer/open", "officer")),
        (422, command(served, "/officer/start-run", b'{"guardians": [1], "more": 1}')),
        (422, command(served, "/officer/start-run", b'{"guardians": [1], "guardians": [1]}')),
        (422, command(served, "/officer/start-run", b'{"guardians": [NaN]}')),
        (422, command(served, "/officer/start-run", b"[" * 50_000)),
        (422, command(served, "/officer/start-run", b"1" * 5_000)),
        (413, command(served, "/officer/start-run", b"1" * 70_000)),
        (404, served.ask("POST", "/chunks/99/retry", "officer")),
        (404, served.ask("GET", "/chunks/99")),
        (404, served.ask("GET", "/phases/99/chunks")),
        (404, served.ask("GET", "/nothing")),
        (404, served.client.get("/elections/none")),
        (405, served.ask("DELETE", "/ballots")),
        (404, served.ask("GET", "/mail/nothing/share", "guardian-1")),
        (409, served.ask("PUT", "/mail/ceremony/complain/0", "guardian-1", content=b"{}")),
        (422, served.ask("PUT", "/mail/ceremony/commit/x", "guardian-1", content=b"")),
        (403, served.ask("POST", "/devices/device-2/close", "device-1")),
        (409, served.ask("POST", "/run/checkin", "guardian-1")),
        (413, served.ask("PUT", "/mail/ceremony/commit/0", "guardian-1", content=b"x" * (LARGEST_MAIL + 1))),
        (413, served.ask("PUT", "/ballots", "device-1", content=vote.body + b"x" * 100_000)),
        (413, served.ask("PUT", "/ballots", "device-1", content=iter([b"x" * 4096] * 1000))),
    ]
    for status, answer in cases:
        is_problem(answer, status)


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
        ("/chunks/x/retry", b""),
        ("/chunks/-1/retry", b""),
        ("/chunks/1180591620717411303424/retry", b""),
        ("/invitations", b'{"guardian": 0}'),
        ("/devices", b'{"name": "../x"}'),
        ("/officer/verdict", b'{"id_b": 5, "sentence": "x"}'),
    ],
)
def test_commands_with_values_of_another_kind_are_refused_and_do_nothing(served, path, body):
    before = served.ask("GET", "/progress").json()["events"]
    is_problem(command(served, path, body), 422)
    assert served.ask("GET", "/progress").json()["events"] == before


@pytest.mark.parametrize("to", ["-1", "x", "1.0", "", "1180591620717411303424", "%00", "\u0661"])
def test_mail_goes_to_a_guardians_number(served, to):
    is_problem(served.ask("PUT", f"/mail/ceremony/complain/0?to={to}", "guardian-1", content=b"{}"), 422)


def test_the_bound_on_ballots_is_above_every_real_one_and_not_far(served):
    body = served.stage.make({1: {1: 1}}).body
    most = served.stage.service.largest_submission
    assert len(body) <= most < 2 * len(body) + 8192


def test_the_officers_commands(served):
    entry = {"token_sha256": hashlib.sha256(token_of(77)).hexdigest(), "style": "all"}
    for added in (1, 0):
        answer = served.ask("PUT", "/roll", "officer", json={"entries": [entry]})
        assert answer.json() == {"added": added}
    heavier = served.ask("PUT", "/roll", "officer", json={"entries": [{**entry, "weight": 2}]})
    assert heavier.status_code == 409
    for broken in (
        {"style": "all"},
        {**entry, "style": "none"},
        {**entry, "style": ["all"]},
        {**entry, "weight": 0},
        {**entry, "token_sha256": "X"},
    ):
        assert served.ask("PUT", "/roll", "officer", json={"entries": [broken]}).status_code == 422
    too_many = served.ask("PUT", "/roll", "officer", json={"entries": [entry] * 10_001})
    assert (too_many.status_code, "at most 10000" in too_many.json()["detail"]) == (422, True)
    too_large = served.ask("PUT", "/roll", "officer", content=b" " * ((8 << 20) + 1))
    assert too_large.status_code == 413
    assert served.ask("POST", "/officer/pause", "officer").status_code == 204
    assert served.ask("GET", "").json()["paused"] is True
    assert served.ask("POST", "/officer/resume", "officer").status_code == 204
    consent = served.ask("POST", "/officer/consent", "officer", json={"sentence": "it is a test"})
    assert consent.status_code == 204
    verdict = served.ask("POST", "/officer/verdict", "officer", json={"id_b": "00" * 32, "sentence": "no"})
    assert verdict.status_code == 404
    aside = served.ask("POST", "/officer/set-aside", "officer", json={"guardian": 9, "sentence": "who?"})
    assert aside.status_code == 404
    assert served.ask("POST", "/officer/write-again", "officer").status_code == 409
    closed = served.ask("POST", "/officer/close", "officer")
    assert (closed.status_code, closed.headers["location"]) == (202, f"{served.base}/progress")


def test_a_device_learns_who_it_is_closes_and_starts_anew(served):
    me = served.ask("GET", "/devices/me", "device-2").json()
    assert (me["name"], me["device_id"], me["closed"]) == ("device-2", "staged, device-2", False)
    assert served.ask("POST", "/devices/device-2/close", "device-2").status_code == 204
    same = served.ask("POST", "/devices/device-2/restart", "device-2", json={"device_id": me["device_id"]})
    assert same.status_code == 409
    for broken in ('"\\ud800"', '""', "5", "null", f'"{"x" * 1001}"'):
        body = f'{{"device_id": {broken}}}'.encode()
        headers = {**served.headers("device-2"), "Content-Type": "application/json"}
        answer = served.client.post(f"{served.base}/devices/device-2/restart", content=body, headers=headers)
        assert answer.status_code == 422
    fresh = {"device_id": "staged, device-2, second chain"}
    assert served.ask("POST", "/devices/device-2/restart", "device-2", json=fresh).status_code == 204
    again = served.ask("GET", "/devices/me", "device-2").json()
    assert (again["device_id"], again["closed"]) == (fresh["device_id"], False)
    assert again["h_di"] != me["h_di"]
    assert served.ask("POST", "/devices/device-2/restart", "device-2", json=fresh).status_code == 409
    fresh = {"device_id": "staged, device-2, third chain"}
    assert served.ask("POST", "/devices/device-2/restart", "device-2", json=fresh).status_code == 204


@pytest.mark.parametrize(
    "name", ["device-2", "hall-9", "shard 1", "hall-9, second chain", "device-1", "device-12"]
)
def test_no_device_takes_the_string_of_another_one_or_of_one_to_come(served, name):
    wanted = {"device_id": f"staged, {name}"}
    assert served.ask("POST", "/devices/device-1/restart", "device-1", json=wanted).status_code in (409, 422)
    assert served.ask("POST", "/devices", "officer", json={"name": "hall-9"}).status_code == 201
    assert served.ask("POST", "/remote-voting", "officer", json={"shards": 2}).status_code == 204


def test_a_ballot_as_json_is_the_same_ballot(served):
    vote = served.stage.make(1)
    body = as_json(vote)
    assert len(json.dumps(body)) < JSON_FACTOR * served.stage.service.largest_submission
    receipt = served.ask("PUT", "/ballots", "device-1", json=body)
    assert receipt.status_code == 202
    again = served.ask("PUT", "/ballots", "device-1", content=vote.body)
    assert again.json() == receipt.json()
    served.stage.work()
    assert served.stage.ballot_state(vote)["state"] == "accepted"
    another = as_json(served.stage.make(2))
    for broken in (
        {**another, "token": another["token"].upper() + "00"},
        {**another, "commitments": "%"},
        {**another, "commitments": ""},
        {**another, "ballot": {}},
        {**another, "ballot": {"encryptedBallot": {"more": 1}}},
        {**another, "more": 1},
        [another],
    ):
        is_problem(served.ask("PUT", "/ballots", "device-1", json=broken), 422)
    assert served.ask("PUT", "/ballots", "device-1", json=another).status_code == 202


def test_a_ballot_after_the_close_is_refused_with_its_time(served):
    vote = served.stage.make(1)
    before = time.time()
    assert served.ask("POST", "/officer/close", "officer").status_code == 202
    refused = is_problem(served.ask("PUT", "/ballots", "device-1", content=vote.body), 409)
    closed_at = served.ask("GET", "").json()["closed_at"]
    assert abs(closed_at - before) < 10
    assert time.strftime("Voting ended at %Y-%m-%dT%H:%M:%SZ", time.gmtime(closed_at)) in refused


def test_elections_are_made_by_the_operator_and_listed_for_all(served, plain_manifest):
    order = {"manifest": json.loads(plain_manifest), "guardians": 3, "quorum": 2, "devices": ["hall"]}
    headers = served.headers("operator")
    ids = [served.stage.creation.election_id]
    for manifest in (order["manifest"], base64.b64encode(plain_manifest).decode()):
        made = served.client.post("/elections", json={**order, "manifest": manifest}, headers=headers)
        assert made.status_code == 201
        assert made.headers["location"] == f"/elections/{made.json()['id']}"
        ids.append(made.json()["id"])
    assert served.client.get(f"{made.headers['location']}/manifest").content == plain_manifest
    officer = {"Authorization": f"Bearer {made.json()['officer']['token']}"}
    listed = served.client.get(f"/elections/{ids[-1]}/tokens", headers=officer).json()["items"]
    assert [(one["role"], one["number"]) for one in listed] == [("officer", 0), ("device", 1)]
    is_problem(served.ask("POST", "/officer/pause", None), 401)
    other = served.client.post(f"{served.base}/officer/pause", headers=officer)
    assert "nobody in this election" in is_problem(other, 401)
    seen, after = [], ""
    while after is not None:
        page = served.client.get("/elections", params={"after": after, "limit": 2}).json()
        seen += [one["id"] for one in page["items"]]
        after = page["next"]
    assert seen == sorted(ids)
    for broken in (
        {**order, "quorum": 4},
        {**order, "manifest": "%"},
        {**order, "manifest": {}},
        {**order, "devices": ["a", "a"]},
        {**order, "guardians": "3"},
        {**order, "more": 1},
    ):
        is_problem(served.client.post("/elections", json=broken, headers=headers), 422)
    is_problem(served.client.post("/elections", json=order), 401)
    is_problem(served.client.post("/elections", json=order, headers=served.headers("officer")), 403)


def test_devices_guardians_and_officers_come_and_go(served):
    made = served.ask("POST", "/devices", "officer", json={"name": "hall"})
    assert (made.status_code, made.json()["device_id"]) == (201, "staged, hall")
    served.tokens["hall"] = made.json()["token"]
    me = served.ask("GET", "/devices/me", "hall").json()
    assert (me["name"], me["h_di"] is None) == ("hall", False)
    again = served.ask("POST", "/devices", "officer", json={"name": "hall"}).json()
    assert again["token"] != made.json()["token"]
    assert served.ask("DELETE", f"/tokens/{made.json()['id']}", "officer").status_code == 204
    is_problem(served.ask("GET", "/devices/me", "hall"), 401)
    served.tokens["hall"] = again["token"]
    assert served.ask("GET", "/devices/me", "hall").json() == me
    invited = served.ask("POST", "/invitations", "officer", json={"guardian": 2})
    pasted = read_invitation(invited.json()["line"])
    assert pasted.address == f"{str(served.client.base_url).rstrip('/')}{served.base}"
    assert pasted.secret == invited.json()["invitation"]
    token = "ab" * 32
    joining = {
        "invitation": invited.json()["invitation"],
        "token_sha256": hashlib.sha256(token.encode()).hexdigest(),
    }
    for _ in range(2):
        joined = served.ask("POST", "/join", json=joining)
        assert (joined.status_code, joined.json()["guardian"]) == (201, 2)
    served.tokens["guardian-2"] = token
    assert served.ask("GET", "/mail/ceremony/commit", "guardian-2").status_code == 200
    is_problem(served.ask("POST", "/join", json={**joining, "token_sha256": "00" * 32}), 409)
    second = served.ask("POST", "/officers", "operator").json()
    served.tokens["second"] = second["token"]
    assert served.ask("POST", "/officer/pause", "second").status_code == 204
    for secret in (token, second["token"], again["token"], joining["invitation"]):
        assert secret not in served.ask("GET", "/tokens", "officer").text


def test_who_guesses_tokens_is_stopped_and_others_are_not(served):
    answers = [served.ask("GET", "/tokens", "stranger") for _ in range(100)]
    assert {answer.status_code for answer in answers} == {401, 429}
    refused = next(answer for answer in answers if answer.status_code == 429)
    is_problem(refused, 429)
    assert int(refused.headers["retry-after"]) >= 1
    assert served.ask("GET", "/tokens", "officer").status_code == 200


def test_phases_and_chunks_are_told_page_by_page(served):
    for _ in range(3):
        served.stage.vote(1)
    served.stage.work()
    phases = served.ask("GET", "/phases").json()["items"]
    assert [(phase["name"], phase["state"]) for phase in phases][-1] == ("accept", "open")
    (setup, accept) = (next(one for one in phases if one["name"] == name) for name in ("setup", "accept"))
    first = served.ask("GET", f"/phases/{setup['id']}/chunks?limit=1").json()
    rest = served.ask("GET", f"/phases/{setup['id']}/chunks?after={first['next']}").json()
    assert len(first["items"]) + len(rest["items"]) == setup["chunks"] == setup["done"] >= 2
    assert rest["next"] is None
    (chunk,) = served.ask("GET", f"/phases/{accept['id']}/chunks").json()["items"]
    assert served.ask("GET", f"/chunks/{chunk['id']}").json() == chunk
    assert (chunk["state"], chunk["attempt"], chunk["worker"], chunk["phase"]) == ("done", 1, "here", "accept")
    assert chunk["finished_at"] - chunk["started_at"] == pytest.approx(chunk["seconds"], abs=0.01)
    is_problem(served.ask("POST", f"/chunks/{chunk['id']}/retry", "officer"), 409)


def test_the_process_says_how_it_is(served):
    assert served.client.get("/health/live").json() == {"status": "alive"}
    assert served.client.get("/health/ready").json() == {"status": "ready"}
