"""A broker that is away is tried with pauses that grow; a queue without a leader is made anew, others are not."""

import time

import pytest

from amarvote.queues import amqp, preparing
from amarvote.queues.amqp import CHUNKS, DEAD, Link
from amarvote.queues.preparing import MOST_UNSERVED
from servers.cut_proxy import CutProxy
from staging.waiting import looks_since, until


@pytest.fixture
def vhost(rabbitmq_url):
    return rabbitmq_url.rpartition("/")[2]


@pytest.fixture
def connect(rabbitmq_url):
    """Makes connections to the broker, closed after the test."""
    links = []

    def make(url=rabbitmq_url, longest_pause=0.5):
        links.append(Link(url, longest_pause))
        return links[-1]

    yield make
    for link in links:
        link.close(5)


def test_it_is_tried_with_pauses_that_grow_and_found_again(connect, rabbitmq_server, vhost, monkeypatch):
    monkeypatch.setattr(amqp, "STEADY_SECONDS", 0.1)
    proxy = CutProxy(rabbitmq_server.port)
    try:
        link = connect(rabbitmq_server.url(vhost, proxy.port), 10.0)
        until(lambda: not link.trouble)
        time.sleep(amqp.STEADY_SECONDS)
        before, began = proxy.tried, time.monotonic()
        proxy.cut()
        time.sleep(3.0)
        until(lambda: proxy.tried - before >= 2)
        assert proxy.tried - before <= 1 + looks_since(began)
        assert "does not serve us" in link.trouble
        proxy.heal()
        until(lambda: not link.trouble)
    finally:
        proxy.close()


@pytest.mark.parametrize(("queue", "step"), [(CHUNKS, 0.5), (DEAD, 0.3), (DEAD, 0.7)])
def test_a_queue_without_a_leader_is_made_anew(connect, rabbitmq_server, vhost, queue, step, monkeypatch):
    """The broker answers that it is there, and nothing that is asked of it.

    It goes on trying to answer whom we gave up, so that the new queue may hear of him (with 3.10, after about such
    steps): that takes no message away.
    """
    first = connect()
    until(lambda: not first.trouble)
    first.close(5)
    rabbitmq_server.take_leader(vhost, queue)
    with monkeypatch.context() as patience:
        patience.setattr(preparing, "STEP_SECONDS", step)
        patience.setattr(preparing, "MOST_UNSERVED", 2)
        link = connect()
        said = f"The broker {link.name} does not serve us: its queue {queue} takes no requests"
        until(lambda: link.trouble == said)
        assert link._preparation.unserved[queue] >= 1
        until(lambda: link._preparation.unserved[queue] == 2)
    monkeypatch.setattr(preparing, "MOST_UNSERVED", 2)
    until(lambda: not link.trouble)
    for name in (CHUNKS, DEAD):
        assert link.publish(name, [b"7"], 30) == [b"7"]
    assert link.receive(30).body == b"7"
    until(lambda: rabbitmq_server.depths(vhost) == {CHUNKS: 1, DEAD: 1})
    time.sleep(1.5)
    assert rabbitmq_server.depths(vhost) == {CHUNKS: 1, DEAD: 1}


@pytest.mark.parametrize("queue", [CHUNKS, DEAD])
def test_a_queue_with_nothing_behind_its_name_is_made_anew(connect, rabbitmq_server, vhost, queue):
    """The broker closes the connection of whoever asks something of it."""
    first = connect()
    until(lambda: not first.trouble)
    first.close(5)
    rabbitmq_server.take_server(vhost, queue)
    link = connect()
    until(lambda: link.trouble and not link.trouble.endswith("yet."))
    until(lambda: not link.trouble)
    for name in (CHUNKS, DEAD):
        assert link.publish(name, [b"7"], 30) == [b"7"]
    assert link.receive(30).body == b"7"


def test_a_queue_that_somebody_uses_or_that_holds_something_is_kept(connect, rabbitmq_server, vhost):
    """However often this connection got no answer from it."""
    worker, late = connect(), connect()
    until(lambda: not worker.trouble and not late.trouble)
    late._preparation.unserved.update({CHUNKS: MOST_UNSERVED, DEAD: MOST_UNSERVED})
    assert worker.publish(CHUNKS, [b"1"], 5)
    assert worker.publish(DEAD, [b"2"], 5)
    until(lambda: worker.receive(0.05) or late.receive(0.05))
    made = worker.connections
    late._in_loop(lambda channel: channel.connection.close())
    until(lambda: late.connections == 2 and not late.trouble)
    assert rabbitmq_server.depths(vhost) == {CHUNKS: 1, DEAD: 1}
    assert worker.connections == made
