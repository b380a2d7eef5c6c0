"""A soak of one election: on the whole stack, with a worker killed meanwhile."""

import threading
import time

from bench.soak.faults import WORKER_KILLED, Faults
from bench.soak.holding import hold
from bench.soak.watching import Watching

from servers import missing
from stack import running

BALLOTS = 20


def seen_by(watching):
    return {series.name for series in watching.seen().memory if series.points}


def test_an_election_in_which_a_worker_is_killed_passes_and_is_seen():
    if (lacking := running.missing()) is not None:
        missing.not_here(lacking)
    with running.Stack(apis=1, workers=1) as stack:
        faults, watching = Faults(stack, seed=1), Watching(stack, time.time())
        striking = threading.Timer(3.0, faults.strike, [WORKER_KILLED])
        striking.start()
        held = hold(stack, faults, 1, BALLOTS)
        striking.join()
        watching.close()
        until = time.monotonic() + 60  # Prometheus asks every fifteen seconds
        while "api-1" not in seen_by(watching) and time.monotonic() < until:
            time.sleep(1)
        assert held.failure is None
        assert [fault.kind for fault in faults.struck] == [WORKER_KILLED]
        worker = stack.parts["worker-1"]
        assert worker.revivals == 1
        assert not list(stack.folder.glob("election-*"))
        assert seen_by(watching) >= {"api-1", "nginx", "postgres", "rabbitmq", "prometheus"}
        assert faults.troubles == stack.keeper.failed == watching.troubles == []
        worker.kill()
        while worker.revivals == 1:
            time.sleep(0.1)
        faults.look_for_deaths()
        assert faults.troubles == ["worker-1 ended by itself"]
        stack.parts["rabbitmq"].stop()
        failed = hold(stack, faults, 2, BALLOTS)
        assert "ServerError" in failed.failure
        assert "worker-1: " in failed.failure
