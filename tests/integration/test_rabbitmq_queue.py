"""Chunks handed out over a real RabbitMQ, on both databases: messages lost, doubled, strange; queues deleted."""

import time
import tracemalloc
from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import func, select, update

from amarvote.pipeline import chunks as life
from amarvote.pipeline import failing, handing
from amarvote.pipeline.settings import Settings
from amarvote.queues import publication, rabbitmq
from amarvote.queues.amqp import CHUNKS, DEAD, Link
from amarvote.queues.rabbitmq import RabbitQueue
from amarvote.store.clock import now
from amarvote.store.tables import chunks
from staging.rows import add_election, pass_time, worker_beats

QUICK = Settings(
    relay_seconds=0.05, unpublished_seconds=0.3, lost_message_seconds=0.4, reconnect_seconds=0.5, error_attempts=1
)
PATIENCE = 30.0


@pytest.fixture
def vhost(rabbitmq_url):
    return rabbitmq_url.rpartition("/")[2]


@pytest.fixture
def connect(rabbitmq_url):
    """Makes connections to the broker, and waits until they stand."""
    links = []

    def make():
        links.append(Link(rabbitmq_url, 0.5))
        until(lambda: not links[-1].trouble)
        return links[-1]

    yield make
    for link in links:
        link.close(5)


@pytest.fixture
def worker_on(both, connect):
    """Makes the queue's side of a worker."""

    def make(name, settings=QUICK):
        worker_beats(both, [name])
        return RabbitQueue(both, settings, name, connect())

    return make


