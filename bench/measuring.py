"""Processor time on one core, in repeats that alternate between what is compared."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

Batch = Callable[[], int]
"""Does some operations and returns how many."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds of processor time for one operation, one value for each repeat."""

    repeats: tuple[float, ...]

    @property
    def milliseconds(self) -> float:
        """The median of the repeats."""
        return median(self.repeats)

    def times_faster_than(self, other: "Timing") -> float:
        """The median of the ratios, repeat by repeat, as they were measured right after each other."""
        return median(theirs / ours for ours, theirs in zip(self.repeats, other.repeats, strict=True))


def stay_on_one_core() -> int:
    """Bind this process, and those it starts from now on, to one core; returns its number."""
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def timed(batch: Batch) -> float:
    """Milliseconds of processor time for one operation of a batch."""
    started = time.process_time()
    done = batch()
    return (time.process_time() - started) * 1000 / done


def interleaved(measures: Mapping[str, Callable[[], float]], repeats: int) -> dict[str, Timing]:
    """Take each measure once unrecorded, then all of them in turn, so that a slow minute hits all alike."""
    for measure in measures.values():
        measure()
    taken: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(repeats):
        for name, measure in measures.items():
            taken[name].append(measure())
    return {name: Timing(tuple(values)) for name, values in taken.items()}
