"""Tokens of every role: issued once, let in, expired, revoked; invitations are used once, whatever is repeated."""

import hashlib
import secrets
import time
from contextlib import closing

import pytest
from sqlalchemy import select, update

from amarvote.elections import invitations, tokens
from amarvote.elections.bearers import KNOWN_SECONDS, Bearers, require
from amarvote.elections.errors import Conflict, Forbidden, NotFound, Unauthorized
from amarvote.elections.services import Services
from amarvote.elections.tokens import token_hash
from amarvote.launch.up import Installation
from amarvote.store import tables
from amarvote.store.database import Database
from staging.at_once import in_parallel
from staging.fixtures import BOTH


def age(service, seconds):
    with service.database.write() as connection:
        connection.execute(update(tables.tokens).values(expires_at=tables.tokens.c.expires_at - seconds))


def test_up_keeps_the_operators_token_and_draws_another_one_when_it_has_ended(tmp_path):
    service = Installation(tmp_path, workers=0, port=0)
    service._prepare()
    first = service.token_file.read_text()
    service._prepare()
    assert service.token_file.read_text() == first
    with closing(Database(f"sqlite:///{tmp_path / 'service.db'}")) as database:
        with database.write() as connection:
            connection.execute(update(tables.tokens).values(expires_at=0.0))
        service._prepare()
        second = service.token_file.read_text()
        assert Bearers(database).find(token_hash(first.strip())) is None
        assert Bearers(database).find(token_hash(second.strip())).role == "operator"


def drawn():
    token = secrets.token_hex(32)
    return token, hashlib.sha256(token.encode()).digest()


@pytest.mark.parametrize("stage", BOTH, indirect=True)
def test_a_token_lets_its_bearer_in_until_it_ends(stage):
    officer = token_hash(stage.creation.officer.value)
    bearer = Bearers(stage.service.database).find(officer)
    assert (bearer.role, bearer.number, bearer.election_id) == ("officer", 0, stage.creation.election_id)
    assert require(bearer, "officer", stage.creation.election_id) == 0
    with pytest.raises(Forbidden, match="for the guardian; the token is the officer's"):
        require(bearer, "guardian", stage.creation.election_id)
    with pytest.raises(Unauthorized, match="nobody in this election"):
        require(bearer, "officer", "another")
    age(stage.service, tokens.LIFETIME["officer"])
    assert Bearers(stage.service.database).find(officer) is None


def test_a_revoked_token_is_good_for_no_longer_than_a_process_remembers_it(stage):
    clock = [0.0]
    here = Bearers(stage.service.database, clock=lambda: clock[0])
    hashed = token_hash(stage.creation.officer.value)
    assert here.known(hashed) is None
    bearer = here.find(hashed)
    tokens.revoke(stage.service, bearer.id)
    tokens.revoke(stage.service, bearer.id)
    assert here.known(hashed) == bearer
    clock[0] = KNOWN_SECONDS
    assert here.known(hashed) is None
    assert here.find(hashed) is None
    with pytest.raises(NotFound):
        tokens.revoke(stage.service, 10_000)


@pytest.fixture
def reads(stage, monkeypatch):
    """One entry for each time that the database is read."""
    counted = []
    read = stage.service.database.read

    def slowly():
        counted.append(1)
        time.sleep(0.2)  # so long nobody who came meanwhile is answered
        return read()

    monkeypatch.setattr(stage.service.database, "read", slowly)
    return counted


def test_who_asks_at_a_time_is_found_by_one_question_each_with_its_own_answer(stage, reads):
    bearers = Bearers(stage.service.database)
    there = {one: token_hash(token.value) for one, token in stage.creation.devices.items()}
    there["officer"] = token_hash(stage.creation.officer.value)
    asked = [*there.items(), ("nobody", b"\0" * 32)] * 5
    found = in_parallel(len(asked), lambda number: bearers.find(asked[number][1]))
    for (name, _), bearer in zip(asked, found, strict=True):
        assert (
            "nobody" if bearer is None else f"device-{bearer.number}" if bearer.number else bearer.role
        ) == name
    assert 1 <= len(reads) <= 3
    assert bearers.known(b"\0" * 32) is None


