"""Waiting for what has to come, and how often somebody looks whose pauses grow."""

import time
from collections.abc import Callable
from itertools import accumulate
from typing import TypeVar

Found = TypeVar("Found")

SHORTEST_PAUSES = (1 / 8, 1 / 4, 1 / 2, 1.0, 2.0, 4.0, *(5.0,) * 60)
"""Seconds between two looks at a database or a broker that is away, at least."""


def until(met: Callable[[], Found], seconds: float = 30.0) -> Found:
    """What `met` gives once that is something."""
    end = time.monotonic() + seconds
    while not (found := met()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return found


def looks_since(began: float) -> int:
    """At most so often it was looked at since then."""
    return sum(at <= time.monotonic() - began for at in accumulate(SHORTEST_PAUSES))
