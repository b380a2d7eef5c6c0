"""Remote voters (rule 7): their own device, the vote token as bearer, the service's device strings."""

import base64
import hashlib
from dataclasses import replace

import pytest
from sqlalchemy import select

from amarvote.api import ballots as submitting
from amarvote.device import remote as voters_device
from amarvote.device.errors import DeviceError
from amarvote.device.voters import Act, Marks
from amarvote.electionguard.confirmation import unchained_field
from amarvote.elections import officer, remote, results, vote_tokens
from amarvote.elections.errors import Conflict, Unprocessable
from amarvote.participants.service import Refused, Service
from amarvote.record.reader import open_record
from amarvote.record.sections import SectionType
from amarvote.record.verifier import verify_record
from amarvote.store.tables import ballots, devices, roll
from staging import handing_in
from staging.handing_in import as_json
from staging.people import Vote, cast, token_of
from staging.served import serving
from staging.whole_database import elsewhere

BOTH = pytest.mark.parametrize("opened", ["sqlite", "postgresql"], indirect=True)


def shards(stage) -> list[bytes]:
    return [base64.b64decode(one["h_di"]) for one in remote.describe(stage.service)["devices"]]


def make(stage, voter: int, option: int = 1, *, shard: int = 0, challenge: bool = False) -> Vote:
    field = unchained_field(shards(stage)[shard])
    return cast(stage.context, stage.engine, token_of(voter), {1: {option: 1}}, field, challenge=challenge)


def submit(stage, vote: Vote) -> dict[str, str]:
    return handing_in.submit(stage.service, vote.token, vote.body[32:])


@BOTH
def test_remote_ballots_are_counted_beside_those_of_devices(opened):
    stage = opened
    remote.admit(stage.service, 2)
    votes = [make(stage, voter, 1 + voter % 2, shard=voter % 2) for voter in range(1, 9)]
    for vote in votes:
        assert submit(stage, vote)["state"] == "submitted"
    stage.voters = 10
    stage.vote(1)
    stage.count([1, 2])
    assert stage.state() == "published"
    assert results.results(stage.service)["totals"] == {"c1": {"o1": 5, "o2": 4}}
    # each shard is a device of the record, its ballots sorted by code and without a time
    with open_record(stage.download()) as record:
        sections = [one for one in record.sections() if one.type is SectionType.DEVICE]
        found = {}
        for section in sections:
            header, *items, _ = [raw.item for raw in record.items(section)]
            codes = [item.encrypted_ballot.confirmation_code for item in items]
            assert not any(item.encrypted_ballot.HasField("encrypted_at") for item in items)
            assert codes == sorted(codes)
            found[header.device_header.device_id] = len(codes)
    assert found == {"staged, shard 1": 4, "staged, shard 2": 4, "staged, device-1": 1}
    assert verify_record(stage.download()).passed


def test_the_same_ballot_again_is_the_same_whatever_became_of_the_token(opened):
    stage = opened
    remote.admit(stage.service, 1)
    vote = make(stage, 1)
    assert submit(stage, vote) == submit(stage, vote)
    stage.work()
    assert submit(stage, vote)["state"] == "accepted"
    other = make(stage, 1)
    with pytest.raises(Conflict, match="has been used"):
        submit(stage, other)
    changed = Vote(vote.token, replace(vote.ballot, weight=2), vote.commitments, vote.secret)
    with pytest.raises(Conflict, match="other bytes"):
        submit(stage, changed)


def test_a_remote_ballot_may_be_challenged_and_then_another_cast(opened):
    stage = opened
    remote.admit(stage.service, 1)
    challenged = make(stage, 1, challenge=True)
    submit(stage, challenged)
    stage.work()
    assert stage.ballot_state(challenged)["state"] == "accepted"
    submit(stage, make(stage, 1))
    stage.count([2, 3])
    assert stage.state() == "published"
    assert (stage.row().cast_ballots, stage.row().list_ballots) == (1, 2)


def test_chained_elections_take_no_remote_voters(opened_chained):
    with pytest.raises(Conflict, match="chaining mode 1"):
        remote.admit(opened_chained.service, 1)
    assert remote.describe(opened_chained.service) == {"devices": []}
    vote = opened_chained.make(1)
    with pytest.raises(Conflict, match="takes no ballots of remote voters"):
        submit(opened_chained, vote)


def test_shards_are_for_remote_voters_and_devices_for_themselves(opened):
    stage = opened
    vote = stage.make(1)  # encrypted for device-1
    with pytest.raises(Conflict, match="takes no ballots of remote voters"):
        submit(stage, vote)
    remote.admit(stage.service, 2)
    with pytest.raises(Unprocessable, match="not that of a device for remote voters"):
        submit(stage, vote)
    with pytest.raises(Unprocessable, match="not that of device-1"):
        stage.submit(make(stage, 2))


def test_the_number_of_shards_only_grows(opened):
    service = opened.service
    remote.admit(service, 2)
    first = remote.describe(service)
    remote.admit(service, 1)
    remote.admit(service, 2)
    assert remote.describe(service) == first
    remote.admit(service, 4)
    assert remote.describe(service)["devices"][:2] == first["devices"]
    assert [one["device_id"] for one in remote.describe(service)["devices"]] == [
        f"staged, shard {number}" for number in (1, 2, 3, 4)
    ]
    for wrong in (0, 1001, -1, True, "2", None):
        with pytest.raises(Unprocessable):
            remote.admit(service, wrong)
    officer.close_voting(service)
    with pytest.raises(Conflict, match="cannot be let in any more"):
        remote.admit(service, 9)


