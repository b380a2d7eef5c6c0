"""Tokens of every role: issued once, let in, expired, revoked; invitations are used once, whatever is repeated."""

import asyncio
import hashlib
import secrets
import time
from contextlib import closing

import pytest
from sqlalchemy import select, update

from amarvote.api.application import application
from amarvote.elections import invitations, tokens
from amarvote.elections.bearers import KNOWN_SECONDS, Bearers, require
from amarvote.elections.errors import Conflict, Forbidden, NotFound, Unauthorized
from amarvote.elections.services import Services
from amarvote.elections.tokens import token_hash
from amarvote.launch.up import Installation
from amarvote.store import tables
from amarvote.store.database import Database
from staging.fixtures import BOTH
from staging.served import in_process


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


@pytest.mark.parametrize("stage", BOTH, indirect=True)
def test_many_tokens_are_found_by_one_question_each_with_its_own_bearer(stage, monkeypatch):
    bearers, reads = Bearers(stage.service.database), []
    read = stage.service.database.read
    monkeypatch.setattr(stage.service.database, "read", lambda: reads.append(1) or read())
    there = {one: token_hash(token.value) for one, token in stage.creation.devices.items()}
    there["officer"] = token_hash(stage.creation.officer.value)
    asked = [*there.items(), ("nobody", bytes(32))] * 5
    found = bearers.find_all([hashed for _, hashed in asked])
    assert [
        "nobody" if bearer is None else f"device-{bearer.number}" if bearer.number else bearer.role
        for bearer in found
    ] == [name for name, _ in asked]
    assert len(reads) == 1
    assert [bearers.known(hashed) for _, hashed in asked] == found


def test_who_asks_the_api_at_a_time_is_found_by_one_question(stage):
    questions = []

    class Counted(Bearers):
        def find_all(self, asked):
            questions.append(len(asked))
            time.sleep(0.2)  # so long that all the others come
            return super().find_all(asked)

    services = Services(stage.service.database)
    services.bearers = Counted(stage.service.database)
    path = f"/elections/{stage.creation.election_id}/devices/me"
    asking = [stage.creation.devices["device-1"], stage.creation.devices["device-2"], stage.creation.officer] * 5

    async def ask():
        async with in_process(application(services)) as client:
            headers = [{"Authorization": f"Bearer {token}"} for token in (*(one.value for one in asking), "no")]
            return await asyncio.gather(*(client.get(path, headers=one) for one in headers))

    answers = asyncio.run(ask())
    assert [answer.status_code for answer in answers] == [200, 200, 403] * 5 + [401]
    assert [answer.json()["device_id"] for answer in answers if answer.status_code == 200] == [
        "staged, device-1",
        "staged, device-2",
    ] * 5
    assert 1 <= len(questions) <= 3


def test_an_election_is_made_ready_once_for_all_who_ask_at_a_time(stage):
    """Also for those who come while it is made ready."""
    opened, election = [], stage.creation.election_id

    class Counted(Services):
        def open(self, election_id):
            opened.append(election_id)
            time.sleep(0.2)  # so long that all the others come
            return super().open(election_id)

    async def ask():
        async with in_process(application(services)) as client:
            first = asyncio.create_task(client.get(f"/elections/{election}/manifest"))
            while not opened:
                await asyncio.sleep(0.01)
            others = ("another" if number % 4 == 3 else election for number in range(16))
            return await asyncio.gather(first, *(client.get(f"/elections/{one}/manifest") for one in others))

    services = Counted(stage.service.database)
    answers = asyncio.run(ask())
    assert [answer.status_code for answer in answers] == [200, *[200, 200, 200, 404] * 4]
    assert services.kept(election) is not None
    assert services.kept("another") is None
    assert opened.count(election) == 1
    assert opened.count("another") <= 2  # those who come while it is not found ask together again


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
