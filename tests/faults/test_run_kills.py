"""`kill -9` of anything in a whole run, again and again, the launcher included: the tally of an undisturbed run.

`make test` runs the first of them with fewer kills, `make chaos` all.

The moments are drawn from a seed, but what happens at them depends on the machine, so that every run of this test
looks somewhere else. A failure says which processes had been killed by then.
"""

import json
import os
import random
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

import small_run
from small_run import TOTALS, amarvote, begin, pids, write_inputs

OPTIONS = ["--guardians", "3", "--quorum", "2", "--challenged", "2", "--json"]
ROUND_SECONDS = 150


class Storm:
    """A run in `folder`, and what was killed of it."""

    def __init__(self, folder: Path, seed: int, chaining: int) -> None:
        self.folder = folder / "run"
        self.command = ["count", *write_inputs(folder, chaining), *OPTIONS, "--out", str(self.folder)]
        self.draw = random.Random(seed)
        self.killed: list[str] = []
        self.launcher = begin(*self.command)
        self.ends = time.monotonic() + ROUND_SECONDS

    def kill(self, kinds: tuple[str, ...]) -> None:
        """Kill one living process whose name begins like one of `kinds`, if there is any."""
        found = {name: pid for name, pid in pids(self.folder).items() if name.startswith(kinds)}
        if found and self.launcher.poll() is None:
            name = self.draw.choice(sorted(found))
            with suppress(ProcessLookupError):
                os.kill(found[name], signal.SIGKILL)
                self.killed.append(name)

    def kill_launcher(self) -> None:
        """Kill the launcher, and resume the run."""
        if self.launcher.poll() is None:
            self.launcher.kill()
            self.launcher.communicate()
            self.killed.append("launcher")
            self.launcher = begin(*self.command)

    def pass_by(self, kinds: tuple[str, ...], kills: int, longest: float) -> None:
        """So many kills, at random moments."""
        while len(self.killed) < kills and self.launcher.poll() is None and time.monotonic() < self.ends:
            time.sleep(self.draw.uniform(0.05, longest))
            self.kill(kinds)

    def until(self, what: str) -> None:
        """Wait until a file of the run exists."""
        while not list(self.folder.glob(what)):
            assert self.launcher.poll() is None, self.launcher.communicate()
            assert time.monotonic() < self.ends, f"{what} does not come; killed: {self.killed}"
            time.sleep(0.02)

    def check(self) -> None:
        """The run comes to its end with every ballot counted once, and its record verifies."""
        out, err = self.launcher.communicate(timeout=ROUND_SECONDS)
        assert self.launcher.returncode == 0, (err, self.killed)
        report = json.loads(out)
        expected = {contest: {o: [n, n] for o, n in some.items()} for contest, some in TOTALS.items()}
        assert report["totals"] == expected, self.killed
        assert (report["accepted"], report["challenged"], report["rejected"]) == (8, 2, 0), self.killed
        assert (report["mismatches"], report["verified"]) == (0, True), self.killed
        verified = amarvote("verify", report["record"], "--json")
        assert json.loads(verified.stdout)["passed"] is True, (verified.stdout, self.killed)
        assert pids(self.folder) == {}


@pytest.fixture
def storms(tmp_path):
    begun: list[Storm] = []

    def make(seed: int, chaining: int) -> Storm:
        begun.append(Storm(tmp_path, seed, chaining))
        return begun[-1]

    yield make
    for storm in begun:
        if storm.launcher.poll() is None:
            storm.launcher.kill()
            with suppress(subprocess.TimeoutExpired):
                storm.launcher.communicate(timeout=10)


@pytest.mark.parametrize("kills", [5, pytest.param(15, marks=pytest.mark.chaos)])
def test_any_process_at_random_moments(storms, kills):
    storm = storms(seed=1, chaining=1)
    storm.until("workers.json")
    storm.pass_by(("",), kills=kills, longest=1.2)
    storm.check()
    assert len(storm.killed) == kills


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
