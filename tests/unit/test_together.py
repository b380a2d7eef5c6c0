import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from amarvote.elections.together import Together


def test_alone_it_is_done_at_once():
    assert Together[int, int]().ask(3, lambda asked: [2 * one for one in asked]) == 6


def test_who_asks_meanwhile_is_done_together_each_with_its_own_result():
    together = Together[int, int]()
    begun, go_on, calls = threading.Event(), threading.Event(), []

    def do(asked):
        calls.append(list(asked))
        begun.set()
        go_on.wait(10)
        return [ValueError(f"{one} is odd") if one % 2 else 10 * one for one in asked]

    with ThreadPoolExecutor(12) as threads:
        first = threads.submit(together.ask, 0, do)
        assert begun.wait(10)
        others = {number: threads.submit(together.ask, number, do) for number in range(1, 11)}
        while len(together._waiting[None]) < len(others):
            pass
        go_on.set()
        assert first.result(10) == 0
        for number, other in others.items():
            if number % 2:
                with pytest.raises(ValueError, match=f"{number} is odd"):
                    other.result(10)
            else:
                assert other.result(10) == 10 * number
    assert [sorted(call) for call in calls] == [[0], list(range(1, 11))]


def test_what_breaks_is_told_to_all_and_stops_nobody_after():
    together = Together[int, int]()

    def breaks(_asked):
        raise KeyError("gone")

    for _ in range(2):
        with pytest.raises(KeyError, match="gone"):
            together.ask(1, breaks)
    assert together.ask(1, lambda asked: list(asked)) == 1


def test_what_is_something_else_is_done_beside_it():
    together = Together[int, int]()
    begun, go_on = threading.Event(), threading.Event()

    def slowly(asked):
        begun.set()
        assert go_on.wait(10)
        raise KeyError("gone")

    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(together.ask, 1, slowly, of="slow")
        assert begun.wait(10)
        assert together.ask(2, list, of="quick") == 2
        go_on.set()
        with pytest.raises(KeyError):
            slow.result(10)
    assert together._waiting == {}


def test_nobody_is_forgotten_when_many_ask_all_the_time():
    together = Together[int, int]()
    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(lambda number: together.ask(number, list), range(2000))) == list(range(2000))
