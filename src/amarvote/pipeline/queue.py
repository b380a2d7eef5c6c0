"""What a worker asks of whoever hands out chunks. The two that do it live in the room `queues`."""

from typing import Protocol

from amarvote.pipeline.chunks import Claim


class Queue(Protocol):
    """Used by one thread. The database's failures raise DatabaseError, a broker's absence raises nothing."""

    def claim(self, seconds: float) -> Claim | None:
        """The next chunk, claimed for this worker; None where there was none for about so many seconds."""

    def settle(self) -> None:
        """What became of the chunk claimed last stands in the database: whatever brought it may be forgotten."""

    def relay(self) -> None:
        """Hand out what is due, and see to it that workers hear of it; after each commit, and every second."""

    def close(self) -> None:
        """Take nothing more."""

    @property
    def trouble(self) -> str:
        """Why no chunks come this way at the moment, in a sentence; empty where they do."""

    @property
    def depths(self) -> dict[str, int]:
        """How many messages (or rows) wait, by the queue's name, when it was looked at last."""
