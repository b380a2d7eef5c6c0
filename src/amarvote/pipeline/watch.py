"""What a worker's loop tells whoever counts: metrics in a service, nobody in a test."""

from typing import Protocol

DONE = "done"
ERROR = "error"
DEATH = "death"
FENCED = "fenced"
HANDED_BACK = "handed back"
"""How an attempt ends. Fenced: another attempt had the chunk by then. Handed back: the worker was told to end."""


class Watch(Protocol):
    """Called in the loop's thread; must be quick."""

    def claimed(self, phase: str) -> None:
        """An attempt begins."""

    def ended(self, phase: str, outcome: str, seconds: float) -> None:
        """It ended, so long after it was claimed."""

    def expired(self, leases: int) -> None:
        """So many leases of any workers were found to have run out."""

    def measured(self, own_kb: int, child_kb: int, pauses: list[float]) -> None:
        """Resident memory of parent and child, and how long the child collected garbage each time since."""


class Nobody:
    """Counts nothing."""

    def claimed(self, phase: str) -> None:
        """Not counted."""

    def ended(self, phase: str, outcome: str, seconds: float) -> None:
        """Not counted."""

    def expired(self, leases: int) -> None:
        """Not counted."""

    def measured(self, own_kb: int, child_kb: int, pauses: list[float]) -> None:
        """Not counted."""
