"""Pauses before trying again what just failed: they grow, and no two processes keep the same time."""

import random

CHANCE = random.Random()  # noqa: S311 - against meeting again, no secret
"""Our own: what others seed, to do the same again, is not touched by pauses."""


class Backoff:
    """Doubles from `first` to `longest` seconds, each pause drawn between half and the whole of it."""

    def __init__(self, first: float, longest: float) -> None:
        self._first = first
        self._longest = longest
        self._next = first

    def pause(self) -> float:
        """Seconds to wait now."""
        pause, self._next = self._next, min(2 * self._next, self._longest)
        return min(pause, self._longest) * CHANCE.uniform(0.5, 1.0)

    def reset(self) -> None:
        """It works again."""
        self._next = self._first
