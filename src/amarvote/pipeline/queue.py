"""What a worker asks of whoever hands out chunks. The two that do it live in the room `queues`."""

from typing import Protocol

from sqlalchemy import Connection

from amarvote.pipeline.chunks import Claim


class Queue(Protocol):
    """Used by one thread. The database's failures raise DatabaseError, a broker's absence raises nothing."""

    def claim(self, seconds: float) -> Claim | None:
        """The next chunk, claimed for this worker; None where there was none for about so many seconds."""

    def hand_out(self, connection: Connection, election_id: str, *, more: bool) -> None:
        """Hand out what is due of an election, as the last step of the transaction that settles a chunk of it.

        Where no `more` may be due than before, one chunk in place of the one that is done will do.
        """

    def settle(self) -> None:
        """That transaction is committed: forget what brought the chunk, and tell workers what was handed out."""

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
