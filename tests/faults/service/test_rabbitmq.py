"""The broker goes, loses, repeats and shuffles; the table says what may be done."""

import random
import threading

import pika
import pytest
from sqlalchemy import func, select

from amarvote.queues.amqp import CHUNKS
from amarvote.store.tables import chunks
from faults.service.outcome import check_outcome
from faults.service.stack import Stack

pytestmark = pytest.mark.timeout(3000)


def _under_way(stack: Stack) -> None:
    """Some chunks are done, more are to come."""
    before = stack.chunks_done()
    stack.wait(lambda: stack.chunks_done() >= before + 2, "work is under way", stack.guardians_answer)


def test_stopped_and_started(stack: Stack, record_property) -> None:  # type: ignore[no-untyped-def]
    """RabbitMQ stopped in the middle, ballots handed in meanwhile, and started again."""
    half = len(stack.ballots) // 2
    stack.workers()
    api = stack.ready_api()
    before = stack.chunks_done()
    for ballot in stack.ballots[:half]:
        assert stack.put_ballot(api, ballot).status_code == 202
    stack.wait(lambda: stack.chunks_done() > before, "work is under way")
    stack.rabbitmq.stop()
    try:
        for ballot in stack.ballots[half:]:
            assert stack.put_ballot(api, ballot).status_code == 202, "the API does not need the broker"
        stack.close_voting()
    finally:
        stack.rabbitmq.start()
    check_outcome(stack)
    record_property("done", f"{len(stack.ballots) - half} ballots taken meanwhile")


@pytest.mark.chaos
def test_killed_again_and_again(stack: Stack, record_property) -> None:  # type: ignore[no-untyped-def]
    """kill -9 of RabbitMQ in the middle."""
    stack.workers()
    stack.submit()
    stack.close_voting()
    for _ in range(stack.times.rounds):
        _under_way(stack)
        stack.rabbitmq.kill()
        stack.rabbitmq.start()
    check_outcome(stack)
    record_property("done", f"{stack.times.rounds} times")


@pytest.mark.chaos
def test_killed_when_its_queues_are_new(stack: Stack, record_property) -> None:  # type: ignore[no-untyped-def]
    """kill -9 of RabbitMQ within a second of the first declaration of its queues."""
    for number in range(stack.times.rounds):
        stack.rabbitmq.delete_queues(stack.vhost)
        if number == 0:
            stack.worker()
        stack.wait(lambda: len(stack.rabbitmq.depths(stack.vhost)) == 2, "the queues are there")
        stack.rabbitmq.kill()
        stack.rabbitmq.start()
    stack.submit()
    stack.close_voting()
    check_outcome(stack)
    record_property("done", f"{stack.times.rounds} times")


def test_queues_deleted(stack: Stack, record_property) -> None:  # type: ignore[no-untyped-def]
    """RabbitMQ's queues deleted, with what is in them, in the middle."""
    stack.workers()
    stack.submit()
    stack.close_voting()
    times = 2 * stack.times.rounds
    for _ in range(times):
        _under_way(stack)
        stack.rabbitmq.delete_queues(stack.vhost)
    check_outcome(stack)
    record_property("done", f"{times} times")


@pytest.mark.chaos
def test_connections_cut(stack: Stack, record_property) -> None:  # type: ignore[no-untyped-def]
    """RabbitMQ closes every connection, again and again."""
    stack.workers()
    stack.submit()
    stack.close_voting()
    cut = 0
    for _ in range(3 * stack.times.rounds):
        _under_way(stack)
        cut += stack.rabbitmq.cut_connections(stack.vhost)
    check_outcome(stack)
    assert cut >= stack.times.rounds
    record_property("done", f"{cut} connections")


class Copyist:
    """Publishes the numbers of all chunks again and again, in any order, of chunks that are not there as well."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._over = threading.Event()
        self.published = 0
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Copyist":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        chance = random.Random(1789)
        with pika.BlockingConnection(
            pika.URLParameters(self._stack.rabbitmq.url(self._stack.vhost))
        ) as connection:
            channel = connection.channel()
            while not self._over.wait(1.0):
                with self._stack.stage.service.database.read() as database:
                    last = database.execute(select(func.max(chunks.c.id))).scalar_one()
                numbers = 2 * list(range(max(1, last - 8), last + 3))
                chance.shuffle(numbers)
                bodies = [b"%d" % number for number in numbers] + [b"", b"-1", b"chunk", b"9" * 30]
                for body in bodies:
                    channel.basic_publish("", CHUNKS, body)
                self.published += len(bodies)


def test_duplicated_and_shuffled(stack: Stack, record_property) -> None:  # type: ignore[no-untyped-def]
    """Every message duplicated, out of order, and between messages that name no chunk."""
    for _ in range(2):
        stack.worker()
    stack.submit()
    stack.close_voting()
    _under_way(stack)
    with Copyist(stack) as copyist:
        stack.until("published")
    check_outcome(stack)
    assert all(row.attempt == 1 for row in stack.chunk_rows() if row.state == "done"), "each chunk was done once"
    record_property("done", f"{copyist.published} messages too many")
