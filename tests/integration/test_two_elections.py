"""Several elections in one database, with records of their own: a small one beside a big one."""

import pytest

from amarvote.elections import officer, results
from amarvote.elections.bearers import Bearers, require
from amarvote.elections.creating import create
from amarvote.elections.errors import Unauthorized
from amarvote.elections.tokens import token_hash
from amarvote.pipeline import constants
from amarvote.record.verifier import verify_record
from staging.people import make_manifest
from staging.served import serving
from staging.stage import QUICK, Stage


def test_a_small_election_is_counted_while_a_big_one_still_is(tmp_path, plain_guardians, plain_manifest):
    from dataclasses import replace

    settings = replace(QUICK, items=1)
    big = Stage(tmp_path, plain_guardians, plain_manifest, name="big", settings=settings)
    small = Stage(tmp_path, plain_guardians, plain_manifest, name="small", settings=settings)
    for stage in (big, small):
        stage.prepare()
    for number in range(10):
        big.vote(1 + number % 2)
    for _ in range(2):
        small.vote(2)
    for stage in (big, small):
        officer.close_voting(stage.service)
    done = 0
    while small.state() != "waiting_for_guardians":
        assert big.work(most=1) == 1  # any worker serves both
        done += 1
    assert big.state() in ("closing", "counting")
    small.answer(small.run([1, 2]))
    while small.state() != "published":
        assert big.work(most=1) == 1
    assert results.results(small.service)["totals"] == {"c1": {"o1": 0, "o2": 2}}
    big.work()
    big.answer(big.run([1, 3]))
    big.work()
    assert results.results(big.service)["totals"] == {"c1": {"o1": 5, "o2": 5}}
    for stage in (big, small):
        assert verify_record(stage.download()).passed


def test_a_token_is_of_one_election_only(tmp_path, plain_guardians, plain_manifest):
    one, other = (Stage(tmp_path, plain_guardians, plain_manifest, name=name) for name in ("one", "other"))
    bearer = Bearers(one.service.database).find(token_hash(one.creation.devices["device-1"].value))
    assert require(bearer, "device", one.service.election_id) == 1
    with pytest.raises(Unauthorized):
        require(bearer, "device", other.service.election_id)


def test_no_manifest_is_read_while_ballots_of_many_elections_come_in(opened, monkeypatch):
    """Reading a large one takes 10 ms, and for how large a ballot may be the event loop would wait."""
    made = [
        create(
            opened.service.database,
            make_manifest(f"city {number}"),
            n=1,
            k=1,
            device_names=["one"],
            minimum_group=0,
        )
        for number in range(6)
    ]
    with serving(opened) as served:
        for reading in (False, True):
            if reading:
                monkeypatch.setattr(constants, "parse_manifest", lambda _: pytest.fail("it is read again"))
            for one in made:
                answer = served.client.put(
                    f"/elections/{one.election_id}/ballots",
                    content=b"x" * 100_000,
                    headers={"Authorization": f"Bearer {one.devices['one'].value}"},
                )
                assert answer.status_code == 413
