"""Whole elections by the command that people use, in a folder that is thrown away."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.generated import generate

AMARVOTE = Path(sys.executable).with_name("amarvote")
EVERY_SECONDS = 0.1

BALLOTS = 1000
"""Of the run that is timed."""


@dataclass(frozen=True, slots=True)
class Run:
    """What `amarvote count --json` printed, the folder of the run, and the seconds on the clock."""

    printed: dict[str, Any]
    seconds: float

    @property
    def chunks(self) -> int:
        """Chunks of all phases."""
        return sum(int(phase["chunks"]) for phase in self.printed["phases"].values())

    @property
    def worker_peak(self) -> float:
        """The greatest resident memory of a worker, parent and child together, in MB."""
        return float(self.printed["worker_rss_mb"]["max"])


def count(folder: Path, ballots: int, *options: str, watch: Callable[[Path], None] | None = None) -> Run:
    """Count so many generated ballots; `watch` is called every now and then with the folder of the run.

    Ends the program where the run fails, or its result is not the plaintext count.
    """
    manifest, lines = generate(folder, ballots)
    out = folder / "run"
    command: list[str | Path] = [
        AMARVOTE,
        "count",
        "--manifest",
        manifest,
        "--ballots",
        lines,
        "--out",
        out,
        "--json",
        *options,
    ]
    started = time.monotonic()
    with (folder / "out").open("w+") as printed, (folder / "err").open("w+") as told:
        with subprocess.Popen(command, stdout=printed, stderr=told) as process:
            while process.poll() is None:
                time.sleep(EVERY_SECONDS)
                if watch is not None:
                    watch(out)
        seconds = time.monotonic() - started
        if process.returncode:
            sys.exit(
                f"bench: amarvote count ended with {process.returncode}:\n{(folder / 'err').read_text()[-4000:]}"
            )
    result = json.loads((folder / "out").read_text())
    if result["accepted"] != ballots or result["mismatches"] or not result["verified"]:
        sys.exit(f"bench: amarvote count did not count what it was given: {result}")
    return Run(result, seconds)
