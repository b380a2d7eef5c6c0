"""Several processes of the API over one database: what one knows, the others know."""

import time
from dataclasses import replace

import pytest

from amarvote.api import asking
from amarvote.elections.bearers import KNOWN_SECONDS
from staging.fixtures import BOTH, POSTGRESQL
from staging.served import serving


@pytest.fixture
def replicas(opened):
    with serving(opened) as one, serving(opened) as other:
        other.tokens = one.tokens
        yield one, other


@pytest.mark.parametrize("opened", BOTH, indirect=True)
def test_a_ballot_is_one_ballot_whichever_process_takes_it(replicas):
    one, other = replicas
    votes = [one.stage.make(1 + number % 2) for number in range(6)]
    for number, vote in enumerate(votes):
        answers = [
            served.ask("PUT", "/ballots", "device-1", content=vote.body)
            for served in (replicas if number % 2 else replicas[::-1])
        ]
        assert [answer.status_code for answer in answers] == [202, 202]
        assert answers[0].json() == answers[1].json()
    one.stage.work()
    assert other.ask("GET", "/progress").json()["ballots"]["accepted"] == 6
    assert one.ask("POST", "/officer/close", "officer").status_code == 202
    late = other.ask("PUT", "/ballots", "device-1", content=one.stage.make(1).body)
    assert (late.status_code, late.json()["detail"].startswith("Voting ended at ")) == (409, True)


@pytest.mark.parametrize("opened", BOTH, indirect=True)
def test_limits_and_revocations_hold_for_all_processes(replicas, monkeypatch):
    monkeypatch.setattr(asking, "FAILED_TOKENS", replace(asking.FAILED_TOKENS, rate=0.001))
    one, other = replicas
    answers = [served.ask("GET", "/tokens", "stranger").status_code for _ in range(20) for served in replicas]
    assert answers == [401] * 30 + [429] * 10
    made = one.ask("POST", "/devices", "officer", json={"name": "hall"}).json()
    one.tokens["hall"] = made["token"]
    assert other.ask("GET", "/devices/me", "hall").status_code == 200
    assert one.ask("DELETE", f"/tokens/{made['id']}", "officer").status_code == 204
    assert one.ask("GET", "/devices/me", "hall").status_code in (401, 429)
    time.sleep(KNOWN_SECONDS)
    assert other.ask("GET", "/devices/me", "hall").status_code in (401, 429)


@pytest.mark.parametrize("opened", [POSTGRESQL], indirect=True)
def test_a_connection_that_was_cut_is_nobodys_error(opened, postgresql_server):
    with serving(opened) as served:
        assert served.ask("GET", "").status_code == 200
        body = opened.make(1).body  # which reads by a connection of this process
        postgresql_server.cut_connections(opened.url.rpartition("/")[2])
        answer = served.ask("PUT", "/ballots", "device-1", content=body)
        assert answer.status_code == 202