def test_shards_that_were_there_before_the_keys_get_their_hash_with_them(stage):
    remote.admit(stage.service, 1)
    assert remote.describe(stage.service) == {"devices": [{"device_id": "staged, shard 1", "h_di": None}]}
    stage.prepare()
    assert len(shards(stage)[0]) == 32


def test_a_revoked_token_is_refused_by_name(opened):
    stage = opened
    remote.admit(stage.service, 1)
    hashed = hashlib.sha256(token_of(3)).hexdigest()
    vote_tokens.revoke(stage.service, None, hashed)
    with pytest.raises(Conflict, match="was revoked"):
        submit(stage, make(stage, 3))
    fresh = bytes.fromhex(vote_tokens.reissue(stage.service, None, hashed))
    again = make(stage, 3)
    submit(stage, Vote(fresh, again.ballot, again.commitments, again.secret))
    stage.work()
    assert stage.ballot_state(again)["state"] == "accepted"


def test_who_has_a_token(opened):
    service = opened.service
    assert remote.token_of(service, token_of(1).hex()) == token_of(1)
    for bearer in ("", "0" * 64, token_of(1).hex().upper(), token_of(1).hex()[:-2], "x" * 64):
        assert remote.token_of(service, bearer) is None


# ---- over HTTP, as a voter's device does it


def act(voter: int, option: str = "o1", *, challenged: bool = False) -> Act:
    return Act(voter, token_of(voter), "all", 1, Marks({"c1": {option: 1}}, {}), challenged, again=False)


@pytest.fixture
def served(opened):
    with serving(opened) as served:
        yield served


def voter(served, number: int) -> Service:
    address = f"{str(served.client.base_url).rstrip('/')}{served.base}"
    return Service(address, token_of(number).hex(), pause=lambda seconds: served.stage.work())


def vote(served, number: int, **how: object) -> bytes | None:
    service = voter(served, number)
    try:
        stage = served.stage
        wanted = act(number, **how)
        return voters_device.vote(service, stage.context, stage.engine, wanted, lambda code: wanted.challenged)
    finally:
        service.close()


def test_a_voter_at_home_challenges_one_ballot_and_casts_another(served):
    assert served.ask("POST", "/remote-voting", "officer", json={"shards": 3}).status_code == 204
    opening = vote(served, 1, option="o2", challenged=True)
    assert b'"option": "o2",\n     "value": 1' in opening
    assert vote(served, 1) is None
    served.stage.work()
    with served.stage.service.database.read() as connection:
        kept = connection.execute(
            select(ballots.c.state, ballots.c.status)
            .join(devices)
            .where(devices.c.remote)
            .order_by(ballots.c.status)
        ).all()
        spent = connection.execute(select(roll.c.challenged).where(roll.c.state == "spent")).scalars()
        assert [tuple(row) for row in kept] == [("accepted", 1), ("accepted", 2)]
        assert list(spent) == [1]
    with pytest.raises(Refused, match="has been used") as refused:
        vote(served, 1)
    assert refused.value.status == 409


def test_no_trace_of_a_token_is_left_beside_the_roll(served):
    """Neither the door nor the limits keep it, or anything made from it, in the database."""
    served.ask("POST", "/remote-voting", "officer", json={"shards": 1})
    for number in range(1, 6):
        vote(served, number)
    served.stage.work()
    tokens = {token_of(number) for number in range(1, 6)}
    hashes = {hashlib.sha256(token).digest() for token in tokens}
    of_header = {hashlib.sha256(token.hex().encode()).digest() for token in tokens}
    assert elsewhere(served.stage.service.database, tokens | hashes | of_header) == set()


def test_a_vote_token_opens_no_other_door(served):
    served.ask("POST", "/remote-voting", "officer", json={"shards": 1})
    headers = {"Authorization": f"Bearer {token_of(1).hex()}"}
    for method, path in (("GET", "/roll"), ("POST", "/officer/close"), ("GET", "/devices/me"), ("GET", "/tokens")):
        assert served.client.request(method, f"{served.base}{path}", headers=headers).status_code == 401
    stranger = {"Authorization": f"Bearer {'0' * 64}"}
    answer = served.client.put(f"{served.base}/ballots", headers=stranger, content=b"x")
    assert answer.status_code == 401


def test_one_token_cannot_flood(served, monkeypatch):
    monkeypatch.setattr(submitting, "OF_A_VOTER", replace(submitting.OF_A_VOTER, rate=0.0001))
    served.ask("POST", "/remote-voting", "officer", json={"shards": 1})
    headers = {"Authorization": f"Bearer {token_of(1).hex()}"}
    answers = [
        served.client.put(f"{served.base}/ballots", headers=headers, content=b"x").status_code for _ in range(32)
    ]
    assert answers == [422] * 30 + [429] * 2
    other = {"Authorization": f"Bearer {token_of(2).hex()}"}
    assert served.client.put(f"{served.base}/ballots", headers=other, content=b"x").status_code == 422


def test_a_device_says_where_there_is_no_remote_voting(served):
    with pytest.raises(DeviceError, match="takes no ballots of remote voters"):
        vote(served, 1)


def test_a_remote_ballot_as_json_is_the_same_ballot(served):
    served.ask("POST", "/remote-voting", "officer", json={"shards": 1})
    made = make(served.stage, 4)
    headers = {"Authorization": f"Bearer {token_of(4).hex()}"}
    raw = served.client.put(f"{served.base}/ballots", headers=headers, content=made.body[32:])
    assert (raw.status_code, raw.json()["state"]) == (202, "submitted")
    content = {name: part for name, part in as_json(made).items() if name != "token"}
    again = served.client.put(f"{served.base}/ballots", headers=headers, json=content)
    assert again.json() == raw.json()
