"""What a worker's loop tells whoever watches it: metrics, logs and traces in a service, nobody in a test."""

from dataclasses import dataclass

from amarvote.pipeline.chunks import Claim

DONE = "done"
ERROR = "error"
DEATH = "death"
FENCED = "fenced"
HANDED_BACK = "handed back"
BROKEN_OFF = "broken off"
"""How an attempt ends. Fenced: another attempt had the chunk by then. Handed back: the worker was told to end.
Broken off: the database failed in the middle of it, and the chunk is given back as soon as that answers."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory of the parent and of its computing child, in KiB."""

    own_kb: int
    child_kb: int

    @property
    def both_kb(self) -> int:
        """Together."""
        return self.own_kb + self.child_kb


class Watch:
    """Called in the loop's thread; must be quick. This one does nothing."""

    def claimed(self, claim: Claim, before: Memory) -> None:
        """An attempt begins."""

    def step(self, name: str) -> None:
        """The loop reached this step, one of `worker`."""

    def ended(self, claim: Claim, outcome: str, seconds: float, peak: Memory, after: Memory) -> None:
        """It ended, so long after it was claimed; the greatest memory meanwhile, and what is left of it."""

    def expired(self, leases: int) -> None:
        """So many leases of any workers were found to have run out."""

    def measured(self, own_kb: int, child_kb: int, pauses: list[float]) -> None:
        """Resident memory of parent and child, and how long the child collected garbage each time since."""


class All(Watch):
    """Several who watch, told one after the other."""

    def __init__(self, *watches: Watch) -> None:
        self._watches = watches

    def claimed(self, claim: Claim, before: Memory) -> None:
        """Told to all."""
        for one in self._watches:
            one.claimed(claim, before)

    def step(self, name: str) -> None:
        """Told to all."""
        for one in self._watches:
            one.step(name)

    def ended(self, claim: Claim, outcome: str, seconds: float, peak: Memory, after: Memory) -> None:
        """Told to all."""
        for one in self._watches:
            one.ended(claim, outcome, seconds, peak, after)

    def expired(self, leases: int) -> None:
        """Told to all."""
        for one in self._watches:
            one.expired(leases)

    def measured(self, own_kb: int, child_kb: int, pauses: list[float]) -> None:
        """Told to all."""
        for one in self._watches:
            one.measured(own_kb, child_kb, pauses)
