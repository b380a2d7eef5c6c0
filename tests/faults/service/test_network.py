"""The network between the service's parts is cut: closed, silent, its cable pulled for longer than the leases."""

import time
from collections.abc import Callable

import pytest

from faults.service.namespace import namespace
from faults.service.outcome import check_outcome
from faults.service.stack import Stack

Done = Callable[[str, object], None]

pytestmark = pytest.mark.timeout(3000)


def test_cable_pulled_for_longer_than_the_lease(stack: Stack, record_property: Done) -> None:
    """The cable of a worker's network (its own namespace) pulled for longer than the lease, then plugged again."""
    with namespace() as network:
        database = stack.proxy(stack.postgresql.port, network.host)
        broker = stack.proxy(stack.rabbitmq.port, network.host)
        stack.submit()
        stack.close_voting()
        far = stack.worker(
            "far",
            mishap="answered stop",
            database_port=database.port,
            broker_port=broker.port,
            host=network.host,
            prefix=network.prefix,
        )
        # It stands still with a chunk in hand; the cable is pulled under it, and it wakes into silence.
        stack.wait(far.is_stopped, "the far worker has a chunk in hand")
        (held,) = [row for row in stack.chunk_rows() if row.worker == "far" and row.state == "running"]
        network.pull()
        far.wake()
        stack.worker("near")
        stack.wait(
            lambda: (
                [row.worker for row in stack.chunk_rows() if row.id == held.id and row.state == "done"] == ["near"]
            ),
            "the near worker does the far one's chunk after its lease",
        )
        time.sleep(stack.times.lease)
        network.plug()
        check_outcome(stack)
        far.kill()
    record_property("done", f"longer than {stack.times.lease:g} s")


@pytest.mark.chaos
def test_silence_between_worker_and_broker(stack: Stack, record_property: Done) -> None:
    """The network between a worker and the broker silent for two leases, then closed, then well again."""
    broker = stack.proxy(stack.rabbitmq.port)
    stack.worker("far", broker_port=broker.port)
    stack.submit()
    before = stack.chunks_done()
    stack.wait(lambda: stack.chunks_done() > before, "the far worker works")
    broker.hush()
    stack.close_voting()
    stack.worker("near")
    time.sleep(2 * stack.times.lease)
    broker.cut()
    broker.heal()
    check_outcome(stack)
    record_property("done", f"{2 * stack.times.lease:g} s")


@pytest.mark.chaos
def test_connections_of_the_database_cut_on_the_way(stack: Stack, record_property: Done) -> None:
    """The network between a worker and the database closed again and again, also in mid-transaction."""
    database = stack.proxy(stack.postgresql.port)
    stack.worker("far", database_port=database.port)
    stack.submit()
    stack.close_voting()
    cuts = 0
    while stack.state() != "published" and cuts < 10 * stack.times.rounds:
        before = stack.chunks_done()
        stack.wait(
            lambda before=before: stack.chunks_done() > before or stack.state() == "published",  # type: ignore[misc]
            "work goes on",
            stack.guardians_answer,
        )
        database.cut()
        database.heal()
        cuts += 1
    check_outcome(stack)
    record_property("done", f"{cuts} times")
