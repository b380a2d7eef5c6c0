"""Token buckets: how much they hold, how they fill, and that processes share them."""

import asyncio
import time
from types import NoneType

import pytest
from sqlalchemy import select, update

from amarvote.api.together import Together
from amarvote.elections.errors import TooMany
from amarvote.elections.limits import FORGET_SECONDS, Limit, Limits, forget_full
from amarvote.store.tables import buckets


def spend(limits, limit, who, most=1000):
    """How many are let through."""
    for number in range(most):
        try:
            if not limits.has_left(limit, who):
                limits.take(limit, who)
        except TooMany:
            return number
    return most


def age(both, seconds):
    with both.write() as connection:
        connection.execute(update(buckets).values(at=buckets.c.at - seconds))


def test_a_bucket_holds_its_burst_for_each_and_fills_with_time(both):
    limit, clock = Limit("tries", rate=2.0, burst=5, what="tries"), [0.0]
    limits = Limits(both, clock=lambda: clock[0])
    assert spend(limits, limit, "one") == 5
    assert spend(limits, limit, "other") == 5
    age(both, 2.0)
    clock[0] += 2.0
    assert spend(limits, limit, "one") == 4
    age(both, 1000.0)
    clock[0] += 1000.0
    assert spend(limits, limit, "one") == 5


def test_processes_share_a_bucket(both):
    limit = Limit("tries", rate=0.001, burst=20, what="tries", bite=5)
    here, there = Limits(both), Limits(both)
    assert spend(here, limit, "one", most=12) == 12
    assert spend(there, limit, "one") == 5  # the three that `here` has bitten off and not spent are not there
    assert spend(here, limit, "one") == 3


def test_who_finds_nothing_left_at_a_time_shares_one_bite(both):
    limit = Limit("ballots", rate=0.001, burst=200, what="ballots", bite=50)
    bites = []

    class Counted(Limits):
        def _bite(self, limit, who):
            bites.append(who)
            time.sleep(0.2)  # so long that all the others find nothing left
            super()._bite(limit, who)

    async def ask():
        together = Together()
        asked = [(limit, "one" if number % 2 else "other") for number in range(20)]
        first = asyncio.create_task(together.ask(asked[0], asked[0], limits.take_all))
        while not bites:
            await asyncio.sleep(0.01)
        await asyncio.gather(first, *(together.ask(one, one, limits.take_all) for one in asked[1:]))

    limits = Counted(both, clock=lambda: 0.0)
    asyncio.run(ask())
    assert sorted(bites) == ["one", "other"]
    assert spend(limits, limit, "one") == spend(limits, limit, "other") == 200 - 10


def test_of_many_who_ask_together_as_many_are_let_through_as_may(both):
    limit = Limit("tries", rate=0.001, burst=7, what="tries", bite=5)
    limits = Limits(both, clock=lambda: 0.0)
    taken = limits.take_all([(limit, "one")] * 10 + [(limit, "other")] * 2)
    assert [type(one) for one in taken] == [NoneType] * 7 + [TooMany] * 3 + [NoneType] * 2
    assert taken[7].retry_after == 1000.0
    assert limits.take_all([]) == []


def test_a_bite_costs_one_statement_and_an_empty_bucket_none_for_a_while(both):
    limit, asked = Limit("ballots", rate=1.0, burst=100, what="ballots", bite=50), []

    class Counted(Limits):
        def take(self, limit, who):
            asked.append(who)
            super().take(limit, who)

    limits = Counted(both, clock=lambda: 0.0)
    assert spend(limits, limit, "one") == 100
    assert len(asked) == 3
    for _ in range(50):
        with pytest.raises(TooMany, match="too many ballots"):
            limits.has_left(limit, "one")
    assert len(asked) == 3


def test_what_was_bitten_off_does_not_last(both):
    limit, clock = Limit("ballots", rate=0.001, burst=60, what="ballots", bite=50), [0.0]
    limits = Limits(both, clock=lambda: clock[0])
    assert spend(limits, limit, "one", most=1) == 1
    clock[0] = 60.0
    assert spend(limits, limit, "one") == 10


def test_full_buckets_are_forgotten(both):
    limit = Limit("tries", rate=1.0, burst=5, what="tries")
    limits = Limits(both)
    limits.take(limit, "old")
    age(both, FORGET_SECONDS + 1)
    limits.take(limit, "new")
    with both.write() as connection:
        forget_full(connection)
        assert connection.execute(select(buckets.c.key)).scalars().all() == ["tries:new"]


def test_a_bucket_of_one_process_leaves_no_row_behind(both):
    limit, clock = Limit("votes", rate=0.5, burst=3, what="ballots"), [0.0]
    limits = Limits(both, clock=lambda: clock[0])
    for who in ("one", "other"):
        for _ in range(3):
            limits.spend_here(limit, who)
        for _ in range(5):
            with pytest.raises(TooMany, match="too many ballots"):
                limits.spend_here(limit, who)
    clock[0] += 2.0
    limits.spend_here(limit, "one")
    with pytest.raises(TooMany):
        limits.spend_here(limit, "one")
    with both.read() as connection:
        assert connection.execute(select(buckets)).all() == []
