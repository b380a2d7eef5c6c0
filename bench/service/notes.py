"""What a worker notes about itself while it is measured: written down at once, so that it holds no more for it."""

import json
import os
import time
from pathlib import Path
from typing import Any

from amarvote.pipeline.pauses import Pauses

FOLDER = "BENCH_NOTES"


class Notes:
    """Steps of the worker's loop, memory after each chunk, pauses of the garbage collector: a line for a chunk."""

    def __init__(self, name: str) -> None:
        self._file = _file(Path(os.environ[FOLDER]), name).open("w")
        self._own = Pauses()
        self._waits = self._received = 0.0
        self._chunk: dict[str, float] = {}
        self._resident_kb: tuple[int, int] = (0, 0)
        self._pauses: dict[str, list[float]] = {"parent": [], "child": []}

    def step(self, name: str) -> None:
        """The worker's loop reached this step."""
        if name == "claimed":
            self.write()
            self._chunk |= {"waits": self._waits, "received": self._received}
        self._chunk[name] = time.perf_counter()

    def waits(self) -> None:
        """A message is waited for."""
        self._waits = time.perf_counter()

    def received(self) -> None:
        """It came, or did not."""
        self._received = time.perf_counter()

    def measured(self, own_kb: int, child_kb: int, pauses: list[float]) -> None:
        """The worker looked at its memory; the first time after a commit is the end of a chunk."""
        self._pauses["parent"] += self._own.take()
        self._pauses["child"] += pauses
        if "committed" in self._chunk and "trimmed" not in self._chunk:
            self._resident_kb = own_kb, child_kb
            self._chunk["trimmed"] = time.perf_counter()

    def write(self) -> None:
        """What was noted since the last time."""
        noted = {"chunk": self._chunk, "resident_kb": self._resident_kb, "pauses": self._pauses}
        self._file.write(json.dumps(noted) + "\n")
        self._file.flush()
        self._chunk, self._pauses = {}, {"parent": [], "child": []}


def read(folder: Path, name: str) -> dict[str, Any]:
    """{chunks, resident_kb, pauses}: of whole chunks, in their order, and all pauses."""
    noted = [json.loads(line) for line in _file(folder, name).read_text().splitlines()]
    whole = [one for one in noted if "claimed" in one["chunk"] and "trimmed" in one["chunk"]]
    return {
        "chunks": [one["chunk"] for one in whole],
        "resident_kb": [one["resident_kb"] for one in whole],
        "pauses": {
            whose: [pause for one in noted for pause in one["pauses"][whose]] for whose in ("parent", "child")
        },
    }


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.notes"
