import asyncio
import sqlite3
import threading
from contextlib import closing
from contextvars import ContextVar

import pytest

from amarvote.api.together import MOST, Together
from amarvote.store.database import DatabaseError
from staging.rows import fresh_database


def run(ask):
    """What came of `ask(together)`, in a loop of its own; nothing is left behind."""

    async def asked():
        together = Together()
        async with asyncio.timeout(60):
            result = await ask(together)
            while together._tasks:
                await asyncio.sleep(0)
        assert together._waiting == {}
        return result

    return asyncio.run(asked())


class Held:
    """Makes ten of each one, and refuses odd ones, once it is let go on; `calls` says for whom."""

    def __init__(self):
        self.begun, self.go_on, self.calls = threading.Event(), threading.Event(), []

    def __call__(self, asked):
        self.calls.append(list(asked))
        self.begun.set()
        assert self.go_on.wait(30)
        return [ValueError(f"{one} is odd") if one % 2 else 10 * one for one in asked]

    async def asked_by(self, together, count):
        """The tasks of so many: for the first it is being done, the others wait."""
        first = asyncio.create_task(together.ask("held", 0, self))
        assert await asyncio.to_thread(self.begun.wait, 30)
        others = [asyncio.create_task(together.ask("held", number, self)) for number in range(1, count)]
        while len(together._waiting["held"]) < len(others):
            await asyncio.sleep(0)
        return [first, *others]


async def gather(*asking):
    return await asyncio.gather(*asking, return_exceptions=True)


def test_alone_it_is_done_at_once():
    assert run(lambda together: together.ask("twice", 3, lambda asked: [2 * one for one in asked])) == 6


def test_who_asks_meanwhile_is_done_together_each_with_its_own_result():
    held = Held()

    async def ask(together):
        tasks = await held.asked_by(together, 11)
        held.go_on.set()
        return await gather(*tasks)

    assert [str(one) for one in run(ask)] == [
        f"{number} is odd" if number % 2 else str(10 * number) for number in range(11)
    ]
    assert held.calls == [[0], list(range(1, 11))]


def test_no_more_than_so_many_are_done_in_one_go_in_their_order():
    held, count = Held(), 2 * MOST + 10

    async def ask(together):
        tasks = await held.asked_by(together, count)
        held.go_on.set()
        return await gather(*tasks)

    assert [one for one in run(ask) if isinstance(one, int)] == list(range(0, 10 * count, 20))
    assert [len(call) for call in held.calls] == [1, MOST, MOST, 9]
    assert [one for call in held.calls for one in call] == list(range(count))


def test_what_is_done_in_one_go_is_done_in_the_context_of_the_first():
    who, did = ContextVar("who"), []

    def do(asked):
        did.append((who.get(), list(asked)))
        return list(asked)

    async def ask_as(together, number):
        who.set(number)
        return await together.ask("it", number, do)

    assert run(lambda together: gather(*(ask_as(together, number) for number in range(4)))) == [0, 1, 2, 3]
    assert did == [(0, [0]), (1, [1, 2, 3])]


def test_what_breaks_is_told_to_all_and_stops_nobody_after():
    calls = []

    def breaks(asked):
        calls.append(len(asked))
        raise KeyError("gone")

    async def ask(together):
        told = await gather(*(together.ask("it", number, breaks) for number in range(5)))
        return told, await together.ask("it", 1, list)

    told, after = run(ask)
    assert [repr(one) for one in told] == ["KeyError('gone')"] * 5
    assert (calls, after) == ([1, 4], 1)


def test_what_is_something_else_is_done_beside_it():
    held = Held()

    async def ask(together):
        (slow,) = await held.asked_by(together, 1)
        quick = await together.ask("quick", 2, list)
        assert not slow.done()
        held.go_on.set()
        return quick, await slow

    assert run(ask) == (2, 0)


def test_nothing_more_is_begun_when_the_loop_ends():
    held = Held()

    async def ask(together):
        await held.asked_by(together, 3)
        threading.Timer(0.1, held.go_on.set).start()

    asyncio.run(ask(Together()))
    assert held.calls == [[0]]


def test_nobody_is_forgotten_when_many_ask_all_the_time():
    calls = []

    def do(asked):
        calls.append(len(asked))
        return list(asked)

    async def ask_in_time(together, number):
        await asyncio.sleep(number % 40 / 400)
        return await together.ask(number % 3, number, do)

    async def ask(together):
        return await gather(*(ask_in_time(together, number) for number in range(2000)))

    assert run(ask) == list(range(2000))
    assert sum(calls) == 2000
    assert len(calls) < 1000


def test_who_gives_up_while_it_waits_disturbs_nobody():
    """Nor does the one with whom it began; one of those who give up would have been refused."""
    held = Held()

    async def ask(together):
        tasks = await held.asked_by(together, 8)
        for number in (0, 3, 4):
            tasks[number].cancel()
        await asyncio.sleep(0)
        held.go_on.set()
        return await gather(*tasks), await together.ask("held", 8, held)

    told, after = run(ask)
    assert [number for number, one in enumerate(told) if isinstance(one, asyncio.CancelledError)] == [0, 3, 4]
    assert [str(told[number]) for number in (1, 2, 5, 6, 7)] == [
        "1 is odd",
        "20",
        "5 is odd",
        "60",
        "7 is odd",
    ]
    assert after == 80


@pytest.fixture
def busy(tmp_path, monkeypatch):
    """A database, and a transaction of another process that keeps everybody from writing."""
    monkeypatch.setattr("amarvote.store.engines.BUSY_MILLISECONDS", 10)
    with (
        closing(fresh_database(tmp_path)) as database,
        closing(sqlite3.connect(tmp_path / "rows.db", isolation_level=None, check_same_thread=False)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        yield database, other


def test_what_the_database_did_not_do_is_asked_again(busy):
    database, other = busy
    calls = []

    def write(asked):
        calls.append(list(asked))
        try:
            with database.write():
                return list(asked)
        except DatabaseError:
            other.execute("ROLLBACK")
            raise

    async def ask(together):
        return await gather(*(together.ask("write", number, write) for number in range(5)))

    assert run(ask) == list(range(5))
    assert calls == [[0], [0], [1, 2, 3, 4]]
