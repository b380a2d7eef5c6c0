"""How long the garbage collector holds a process up each time."""

import gc
import time
from collections.abc import Mapping
from typing import Any


class Pauses:
    """Notes every collection from now on. No lock, no metric: a collection may begin wherever one is held."""

    def __init__(self) -> None:
        self._seconds: list[float] = []
        self._began = 0.0
        gc.callbacks.append(self._note)

    def _note(self, stage: str, _info: Mapping[str, Any]) -> None:
        if stage == "start":
            self._began = time.perf_counter()
        else:
            self._seconds.append(time.perf_counter() - self._began)

    def take(self) -> list[float]:
        """The pauses since they were taken last, in seconds."""
        taken, self._seconds = self._seconds, []
        return taken
