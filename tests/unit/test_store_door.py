import errno
import itertools
import threading
import time

import pytest

from amarvote.store import door
from amarvote.store.door import Door
from amarvote.store.passing import AwayError
from amarvote.store.patience import patiently
from staging.waiting import until


@pytest.fixture
def looks(monkeypatch):
    """The moments at which somebody looked; `is_there` says when it is back."""
    monkeypatch.setattr(door, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(door, "LONGEST_PAUSE", 0.16)
    return []


@pytest.fixture
def back():
    return threading.Event()


@pytest.fixture
def made(looks, back):
    def is_there():
        looks.append(time.monotonic())
        return back.is_set()

    made = Door("the database", is_there)
    yield made
    made.close()


def test_shut_it_refuses_at_once_and_looks_with_pauses_that_grow_to_a_bound(made, looks, back):
    made.check()
    began = time.monotonic()
    for _ in range(3):
        assert "does not answer: refused" in str(made.shut("refused"))
    with pytest.raises(AwayError, match="refused"):
        made.check()
    until(lambda: len(looks) >= 8)
    pauses = [after - before for before, after in itertools.pairwise(looks)]
    assert len(looks) <= 3 + (time.monotonic() - began) / 0.08
    assert max(pauses) >= 0.08
    back.set()
    began = time.monotonic()
    made.wait(30)
    assert time.monotonic() - began < 20
    made.check()
    assert made.trouble == ""


def test_one_that_is_shut_again_shortly_after_is_looked_at_as_seldom_as_before(made, looks, back):
    back.set()
    for _ in range(6):
        made.shut("refused")
        made.wait(30)
    began = time.monotonic()
    made.shut("refused")
    made.wait(30)
    assert time.monotonic() - began >= 0.08
    assert len(looks) == 7


def test_of_many_who_wait_for_an_answer_one_asks_for_all(made, monkeypatch):
    monkeypatch.setattr(door, "SILENT_SECONDS", 30.0)
    asked = []

    def is_heard():
        asked.append(1)
        time.sleep(0.05)
        return True

    threads = [threading.Thread(target=made.listen, args=(is_heard,)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 1
    monkeypatch.setattr(door, "SILENT_SECONDS", 0.0)
    with pytest.raises(AwayError, match="silent"):
        made.listen(lambda: False)


def test_nobody_is_patient_with_a_door_that_is_shut(made):
    calls = []

    def ask():
        calls.append(1)
        made.shut("refused")
        made.check()

    with pytest.raises(AwayError):
        patiently(ask)
    assert len(calls) == 1


def test_whoever_looks_in_vain_looks_again(made, looks, back, caplog):
    """Without a file descriptor, for example, nobody can even look."""

    def is_there():
        looks.append(time.monotonic())
        if len(looks) < 3:
            raise OSError(errno.EMFILE, "Too many open files")
        return True

    made._is_there = is_there
    made.shut("refused")
    made.wait(10)
    made.check()
    assert len(looks) == 3
    assert caplog.text.count("could not be looked at: OSError: [Errno 24] Too many open files") == 2


def test_it_is_not_shut_where_no_thread_can_be_had_to_open_it(made, back, monkeypatch):
    def start(_thread):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as without_threads:
        without_threads.setattr(threading.Thread, "start", start)
        away = made.shut("refused")
    assert "does not answer: refused" in str(away)
    assert 0 < away.retry_after < 1
    assert made.trouble == ""
    made.check()
    made.shut("refused again")
    with pytest.raises(AwayError, match="refused again"):
        made.check()
    back.set()
    made.wait(10)
    made.check()
