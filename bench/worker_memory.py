"""Resident memory of one worker, parent and child together, seen from outside over more than 200 chunks."""

import json
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from bench.whole_run import Run, count

LONG_RUN = 3000
"""Ballots that give one worker about 250 chunks to do, the last 60 of them to verify the record."""

MANY = 200
"""So many chunks later the worker must be as small as before."""

ONE_GUARDIAN = ("--guardians", "1", "--quorum", "1", "--absent", "none")
_QUERY = """
    SELECT phases.name, (SELECT count(*) FROM chunks WHERE state = 'done')
    FROM chunks JOIN phases ON phases.id = chunks.phase_id WHERE chunks.state = 'running'
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """The worker at one moment: the phase that it works on, the chunks done so far, its memory."""

    phase: str
    chunks: int
    mib: float


@dataclass(slots=True)
class Watched:
    """Samples, and the pids seen: a replaced process would look flat without being so."""

    samples: list[Sample] = field(default_factory=list)
    pids: set[int] = field(default_factory=set)

    def look(self, run: Path) -> None:
        """Take a sample where there is a worker at work."""
        try:
            (worker,) = json.loads((run / "workers.json").read_text())["workers"]
            database = sqlite3.connect(f"file:{run / 'election.db'}?mode=ro", uri=True)
            try:
                row = database.execute(_QUERY).fetchone()
            finally:
                database.close()
        except (OSError, ValueError, sqlite3.Error):
            return
        pids = [pid for pid in (worker["parent"], worker["child"]) if pid]
        resident = [_resident_mib(pid) for pid in pids]
        if row is not None and len(resident) == 2 and all(resident):
            self.samples.append(Sample(row[0], row[1], sum(resident)))
            self.pids.update(pids)

    def peak(self, least: int) -> float:
        """The greatest sample after so many chunks."""
        return max((sample.mib for sample in self.samples if sample.chunks >= least), default=float("nan"))

    def growth(self) -> dict[str, float]:
        """By phase: peak over its last half divided by the peak over its first.

        Phases differ in what a chunk needs, so each is compared with itself. Phases of a few moments are left out.
        """
        ratios = {}
        for phase in dict.fromkeys(sample.phase for sample in self.samples):
            mib = [sample.mib for sample in self.samples if sample.phase == phase]
            half = len(mib) // 2
            if half >= 20:
                ratios[phase] = max(mib[half:]) / max(mib[:half])
        return ratios


def watch(folder: Path) -> tuple[Watched, Run]:
    """One worker through a whole run."""
    watched = Watched()
    run = count(folder, LONG_RUN, "--workers", "1", *ONE_GUARDIAN, watch=watched.look)
    return watched, run


def _resident_mib(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))
