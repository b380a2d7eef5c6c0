"""Ballots that are stored in one transaction: each is judged by itself, whatever is wrong with the others."""

import base64
import hashlib
import json
from dataclasses import replace

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from amarvote.electionguard.confirmation import unchained_field
from amarvote.elections import remote, storing
from amarvote.elections.envelopes import read_envelope
from amarvote.elections.errors import Conflict, Unprocessable
from amarvote.elections.storing import Submission, store_all
from amarvote.elections.submission import HandedIn, submit_all
from amarvote.store.tables import ballot_commitments, ballot_items, ballots, roll
from staging.fixtures import BOTH
from staging.handing_in import as_json
from staging.people import cast, token_of


def handed_in(opened, vote, token=None):
    envelope = read_envelope(opened.service.context, vote.body)
    if token is not None:
        envelope = replace(envelope, token=token)
    fingerprint = hashlib.sha256(envelope.item + envelope.commitments).digest()
    return Submission(1, envelope, fingerprint, hashlib.sha256(envelope.token).digest())


def states(opened):
    with opened.service.database.read() as connection:
        found = connection.execute(select(roll.c.token_hash, roll.c.state)).all()
    return {row.token_hash: row.state for row in found}


def numbers(opened, table):
    with opened.service.database.read() as connection:
        return set(connection.execute(select(table.c.number)).scalars())


@pytest.mark.parametrize("opened", BOTH, indirect=True)
def test_each_is_judged_by_itself(opened):
    good = [handed_in(opened, opened.make(1)) for _ in range(3)]
    heavy = handed_in(opened, opened.make(2))
    with opened.service.database.write() as connection:
        connection.execute(update(roll).where(roll.c.token_hash == heavy.token_hash).values(weight=2))
    unknown = handed_in(opened, opened.make(1), token=bytes(32))
    second = handed_in(opened, opened.make(2), token=token_of(1))
    again = handed_in(opened, opened.make(1))
    other_bytes = replace(again, fingerprint=bytes(32))
    asked = [good[0], heavy, second, good[1], unknown, again, again, other_bytes, good[2]]
    outcomes = store_all(opened.service, asked)
    said = [one if isinstance(one, str) else f"{type(one).__name__}: {one}" for one in outcomes]
    assert [said[place] for place in (0, 3, 5, 6, 8)] == ["submitted"] * 5
    assert said[1].startswith("Unprocessable: The ballot says weight 1, but the roll says 2")
    assert said[2].startswith("Conflict: Another ballot with this vote token is being checked")
    assert said[4] == "Unprocessable: This vote token is not in the roll."
    assert said[7].endswith("was submitted before with other bytes; the first stand. An identifier is used once.")
    entries = states(opened)
    assert {entries[one.token_hash] for one in (*good, again)} == {"reserved"}
    assert entries[heavy.token_hash] == "free"
    assert len(numbers(opened, ballots)) == 4
    assert numbers(opened, ballots) == numbers(opened, ballot_items) == numbers(opened, ballot_commitments)


@pytest.mark.parametrize("opened_chained", BOTH, indirect=True)
def test_of_one_chain_each_follows_the_one_before(opened_chained):
    first = opened_chained.make(1)
    second = opened_chained.make(2, after=first)
    astray = opened_chained.make(1)
    outcomes = store_all(
        opened_chained.service, [handed_in(opened_chained, one) for one in (first, second, astray)]
    )
    assert outcomes[:2] == ["submitted"] * 2
    assert isinstance(outcomes[2], Conflict)
    assert "does not follow the last one" in str(outcomes[2])


@pytest.mark.parametrize("opened", BOTH, indirect=True)
def test_what_the_database_does_not_take_is_nobody_elses_fault(opened, monkeypatch):
    taken, other = handed_in(opened, opened.make(1)), handed_in(opened, opened.make(2))
    monkeypatch.setattr(storing, "random_key", lambda: 7)  # for both, and for each when it is alone
    outcomes = store_all(opened.service, [taken, other])
    assert outcomes[0] == "submitted"
    assert isinstance(outcomes[1], IntegrityError)
    assert states(opened)[other.token_hash] == "free"
    assert numbers(opened, ballots) == {7}


def of_remote_voter(opened, number):
    remote.admit(opened.service, 1)
    (shard,) = remote.describe(opened.service)["devices"]
    field = unchained_field(base64.b64decode(shard["h_di"]))
    return cast(opened.context, opened.engine, token_of(number), {1: {1: 1}}, field)


@pytest.mark.parametrize("opened", BOTH, indirect=True)
def test_what_cannot_be_read_is_refused_alone(opened, monkeypatch):
    """Whoever hands it in, and in whichever form: the others are stored, in one transaction."""
    plain, written, last, cut = (opened.make(1) for _ in range(4))
    at_home = of_remote_voter(opened, 9)
    text = json.dumps(as_json(written)).encode()
    handed = {
        "plain": HandedIn(1, plain.body),
        "no ballot": HandedIn(1, bytes(100)),
        "nothing": HandedIn(2, b""),
        "in JSON": HandedIn(1, text, is_json=True),
        "broken JSON": HandedIn(1, text[:-1], is_json=True),
        "nested JSON": HandedIn(1, b"[" * 100_000, is_json=True),
        "no JSON": HandedIn(1, cut.body, is_json=True),
        "at home": HandedIn(at_home.token, at_home.body[32:]),
        "at home, the token twice": HandedIn(at_home.token, at_home.body),
        "cut short": HandedIn(1, cut.body[:-1]),
        "last": HandedIn(1, last.body),
    }
    good = {"plain": plain, "in JSON": written, "at home": at_home, "last": last}
    writes = []
    write = opened.service.database.write
    monkeypatch.setattr(opened.service.database, "write", lambda: writes.append(1) or write())
    answers = dict(zip(handed, submit_all(opened.service, list(handed.values())), strict=True))
    assert len(writes) == 1
    for name, answer in answers.items():
        if name in good:
            assert answer["state"] == "submitted"
            assert answer["id_b"] == good[name].ballot.id_b.hex()
        else:
            assert isinstance(answer, Unprocessable), name
    with opened.service.database.read() as connection:
        stored = set(connection.execute(select(ballots.c.id_b)).scalars())
    assert stored == {vote.ballot.id_b for vote in good.values()}
    entries = states(opened)
    assert entries[hashlib.sha256(cut.token).digest()] == "free"
