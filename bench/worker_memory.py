"""Resident memory of one worker, parent and child together, seen from outside over more than 200 chunks."""

import json
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from bench.whole_run import Run, count

LONG_RUN = 4500
"""Gives one worker more than 200 chunks to do, the last 90 of them to verify the record."""

FIRST, LAST = 100, 200
"""The peak up to the FIRST chunks is compared with the peak after the LAST."""


@dataclass(slots=True)
class Watched:
    """(chunks done, MiB) at every look, and the pids seen: a replaced process would look flat without being so."""

    samples: list[tuple[int, float]] = field(default_factory=list)
    pids: set[int] = field(default_factory=set)

    def look(self, run: Path) -> None:
        """Take a sample where there is a worker to be seen."""
        try:
            (worker,) = json.loads((run / "workers.json").read_text())["workers"]
            with sqlite3.connect(f"file:{run / 'election.sqlite'}?mode=ro", uri=True) as database:
                (chunks,) = database.execute("SELECT sum(chunks_done) FROM workers").fetchone()
        except (OSError, ValueError, sqlite3.Error):
            return
        resident = [_resident_mib(pid) for pid in (worker["parent"], worker["child"]) if pid]
        if chunks and all(resident):
            self.samples.append((chunks, sum(resident)))
            self.pids |= {worker["parent"], worker["child"]}

    def peak(self, least: int, most: int) -> float:
        """The greatest sample while so many chunks were done."""
        return max((mib for chunks, mib in self.samples if least <= chunks <= most), default=float("nan"))


def watch(folder: Path) -> tuple[Watched, Run]:
    """One worker through a whole run."""
    watched = Watched()
    run = count(folder, LONG_RUN, "--workers", "1", watch=watched.look)
    return watched, run


def _resident_mib(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))
