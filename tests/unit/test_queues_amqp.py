"""The connection to a broker that this process cannot make: its thread tries again, whatever was missing."""

import errno
import time

import pytest

from amarvote.queues import amqp
from amarvote.queues.amqp import Link
from servers.processes import free_port


def full(*_):
    raise OSError(errno.EMFILE, "Too many open files")


class NoLoop:
    """No descriptor for the pair of sockets that wake it."""

    def __new__(cls):
        full()


class NoPoller(amqp.IOLoop):
    """No descriptor for what it waits with: pika will not close such a one."""

    def __init__(self):
        super().__init__()
        self._poller._init_poller = full


@pytest.mark.filterwarnings("ignore:Exception ignored in.*socket:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("broken", [NoLoop, NoPoller])
def test_it_is_tried_again_after_descriptors_were_missing(broken, monkeypatch):
    monkeypatch.setattr(amqp, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(amqp, "IOLoop", broken)
    link = Link(f"amqp://a:b@127.0.0.1:{free_port()}/c", 0.1)
    try:
        until(lambda: "Too many open files" in link.trouble)
        monkeypatch.undo()
        until(lambda: "Too many open files" not in link.trouble)
        assert "does not serve us" in link.trouble
    finally:
        link.close(5)
    assert not link._thread.is_alive()


def until(met):
    end = time.monotonic() + 10
    while not met():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