def test_an_election_is_made_ready_once_for_all_who_ask_at_a_time(stage, reads):
    services = Services(stage.service.database)
    election = stage.creation.election_id

    def ask(number):
        try:
            return services.open("another" if number % 4 == 3 else election)
        except NotFound as problem:
            return problem

    opened = in_parallel(16, ask)
    assert len({id(one) for one in opened if not isinstance(one, NotFound)}) == 1
    assert [isinstance(one, NotFound) for one in opened] == [False, False, False, True] * 4
    assert services.kept(election) is opened[0]
    # the election twice, once for its manifest; of those who came later for the other one, all ask together again
    assert len(reads) <= 2 + 2


@pytest.mark.parametrize("stage", BOTH, indirect=True)
def test_the_list_of_tokens_shows_none(stage):
    first = tokens.listing(stage.service, 0, 1)
    assert (first["items"][0]["role"], first["next"]) == ("officer", first["items"][0]["id"])
    rest = tokens.listing(stage.service, first["next"], 100)
    assert [(one["role"], one["number"]) for one in rest["items"]] == [("device", 1), ("device", 2)]
    assert rest["next"] is None
    shown = str(first) + str(rest)
    for issued in (stage.creation.officer, *stage.creation.devices.values()):
        assert issued.value not in shown
        assert issued.value not in repr(issued)


def test_tokens_are_stored_as_hashes_only(stage):
    with stage.service.database.read() as connection:
        rows = connection.execute(select(tables.tokens)).all()
    assert {row.token_hash for row in rows} == {
        hashlib.sha256(issued.value.encode()).digest()
        for issued in (stage.creation.officer, *stage.creation.devices.values())
    }
    stored = (stage.folder / "election.db").read_bytes()
    assert stage.creation.officer.value.encode() not in stored
    assert bytes.fromhex(stage.creation.officer.value) not in stored


@pytest.mark.parametrize("stage", BOTH, indirect=True)
def test_an_invitation_becomes_one_guardians_token_however_often_it_is_asked(stage):
    invitation = invitations.invite(stage.service, 2)["invitation"]
    assert Bearers(stage.service.database).find(token_hash(invitation)) is None
    token, hashed = drawn()
    joined = invitations.join(stage.service, invitation, hashed)
    assert invitations.join(stage.service, invitation, hashed) == joined
    bearer = Bearers(stage.service.database).find(token_hash(token))
    assert (bearer.role, bearer.number, joined["guardian"]) == ("guardian", 2, 2)
    with pytest.raises(Conflict, match="used before, for another token"):
        invitations.join(stage.service, invitation, drawn()[1])


def test_only_the_last_invitation_of_a_guardian_is_good_and_not_for_ever(stage):
    first, second = (invitations.invite(stage.service, 1)["invitation"] for _ in range(2))
    for wrong in (first, "nonsense", stage.creation.officer.value):
        with pytest.raises(Unauthorized):
            invitations.join(stage.service, wrong, drawn()[1])
    with pytest.raises(Conflict, match="in use"):
        invitations.join(stage.service, second, token_hash(stage.creation.officer.value))
    age(stage.service, tokens.LIFETIME["invitation"])
    with pytest.raises(Unauthorized, match="expired"):
        invitations.join(stage.service, second, drawn()[1])
    for unknown in (0, 4):
        with pytest.raises(NotFound):
            invitations.invite(stage.service, unknown)


def test_an_operator_belongs_to_no_election(stage):
    issued = tokens.issue_operator(stage.service.database)
    bearer = Bearers(stage.service.database).find(token_hash(issued.value))
    assert require(bearer, "operator", None) == 0
    with pytest.raises(Forbidden):
        require(bearer, "officer", stage.creation.election_id)
    assert issued.id not in [one["id"] for one in tokens.listing(stage.service, 0, 100)["items"]]


def test_after_a_leak_only_the_newest_operator_is_let_in(stage):
    """The officer's token, which is the election's own, stays good."""
    database = stage.service.database
    leaked, kept = tokens.issue_operator(database), tokens.issue_operator(database)
    assert all(Bearers(database).find(token_hash(one.value)) for one in (leaked, kept))
    newest = tokens.issue_operator(database, revoke_others=True)
    assert [bool(Bearers(database).find(token_hash(one.value))) for one in (leaked, kept, newest)] == [
        False,
        False,
        True,
    ]
    assert Bearers(database).find(token_hash(stage.creation.officer.value)).role == "officer"
