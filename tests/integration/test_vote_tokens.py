"""The roll over its life, on both databases: imported, issued, listed, revoked, replaced (rules 1 and 3)."""

import hashlib
import itertools

import pytest
from sqlalchemy import select, update

from amarvote.elections import rolls, vote_tokens
from amarvote.elections.errors import Conflict, NotFound, Unprocessable
from amarvote.elections.service import Service, service_of
from amarvote.store.database import Database
from amarvote.store.tables import elections, events, roll
from staging.rows import add_election
from staging.stage import QUICK

ELECTION = "0c" * 16


@pytest.fixture
def service(both: Database, plain_manifest: bytes) -> Service:
    add_election(both, ELECTION, "accept", [])
    with both.write() as connection:
        connection.execute(update(elections).values(state="open", manifest=plain_manifest))
    return service_of(both, ELECTION, QUICK)


def issue(service: Service, *voters: str) -> list[str]:
    entries = [{"voter": voter, "style": "all"} for voter in voters]
    return [one["token"] for one in vote_tokens.issue(service, entries)]


def hashed(token: str) -> str:
    return hashlib.sha256(bytes.fromhex(token)).hexdigest()


def whole_roll(service: Service) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    after = ""
    while True:
        page = rolls.listing(service, after, 3)
        found += page["items"]
        if page["next"] is None:
            return found
        after = page["next"]


def set_state(service: Service, token: str, state: str) -> None:
    with service.database.write() as connection:
        own = roll.c.token_hash == bytes.fromhex(hashed(token))
        connection.execute(update(roll).where(own).values(state=state))


def test_a_token_is_shown_once_and_kept_as_its_hash(service: Service) -> None:
    entries = [{"voter": f"register {number}", "style": "all", "weight": number} for number in range(1, 8)]
    issued = vote_tokens.issue(service, entries)
    assert [one["voter"] for one in issued] == [entry["voter"] for entry in entries]
    assert len({one["token"] for one in issued}) == 7
    listed = {entry["voter"]: entry for entry in whole_roll(service)}
    for number, one in enumerate(issued, start=1):
        assert len(bytes.fromhex(one["token"])) == 32
        entry = {"style": "all", "weight": number, "state": "free"}
        assert listed[one["voter"]] == {"voter": one["voter"], "token_sha256": hashed(one["token"]), **entry}
    with service.database.read() as connection:
        stored = str(connection.execute(select(roll)).all())
    assert not any(one["token"] in stored for one in issued)


def test_the_listing_is_in_an_order_that_says_nothing(service: Service) -> None:
    issue(service, *(f"register {number:02}" for number in range(20)))
    listed = whole_roll(service)
    assert len(listed) == 20
    assert [entry["token_sha256"] for entry in listed] == sorted(str(entry["token_sha256"]) for entry in listed)
    assert set(listed[0]) == {"token_sha256", "voter", "style", "weight", "state"}


def test_a_ballot_under_way_does_not_show_in_the_roll(service: Service) -> None:
    free, reserved, spent, revoked = issue(service, "a", "b", "c", "d")
    for token, state in ((reserved, "reserved"), (spent, "spent"), (revoked, "revoked")):
        set_state(service, token, state)
    shown = {entry["token_sha256"]: entry["state"] for entry in whole_roll(service)}
    assert [shown[hashed(token)] for token in (free, reserved, spent, revoked)] == [
        "free",
        "free",
        "spent",
        "revoked",
    ]


def test_a_voter_is_entered_once(service: Service) -> None:
    issue(service, "a")
    with pytest.raises(Conflict, match="Voter 'a' is in the roll already"):
        issue(service, "b", "a")
    assert [entry["voter"] for entry in whole_roll(service)] == ["a"]  # nothing of it was done
    with pytest.raises(Unprocessable, match="twice"):
        issue(service, "b", "b")


