"""Workers die: at each step of their loop, at random again and again; their work is done by others, once."""

import os
import random
import re
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from faults.service.outcome import SETTLED, check_outcome
from faults.service.stack import Process, Stack

STEPS = ("starting", "idle", "claimed", "loaded", "asked", "answered", "committing", "committed")

Done = Callable[[str, object], None]

pytestmark = pytest.mark.timeout(3000)


WITHOUT_ANSWER = ("claimed", "loaded")
"""Who dies here has not been asked yet: its chunk counts the death. When it is "asked", it may answer in time."""


@pytest.mark.chaos
def test_parent_and_child_die_at_every_step(stack: Stack, record_property: Done) -> None:
    """kill -9 of a worker's parent, and of its child, at every named step of the loop."""
    deaths = [(step, "kill-child") for step in STEPS[1:]] + [(step, "kill") for step in STEPS]
    left = list(stack.ballots)
    each = len(left) // len(deaths)
    for step, mishap in deaths:
        some = [left.pop() for _ in range(each)]
        if step != "idle":  # otherwise there is work, or it would not come that far
            stack.submit(some)
        doomed = stack.worker("doomed", mishap=f"{step} {mishap}")
        if mishap == "kill":
            assert doomed.wait() == -signal.SIGKILL, doomed.said()
        else:
            _outlives_its_child(stack, doomed, step)
        if step == "idle":
            stack.submit(some)
    stack.submit(left)
    stack.close_voting()
    stack.worker("doomed")
    check_outcome(stack)
    assert stack.deaths() >= 7, "those in which a chunk was in hand and not committed"
    record_property("done", f"{len(deaths)} deaths")


def _outlives_its_child(stack: Stack, parent: Process, step: str) -> None:
    """The same parent has another child after this one's death, does what is due, and ends when it is told to."""
    before = stack.deaths()
    dead: list[int] = []

    def died() -> bool:
        dead[:] = map(int, re.findall(f"^mishap at {step}: kill-child ([0-9]+)$", parent.said(), re.MULTILINE))
        return bool(dead)

    stack.wait(died, f"a child is killed when {step}")
    stack.wait(lambda: parent.child() not in (None, *dead), "it has another child")
    stack.wait(lambda: all(row.state in SETTLED for row in stack.chunk_rows()), "its chunk is done")
    assert stack.deaths() - before in ([1] if step in WITHOUT_ANSWER else [0, 1] if step == "asked" else [0])
    parent.send(signal.SIGTERM)
    assert parent.wait() == 0, parent.said()


@pytest.mark.parametrize("stack", ["chained"], indirect=True)
def test_random_kills(stack: Stack, record_property: Done) -> None:
    """kill -9 at random moments of parents and children in one run, from the first ballot to the last check."""
    chance = random.Random(20261103)
    kills = stack.times.kills
    stack.ballots = stack.all_ballots
    stack.submit(stack.ballots[: len(stack.ballots) // 2])
    alive = {name: stack.worker(name) for name in ("one", "two", "three")}
    killed: list[str] = []

    def strike() -> None:
        name, whom = chance.choice(sorted(alive)), chance.choice(["parent", "child"])
        pid: int | None = alive[name].pid if whom == "parent" else alive[name].child()
        if pid is None:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            killed.append(f"{whom} while {stack.state()}")
        if whom == "parent":
            alive[name].kill()
            alive[name] = stack.worker(name)

    rest = stack.ballots[len(stack.ballots) // 2 :]
    for index, ballot in enumerate(rest):
        stack.submit([ballot])
        if len(killed) < kills // 2 and index % max(1, len(rest) // (kills // 2)) == 0:
            strike()
    stack.close_voting()
    done, published = stack.chunks_done(), "published"
    while len(killed) < kills and stack.state() != published:
        stack.wait(
            lambda done=done: stack.chunks_done() > done or stack.state() == published,
            "work goes on",
            stack.guardians_answer,
        )  # type: ignore[misc]
        done = stack.chunks_done()
        strike()
    check_outcome(stack)
    assert len(killed) == kills, killed
    record_property("done", f"{kills} kills")


def _zombie(stack: Stack) -> Process:
    """A worker that stands still between its child's answer and its commit."""
    zombie = stack.worker("zombie", mishap="answered stop")
    stack.wait(zombie.is_stopped, "a worker stands still with its answer")
    return zombie


def test_a_zombies_commit_is_refused(stack: Stack, record_property: Done) -> None:
    """SIGSTOP with the answer in hand for longer than the lease, then SIGCONT: the late commit is refused."""
    stack.submit()
    stack.close_voting()
    zombie = _zombie(stack)
    (held,) = [row for row in stack.chunk_rows() if row.worker == "zombie" and row.state == "running"]
    stack.worker("other")

    def other_did_it() -> bool:
        (now,) = [row for row in stack.chunk_rows() if row.id == held.id]
        return now.state == "done" and now.worker == "other"

    stack.wait(other_did_it, "another worker does the zombie's chunk")
    time.sleep(stack.times.zombie)
    zombie.wake()
    stack.wait(lambda: "is not ours any more" in zombie.said(), "the commit is refused")
    assert other_did_it()
    check_outcome(stack)
    record_property("done", f"chunk {held.id}")


@pytest.mark.chaos
def test_a_child_that_stands_still(stack: Stack) -> None:
    """SIGSTOP of a computing child: its worker gives it up after a lease and goes on with another."""
    stack.submit()
    stack.close_voting()
    before = stack.chunks_done()
    worker = stack.worker("frozen")
    stack.wait(lambda: stack.chunks_done() > before, "the worker works")
    child = worker.child()
    assert child is not None
    os.kill(child, signal.SIGSTOP)
    check_outcome(stack)
    assert worker.child() != child


@pytest.mark.chaos
def test_a_worker_told_to_end_holds_nothing(stack: Stack) -> None:
    """SIGTERM at any moment: the chunk is finished or handed back, and the worker ends with 0."""
    stack.submit()
    stack.close_voting()
    for number in range(3):
        worker = stack.worker(f"short-lived-{number}")
        before = stack.chunks_done()
        stack.wait(lambda before=before: stack.chunks_done() > before, "work goes on")  # type: ignore[misc]
        worker.send(signal.SIGTERM)
        assert worker.wait() == 0, worker.said()
        assert [row for row in stack.chunk_rows() if row.state == "running"] == []
    stack.worker("last")
    check_outcome(stack)
    assert stack.deaths() == 0
