"""The doctor's chunk goes through the service in the middle of a count."""

import threading

import pytest

from amarvote.doctor.findings import State
from amarvote.doctor.round_trip import round_trip
from amarvote.doctor.system import System
from faults.service.outcome import check_outcome
from faults.service.stack import Stack

pytestmark = pytest.mark.timeout(3000)


@pytest.mark.chaos
def test_examined_in_mid_tally(stack: Stack, record_property) -> None:  # type: ignore[no-untyped-def]
    """Nothing broken: the doctor sends chunks of its own all the time, two doctors at once."""
    for _ in range(2):
        stack.worker()
    system = System(stack.stage.service.database, stack.rabbitmq.url(stack.vhost))
    stack.wait(lambda: len(system.workers()) == 2, "both workers are alive")
    over = threading.Event()
    found = []

    def examine() -> None:
        while not over.is_set():
            found.extend(round_trip(system))

    doctors = [threading.Thread(target=examine) for _ in range(2)]
    for doctor in doctors:
        doctor.start()
    try:
        stack.submit()
        stack.close_voting()
        stack.until("published")
    finally:
        over.set()
        for doctor in doctors:
            doctor.join()
    check_outcome(stack)
    assert {one.state for one in found} == {State.OK}, found
    assert len(found) > 4
    record_property("done", f"{len(found)} chunks")
