"""What the workers needed of memory, parent and child together, over a whole run."""

from collections.abc import Iterable, Mapping
from typing import Any


class WorkersMemory:
    """The greatest of what workers reported; those that were killed and replaced included."""

    def __init__(self) -> None:
        self.baseline: float | None = None
        self.most: float | None = None

    def note(self, workers: Iterable[Mapping[str, Any]]) -> None:
        """Take in what the workers report now, in MB."""
        for worker in workers:
            self.baseline = _greater(self.baseline, worker["baseline_mb"])
            self.most = _greater(self.most, worker["peak_mb"])


def _greater(known: float | None, reported: float | None) -> float | None:
    if known is None or reported is None:
        return reported if known is None else known
    return max(known, reported)
