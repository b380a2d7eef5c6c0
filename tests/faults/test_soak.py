"""A soak of one election: on the whole stack, with a worker killed meanwhile."""

import threading
import time

import pytest
from bench.soak.faults import WORKER_KILLED, Faults
from bench.soak.holding import hold
from bench.soak.watching import Watching

from stack.running import Stack

BALLOTS = 20

pytestmark = pytest.mark.chaos


def seen_by(watching):
    return {series.name for series in watching.seen().memory if series.points}


def test_an_election_in_which_a_worker_is_killed_passes_and_is_seen(stack: Stack):
    faults, watching = Faults(stack, seed=1), Watching(stack, time.time())
    revivals = {worker.name: worker.revivals for worker in stack.of_kind("worker")}
    not_started = list(stack.keeper.failed)
    striking = threading.Timer(3.0, faults.strike, [WORKER_KILLED])
    striking.start()
    held = hold(stack, faults, 1, BALLOTS)
    striking.join()
    watching.close()
    until = time.monotonic() + 60  # Prometheus asks now and then
    while "api-1" not in seen_by(watching) and time.monotonic() < until:
        time.sleep(1)
    assert held.failure is None
    (struck,) = faults.struck
    assert struck.kind == WORKER_KILLED
    worker = stack.parts[struck.part]
    revivals[worker.name] += 1
    assert {one.name: one.revivals for one in stack.of_kind("worker")} == revivals
    assert not list(stack.folder.glob("election-*"))
    assert seen_by(watching) >= {"api-1", "nginx", "postgres", "rabbitmq", "prometheus"}
    assert (faults.troubles, watching.troubles, stack.keeper.failed) == ([], [], not_started)
    worker.kill()
    while worker.revivals == revivals[worker.name] or worker.pid is None:
        time.sleep(0.1)
    worker.await_up()
    faults.look_for_deaths()
    assert faults.troubles == [f"{worker.name} ended by itself"]


def test_an_election_that_fails_is_told_with_what_the_service_said_last(stack: Stack):
    """Whatever failed: here something lies where the election's folder belongs."""
    in_the_way = stack.folder / "election-2"
    in_the_way.touch()
    failed = hold(stack, Faults(stack, seed=1), 2, BALLOTS)
    in_the_way.unlink()
    assert "FileExistsError" in failed.failure
    assert "worker-1: " in failed.failure
