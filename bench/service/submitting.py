"""How many ballots one process of the API takes, and how long each waits for its 202. Workers are stopped."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.service.amounts import Amounts
from bench.service.running import ROOT, BenchError, Process, Service
from staging.stage import Stage

PACE = 210.0
"""Ballots a second: somewhat more than have to be taken."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What one run of the load generator printed, and what the API used meanwhile."""

    kind: str
    printed: dict[str, Any]
    api_processor: float
    """Share of one core."""

    @property
    def rate(self) -> float:
        """Ballots a second, of those that were answered 202."""
        return float(self.printed["requests"] / self.printed["seconds"])

    def row(self) -> list[str]:
        told, late = self.printed, self.printed["ms"]
        return [
            self.kind,
            f"{told['bytes'] / 1000:.1f}",
            f"{told['requests']:,} in {told['seconds']:.0f} s",
            f"{self.rate:.0f}",
            f"{late['p50']:.1f}",
            f"{late['p99']:.1f}",
            f"{late['max']:.0f}",
            f"{100 * self.api_processor:.0f} %",
            f"{100 * told['processor']:.0f} %",
        ]


@dataclass(frozen=True, slots=True)
class Submitting:
    """All runs, and the API's greatest resident memory after the paced one, and after the last."""

    paced: Taken
    paced_json: Taken
    burst: Taken
    peak_mib: float
    last_peak_mib: float


def ballots_needed(amounts: Amounts) -> int:
    """Of the longest run."""
    return int(PACE * amounts.submit_seconds) + 1


def submitting(service: Service, stages: tuple[Stage, Stage, Stage], file: Path, amounts: Amounts) -> Submitting:
    """Each run into an election of its own, all over one process of the API; those of the paced one stay.

    It has served some before it is held to a pace: over its first ones code is read, and statements are made.
    """
    api, root = service.api()
    try:
        burst = _run(api, root, stages[2], file, "protobuf, 8 connections, no pace", amounts.burst_seconds)
        paced = _run(api, root, stages[0], file, "protobuf, paced", amounts.submit_seconds, "--rate", str(PACE))
        peak = api.peak_mib()
        json_options = ("--rate", str(PACE), "--json")
        paced_json = _run(api, root, stages[1], file, "JSON, paced", amounts.json_seconds, *json_options)
        return Submitting(paced, paced_json, burst, peak, api.peak_mib())
    finally:
        service.stop(api)


def _run(api: Process, root: str, stage: Stage, file: Path, kind: str, seconds: float, *options: str) -> Taken:
    target = f"{root.removeprefix('http://')}/elections/{stage.creation.election_id}/ballots"
    token = stage.creation.devices["device-1"].value
    command = [sys.executable, "-m", "bench.service.load", str(file), target, token, "--seconds", str(seconds)]
    os.sync()  # what was written here meanwhile is not written while ballots wait for the disk
    before = api.processor_seconds()
    ran = subprocess.run(
        [*command, *options], capture_output=True, text=True, env={"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    )
    if ran.returncode:
        raise BenchError(f"The load generator failed: {ran.stderr[-2000:]}\n{api.last_words()}")
    printed = json.loads(ran.stdout)
    if set(printed["statuses"]) != {"202"}:
        raise BenchError(f"Not every ballot was taken: {printed['statuses']}\n{api.last_words()}")
    return Taken(kind, printed, (api.processor_seconds() - before) / printed["seconds"])
