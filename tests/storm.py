"""A whole run of `amarvote count` in which processes are killed: the tally of an undisturbed one comes of it."""

import json
import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from small_run import TOTALS, amarvote, begin, pids, write_inputs

OPTIONS = ["--guardians", "3", "--quorum", "2", "--challenged", "2", "--json"]
ROUND_SECONDS = 150


class Storm:
    """A run in `folder`, and what was killed of it."""

    def __init__(self, folder: Path, seed: int, chaining: int, *options: str) -> None:
        self.inputs = write_inputs(folder.parent, chaining)
        self.folder = folder
        self.command = ["count", *self.inputs, *OPTIONS, *options, "--out", str(folder)]
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

    def finish(self) -> tuple[dict[str, Any], str]:
        """The run comes to its end with every ballot counted once: its report, and what it said."""
        out, err = self.launcher.communicate(timeout=ROUND_SECONDS)
        assert self.launcher.returncode == 0, (err, self.killed)
        report: dict[str, Any] = json.loads(out)
        expected = {contest: {o: [n, n] for o, n in some.items()} for contest, some in TOTALS.items()}
        assert report["totals"] == expected, self.killed
        assert (report["accepted"], report["challenged"], report["rejected"]) == (8, 2, 0), self.killed
        assert (report["mismatches"], report["verified"]) == (0, True), self.killed
        return report, err

    def check(self) -> None:
        """So it does, its record verifies, and nothing is left running."""
        report, _ = self.finish()
        verified = amarvote("verify", report["record"], "--json")
        assert json.loads(verified.stdout)["passed"] is True, (verified.stdout, self.killed)
        assert pids(self.folder) == {}