def until(what):
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not (holds := what()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
    return holds


def finish(database, queue, claim):
    """Commit an empty result, as a worker does."""

    def commit(connection):
        life.finish(connection, claim, {}, b"")
        if not queue.follow(connection, claim) and life.all_done(connection, claim.phase_id):
            queue.hand_out(connection, claim.election_id)

    database.transact(commit)
    queue.settle()


def work_off(database, *queues, done=lambda claim: None):
    """Let workers take turns until no chunk is left that could be done; the claims in their order."""
    claims = []
    deadline = time.monotonic() + PATIENCE
    open_chunks = select(func.count()).where(chunks.c.state.in_((life.READY, life.HANDED, life.RUNNING)))
    while True:
        for queue in queues:
            queue.relay()
            claim = queue.claim(0.05)
            if claim is not None:
                claims.append(claim)
                finish(database, queue, claim)
                done(claim)
        with database.read() as connection:
            if not connection.execute(open_chunks).scalar_one():
                return claims
        assert time.monotonic() < deadline, "chunks are left behind"


def rows(database):
    with database.read() as connection:
        return connection.execute(select(chunks).order_by(chunks.c.id)).all()


def nothing_left(server, vhost, *queues):
    """Workers that go on drop what is there twice or came late."""

    def empty():
        for queue in queues:
            queue.relay()
            assert queue.claim(0.01) is None
        return server.depths(vhost) == {CHUNKS: 0, DEAD: 0}

    until(empty)


def test_every_chunk_is_claimed_once_and_no_message_is_left(both, worker_on, rabbitmq_server, vhost):
    add_election(both, "one", "aggregate", [(number, number + 1) for number in range(25)])
    queues = worker_on("w1"), worker_on("w2")
    claims = work_off(both, *queues)
    assert sorted(claim.chunk_id for claim in claims) == [row.id for row in rows(both)]
    assert {claim.attempt for claim in claims} == {1}
    nothing_left(rabbitmq_server, vhost, *queues)


def test_the_queue_is_never_longer_than_the_windows(both, worker_on, rabbitmq_server, vhost):
    for name in ("a", "b"):
        add_election(both, name, "aggregate", [(number, number + 1) for number in range(15)])
    depths = []
    first, second = worker_on("w1"), worker_on("w2")

    def look(_claim):
        depths.append(rabbitmq_server.depths(vhost)[CHUNKS])
        out = Counter(row.election_id for row in rows(both) if row.state in life.OUT)
        assert max(out.values(), default=0) <= handing.window(2, 2)

    work_off(both, first, second, done=look)
    # beside the message that was acknowledged just now, and may still be there
    assert max(depths) <= 2 * handing.window(2, 2) + 1


def test_a_small_election_beside_a_big_one_waits_for_few_of_its_chunks(both, worker_on):
    add_election(both, "big", "aggregate", [(number, number + 1) for number in range(60)])
    first, second = worker_on("w1"), worker_on("w2")
    first.relay()
    add_election(both, "small", "aggregate", [(number, number + 1) for number in range(10)])
    claims = [claim.election_id for claim in work_off(both, first, second)]
    last = max(place for place, name in enumerate(claims, start=1) if name == "small")
    assert last <= 3 * 10


def test_strange_and_doubled_messages_are_dropped(both, worker_on, connect, rabbitmq_server, vhost):
    add_election(both, "one", "aggregate", [(number, number + 1) for number in range(5)])
    queue, stranger = worker_on("w"), connect()
    strange = [b"", b"x", b"-1", b"9" * 400, b"9" * 10, b"77", "٣".encode()]
    strange += [b"%d" % row.id for row in rows(both)]
    assert stranger.publish(CHUNKS, strange, 5) == strange
    stranger.close(5)
    queue.relay()
    claims = work_off(both, queue)
    assert [claim.attempt for claim in claims] == [1] * 5
    nothing_left(rabbitmq_server, vhost, queue)


def test_a_deleted_queue_comes_back_with_everything_in_it(both, worker_on, rabbitmq_server, vhost):
    add_election(both, "one", "aggregate", [(number, number + 1) for number in range(6)])
    queue = worker_on("w")
    queue.relay()
    until(lambda: rabbitmq_server.depths(vhost)[CHUNKS])
    assert rabbitmq_server.delete_queues(vhost) == 2
    assert len(work_off(both, queue)) == 6
    nothing_left(rabbitmq_server, vhost, queue)


def test_a_lost_message_is_overtaken_and_published_again(both, worker_on, connect, rabbitmq_server, vhost):
    """Somebody takes one message away while the others go on: the queue is never empty for long."""
    add_election(both, "one", "aggregate", [(number, number + 1) for number in range(40)])
    thief = connect()
    queue = worker_on("w", replace(QUICK, lost_message_seconds=0.2))
    queue.relay()
    stolen = thief.receive(5)
    thief.ack(stolen)
    thief.close(5)
    slow = lambda claim: time.sleep(0.03)  # noqa: E731
    claims = [claim.chunk_id for claim in work_off(both, queue, done=slow)]
    assert int(stolen.body) in claims
    assert claims.index(int(stolen.body)) < 39
    nothing_left(rabbitmq_server, vhost, queue)


def test_what_a_dead_relay_handed_out_is_published_by_another(both, worker_on):
    add_election(both, "one", "aggregate", [(0, 1)])
    queue = worker_on("w", replace(QUICK, unpublished_seconds=60.0))
    with both.write() as connection:
        assert len(handing.refill(connection, QUICK).handed) == 1
    queue.relay()
    assert queue.claim(0.2) is None
    with both.write() as connection:
        connection.execute(update(chunks).values(handed_at=chunks.c.handed_at - 61))
    assert len(work_off(both, queue)) == 1


def test_a_parked_chunk_has_one_dead_letter_until_it_is_tried_again(both, worker_on, rabbitmq_server, vhost):
    add_election(both, "one", "publish", [(0, 1), (1, 2)])
    queue = worker_on("w")

    def relay_until(dead):
        until(lambda: (queue.relay(), rabbitmq_server.depths(vhost).get(DEAD) == dead)[1])

    queue.relay()
    claim = queue.claim(30)
    both.transact(lambda connection: failing.error(connection, QUICK, claim, "broken"))
    queue.settle()
    relay_until(1)
    for _ in range(20):  # it stays one
        queue.relay()
        time.sleep(0.05)
    assert rabbitmq_server.depths(vhost)[DEAD] == 1
    rabbitmq_server.delete_queues(vhost)
    relay_until(1)
    with both.write() as connection:
        parked = connection.execute(select(chunks).where(chunks.c.state == life.FAILED)).one()
        assert parked.reason.endswith("broken")
        assert life.retry(connection, chunks.c.id == parked.id) == 1
    relay_until(0)
    work_off(both, queue)
    nothing_left(rabbitmq_server, vhost, queue)


def test_dead_letters_of_very_many_parked_chunks_are_sent_some_at_a_time(both, worker_on, rabbitmq_server, vhost):
    number, held = 6000, []
    add_election(both, "one", "publish", [(one, one + 1) for one in range(number)])
    with both.write() as connection:
        connection.execute(update(chunks).values(state=life.FAILED, handed_at=now()))
    queue = worker_on("w", replace(QUICK, lost_message_seconds=600.0))

    def relay():
        tracemalloc.start()
        queue.relay()
        held.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        with both.read() as connection:
            return publication.dead_letters(connection) == number

    until(relay)
    assert rabbitmq_server.depths(vhost)[DEAD] == number
    assert max(held) < 250 * number, held


def test_a_cut_connection_gives_the_message_to_another_who_drops_it(both, worker_on, rabbitmq_server, vhost):
    add_election(both, "one", "aggregate", [(0, 1)])
    first, second = worker_on("w1"), worker_on("w2")
    first.relay()
    claim = until(lambda: first.claim(0.1) or second.claim(0.1))
    holder, other = (first, second) if first._delivery else (second, first)
    assert rabbitmq_server.cut_connections(vhost) >= 1
    until(lambda: rabbitmq_server.depths(vhost).get(CHUNKS) == 0 or other.claim(0.1) or holder.trouble == "")
    assert other.claim(1.0) is None
    finish(both, holder, claim)
    work_off(both, first, second)
    assert [row.attempt for row in rows(both)] == [1]
    until(lambda: (first.claim(0.01), second.claim(0.01), rabbitmq_server.depths(vhost)[CHUNKS] == 0)[2])


def test_a_message_for_a_lease_that_ran_out_is_a_claim(both, worker_on, connect):
    """The broker is quicker than the sweep: the dead worker's message comes when its lease has just ended."""
    add_election(both, "one", "aggregate", [(0, 1)])
    queue = worker_on("w")
    with both.write() as connection:
        handing.refill(connection, QUICK)
        dead = life.claim(connection, QUICK, "dead")
    pass_time(both)
    assert connect().publish(CHUNKS, [b"%d" % dead.chunk_id], 5)
    claim = until(lambda: queue.claim(0.2))
    assert (claim.chunk_id, claim.attempt) == (dead.chunk_id, 2)
    assert [row.deaths for row in rows(both)] == [1]
    finish(both, queue, claim)


def test_a_claim_whose_answer_got_lost_is_claimed_again(both, worker_on):
    add_election(both, "one", "aggregate", [(0, 1)])
    queue = worker_on("w")
    queue.relay()
    with both.write() as connection:  # committed, but the connection broke before the worker heard of it
        connection.execute(update(chunks).values(state=life.RUNNING, worker="w", attempt=1, lease_until=2e9))
    claim = until(lambda: queue.claim(0.2))
    assert claim.attempt == 2
    finish(both, queue, claim)


@pytest.mark.parametrize("both", ["postgresql"], indirect=True)
def test_a_broker_that_is_away_keeps_nobody_from_anything_else(both, worker_on, rabbitmq_server, vhost):
    """Its stop costs neither a chunk nor a message, and the worker finds back by itself."""
    add_election(both, "one", "aggregate", [(number, number + 1) for number in range(8)])
    queue = worker_on("w")
    queue.relay()
    claim = until(lambda: queue.claim(0.2))
    rabbitmq_server.stop()
    try:
        until(lambda: queue.trouble)
        began = time.monotonic()
        finish(both, queue, claim)
        queue.relay()
        assert queue.claim(0.01) is None
        assert time.monotonic() - began < rabbitmq.ANSWER_SECONDS  # what waiting for it would take
        add_election(both, "two", "aggregate", [(0, 1)])
    finally:
        rabbitmq_server.start()
    until(lambda: not queue.trouble)
    work_off(both, queue)
    assert {row.state for row in rows(both)} == {life.DONE}
    nothing_left(rabbitmq_server, vhost, queue)