@pytest.mark.parametrize("by", ["voter", "hash"])
def test_an_unspent_token_is_revoked_and_replaced(service: Service, by: str) -> None:
    (token,) = issue(service, "a")
    name = {"voter": ("a", None), "hash": (None, hashed(token))}[by]
    vote_tokens.revoke(service, *name)
    vote_tokens.revoke(service, *name)
    assert [entry["state"] for entry in whole_roll(service)] == ["revoked"]
    fresh = vote_tokens.reissue(service, *name)
    assert fresh != token
    (entry,) = whole_roll(service)
    assert (entry["token_sha256"], entry["state"], entry["voter"]) == (hashed(fresh), "free", "a")
    with service.database.read() as connection:
        said = list(connection.execute(select(events.c.what).order_by(events.c.id)).scalars())
    assert said[1:] == ["a vote token is revoked", "a vote token is replaced by a new one"]


@pytest.mark.parametrize(("before", "after"), [(9, 9), (10, 10), (11, 10)])
def test_how_often_a_token_was_freed_stays_with_the_new_one_which_can_cast(
    service: Service, before: int, after: int
) -> None:
    issue(service, "a")
    with service.database.write() as connection:
        connection.execute(update(roll).values(challenged=before))
    vote_tokens.reissue(service, "a", None)
    with service.database.read() as connection:
        assert connection.execute(select(roll.c.challenged)).scalar_one() == after


@pytest.mark.parametrize(("state", "sentence"), [("spent", "has voted"), ("reserved", "being checked")])
def test_a_token_in_use_is_not_touched(service: Service, state: str, sentence: str) -> None:
    (token,) = issue(service, "a")
    set_state(service, token, state)
    for change in (vote_tokens.revoke, vote_tokens.reissue):
        with pytest.raises(Conflict, match=sentence):
            change(service, "a", None)


def test_nobody_is_changed_who_is_not_there(service: Service) -> None:
    for change, name in itertools.product(
        (vote_tokens.revoke, vote_tokens.reissue), (("nobody", None), (None, "0" * 64))
    ):
        with pytest.raises(NotFound):
            change(service, *name)
    for change in (vote_tokens.revoke, vote_tokens.reissue):
        for name in ((None, None), ("a", "0" * 64), ("", None), (None, "x"), (7, None)):
            with pytest.raises(Unprocessable):
                change(service, *name)


@pytest.mark.parametrize("state", ["closing", "counting", "published"])
def test_the_roll_ends_with_voting(service: Service, state: str) -> None:
    issue(service, "a")
    with service.database.write() as connection:
        connection.execute(update(elections).values(state=state))
    imported = [{"token_sha256": "0" * 64, "style": "all"}]
    for change in (
        lambda: issue(service, "b"),
        lambda: vote_tokens.revoke(service, "a", None),
        lambda: vote_tokens.reissue(service, "a", None),
        lambda: rolls.import_roll(service, imported),
    ):
        with pytest.raises(Conflict, match="cannot be changed any more"):
            change()


@pytest.mark.parametrize(
    "entry",
    [
        7,
        {},
        {"voter": "a"},
        {"voter": "a", "style": "other"},
        {"voter": "", "style": "all"},
        {"voter": "x" * 201, "style": "all"},
        {"voter": "a", "style": "all", "weight": 0},
        {"voter": "a", "style": "all", "weight": 2**31},
        {"voter": "a", "style": "all", "weight": True},
        {"voter": "a", "style": "all", "more": 1},
        {"voter": "a\ud800", "style": "all"},
    ],
)
def test_what_is_no_voter_is_refused(service: Service, entry: object) -> None:
    with pytest.raises(Unprocessable, match="Entry 2 of the roll"):
        vote_tokens.issue(service, [{"voter": "good", "style": "all"}, entry])
    assert whole_roll(service) == []


def test_many_voters_are_issued_at_once(service: Service) -> None:
    assert len(issue(service, *(f"register {number}" for number in range(3000)))) == 3000
    with pytest.raises(Conflict, match="register 2999"):
        issue(service, *(f"register {number}" for number in range(2999, 5000)))
    with pytest.raises(Unprocessable, match="at most 10000"):
        vote_tokens.issue(service, [{}] * 10_001)
    with pytest.raises(Unprocessable):
        vote_tokens.issue(service, {"voter": "a"})
