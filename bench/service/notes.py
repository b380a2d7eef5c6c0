"""What a worker notes about itself while it is measured, written down when it ends."""

import json
import os
import time
from pathlib import Path

from amarvote.pipeline.pauses import Pauses

FOLDER = "BENCH_NOTES"


class Notes:
    """Steps of the worker's loop, memory after each chunk, pauses of the garbage collector; plain lists."""

    def __init__(self, name: str) -> None:
        self._path = Path(os.environ[FOLDER]) / f"{name}.json"
        self._own = Pauses()
        self._chunk: dict[str, float] = {}
        self.chunks: list[dict[str, float]] = []
        self.resident_kb: list[tuple[int, int]] = []
        self.pauses: dict[str, list[float]] = {"parent": [], "child": []}

    def step(self, name: str) -> None:
        """The worker's loop reached this step."""
        if name == "claimed":
            self._chunk = {}
            self.chunks.append(self._chunk)
        self._chunk[name] = time.perf_counter()

    def measured(self, own_kb: int, child_kb: int, pauses: list[float]) -> None:
        """The worker looked at its memory; the first time after a commit is the end of a chunk."""
        self.pauses["parent"] += self._own.take()
        self.pauses["child"] += pauses
        if "committed" in self._chunk and "trimmed" not in self._chunk:
            self.resident_kb.append((own_kb, child_kb))
            self._chunk["trimmed"] = time.perf_counter()

    def write(self) -> None:
        """For whoever measures."""
        content = {"chunks": self.chunks, "resident_kb": self.resident_kb, "pauses": self.pauses}
        self._path.write_text(json.dumps(content))
