"""What a worker asks of whoever hands out chunks. The two that do it live in the room `queues`."""

from typing import Protocol

from sqlalchemy import Connection

from amarvote.pipeline.chunks import Claim


class Queue(Protocol):
    """Used by one thread. The database's failures raise DatabaseError, a broker's absence raises nothing."""

    def claim(self, seconds: float) -> Claim | None:
        """The next chunk, claimed for this worker; None where there was none for about so many seconds."""

    def follow(self, connection: Connection, claim: Claim) -> bool:
        """Hand out a chunk of the same phase in the place of one that is done; False where there was none."""

    def hand_out(self, connection: Connection, election_id: str) -> None:
        """Hand out what is due of an election: the last step of a transaction after which that may be more."""

    def settle(self) -> None:
        """That is committed: forget what brought the chunk, and tell workers what was handed out."""

    def relay(self) -> None:
        """Every second: hand out what is due, tell workers, and look after what got lost."""

    def close(self) -> None:
        """Take nothing more."""

    @property
    def trouble(self) -> str:
        """Why no chunks come this way at the moment, in a sentence; empty where they do."""

    @property
    def depths(self) -> dict[str, int]:
        """How many messages (or rows) wait, by the queue's name, when it was looked at last."""
