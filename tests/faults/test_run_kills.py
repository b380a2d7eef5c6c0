"""`kill -9` of anything in a whole run, again and again, the launcher included: the tally of an undisturbed run.

`make chaos` runs them; `make test` runs the first with fewer kills (tests/integration/test_demo.py).

The moments are drawn from a seed, but what happens at them depends on the machine, so that every run of this test
looks somewhere else. A failure says which processes had been killed by then.
"""

import subprocess
import time
from contextlib import suppress

import pytest

import small_run
from storm import Storm


@pytest.fixture
def storms(tmp_path):
    begun: list[Storm] = []

    def make(seed: int, chaining: int) -> Storm:
        begun.append(Storm(tmp_path / "run", seed, chaining))
        return begun[-1]

    yield make
    for storm in begun:
        if storm.launcher.poll() is None:
            storm.launcher.kill()
            with suppress(subprocess.TimeoutExpired):
                storm.launcher.communicate(timeout=10)


@pytest.mark.chaos
def test_any_process_at_random_moments(storms):
    storm = storms(seed=1, chaining=1)
    storm.until("workers.json")
    storm.pass_by(("",), kills=15, longest=1.2)
    storm.check()
    assert len(storm.killed) == 15


@pytest.mark.chaos
def test_a_device_again_and_again_while_it_votes(storms):
    """Whatever was on its way, each ballot is there once: the chain has no gap and no second end."""
    storm = storms(seed=2, chaining=1)
    for _ in range(6):
        storm.until("devices/*/last-ballot")
        storm.kill(("device",))
        time.sleep(storm.draw.uniform(0.1, 0.9))
    storm.check()
    assert storm.killed


@pytest.mark.chaos
def test_guardians_while_they_verify_and_answer(storms):
    """No nonce is used for two answers, and whoever comes back gives the answer it gave."""
    storm = storms(seed=3, chaining=0)
    storm.until("guardians/*/record")
    storm.pass_by(("guardian", "orchestrator"), kills=8, longest=0.7)
    storm.check()
    assert storm.killed


@pytest.mark.chaos
def test_the_launcher_itself_at_every_stage(storms):
    storm = storms(seed=4, chaining=0)
    for milestone in ("run.json", "election.db", "guardians/*/words", "devices/*/last-ballot"):
        storm.until(milestone)
        storm.kill_launcher()
    for milestone in ("guardians/*/runs/*/run.json", "record/final/*"):
        storm.until(milestone)
        storm.kill_launcher()
    storm.check()
    assert storm.killed == ["launcher"] * 6


def test_small_run_knows_its_processes(tmp_path):
    assert small_run.pids(tmp_path) == {}
