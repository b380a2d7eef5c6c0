"""The same sent twice at once: what meets what another one stored a moment ago looks again, and answers so."""

import hashlib
import threading

import pytest

import plain_http
from amarvote.elections import rolls
from amarvote.pipeline import accepting, states
from staging.fixtures import POSTGRESQL
from staging.people import token_of
from staging.served import serving

pytestmark = pytest.mark.parametrize("opened", [POSTGRESQL], indirect=True)  # SQLite lets one write at a time


class Meeting:
    """Holds up the first that comes to `module.name`, with everything stored and nothing committed."""

    def __init__(self, monkeypatch, module, name):
        self.there, self.go, real = threading.Event(), threading.Event(), getattr(module, name)

        def held(*arguments):
            if not self.there.is_set():
                self.there.set()
                self.go.wait(10)
            return real(*arguments)

        monkeypatch.setattr(module, name, held)

    def ask(self, served, role, method, path, bodies, kind):
        """The answers to both bodies: the second is sent while the first is held, and waits for it."""
        url, found = f"{served.client.base_url}{served.base}{path}", {}
        headers = served.headers(role)

        def send(number):
            found[number] = plain_http.request(method, url, headers=headers, timeout=30, **{kind: bodies[number]})

        both = [threading.Thread(target=send, args=[number]) for number in (0, 1)]
        both[0].start()
        assert self.there.wait(10)
        both[1].start()
        both[1].join(0.5)
        assert both[1].is_alive(), "it did not wait for the first"
        self.go.set()
        for one in both:
            one.join(30)
        return found[0], found[1]


def test_a_ballot_with_two_tokens_is_stored_once(opened, monkeypatch):
    body = opened.make(1).body
    twin = token_of(opened.voters + 1) + body[32:]
    meeting = Meeting(monkeypatch, accepting, "cut")
    with serving(opened) as served:
        first, second = meeting.ask(served, "device-1", "PUT", "/ballots", (body, twin), "content")
        assert (first.status_code, second.status_code) == (202, 202)
        assert second.json() == first.json()
        assert served.ask("GET", "/progress").json()["ballots"]["submitted"] == 1
    opened.vote(1)  # with the twin's token, which is free


def test_other_bytes_under_an_identifier_are_refused(opened, monkeypatch):
    body = opened.make(1).body
    other = token_of(opened.voters + 1) + body[32:-1] + bytes([body[-1] ^ 1])
    meeting = Meeting(monkeypatch, accepting, "cut")
    with serving(opened) as served:
        first, second = meeting.ask(served, "device-1", "PUT", "/ballots", (body, other), "content")
    assert (first.status_code, second.status_code) == (202, 409)
    assert "submitted before with other bytes" in second.json()["detail"]


def test_a_roll_is_imported_once(opened, monkeypatch):
    hashes = [hashlib.sha256(b"voter %d of a roll" % number).hexdigest() for number in range(20)]
    roll = {"entries": [{"token_sha256": one, "style": "all"} for one in hashes]}
    meeting = Meeting(monkeypatch, states, "record_event")
    with serving(opened) as served:
        first, second = meeting.ask(served, "officer", "PUT", "/roll", (roll, roll), "json")
    assert (first.json(), second.json()) == ({"added": 20}, {"added": 0})


def test_a_voter_is_given_one_token(opened, monkeypatch):
    wanted = {"entries": [{"voter": "register 0042", "style": "all"}]}
    meeting = Meeting(monkeypatch, states, "record_event")
    with serving(opened) as served:
        first, second = meeting.ask(served, "officer", "POST", "/roll/tokens", (wanted, wanted), "json")
    assert (first.status_code, second.status_code) == (201, 409)
    assert "is in the roll already" in second.json()["detail"]
    listed = rolls.listing(opened.service, "", 100)["items"]
    assert [entry["voter"] for entry in listed if entry["voter"]] == ["register 0042"]
