"""Chunks handed out over RabbitMQ: messages say where to look, the table says what may be done.

The chunk's row is its own outbox. What is handed out and not yet published (`published_at` is NULL) is published,
and marked once the broker confirmed it; a process that dies in between leaves a row that another relay publishes.
So a message may be there twice, late, or for a chunk that is done: claiming by its id finds that out and drops it.
A message that got lost shows as a row that nobody claims while later ones are, or while the queue is empty.
A parked chunk has a dead letter; one too many or too few is put right by counting.
"""

import logging
import time
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, Row

from amarvote.pipeline import chunks as life
from amarvote.pipeline import failing, handing
from amarvote.pipeline.chunks import Claim
from amarvote.pipeline.settings import Settings
from amarvote.queues import publication
from amarvote.queues.amqp import CHUNKS, DEAD, Delivery
from amarvote.store.database import Database
from amarvote.store.turns import take

log = logging.getLogger(__name__)

ANSWER_SECONDS = 5.0
CLOSE_SECONDS = 5.0
MOST_DEAD_LETTERS = 1000
"""How many of them are sent or looked through at once."""

LARGEST_ID = 2**31 - 1
"""The column of a chunk's number has room for no larger one."""


class OnTheirWay(Protocol):
    """Messages that were sent."""

    @property
    def over(self) -> bool:
        """Will nothing more be confirmed?"""

    @property
    def confirmed(self) -> list[bytes]:
        """Those that the broker has, so far."""


class Broker(Protocol):
    """What is asked of the connection (`amqp.Link`); nothing here raises where the broker is away."""

    trouble: str

    def receive(self, seconds: float) -> Delivery | None:
        """The next message of the queue of chunks."""

    def ack(self, delivery: Delivery) -> None:
        """Let the broker forget it."""

    def send(self, queue: str, bodies: list[bytes]) -> OnTheirWay:
        """Send messages, and do not wait for the broker."""

    def publish(self, queue: str, bodies: list[bytes], seconds: float) -> list[bytes]:
        """Those of the messages that the broker confirmed."""

    def depths(self, seconds: float) -> dict[str, int] | None:
        """How many messages wait in each queue."""

    def dead_letters(self, most: int, seconds: float) -> list[Delivery]:
        """Some of the dead letters, to be acknowledged."""

    def close(self, seconds: float) -> None:
        """End the connection."""


class RabbitQueue:
    """One worker's side of the broker."""

    def __init__(self, database: Database, settings: Settings, worker: str, link: Broker) -> None:
        self._database = database
        self._settings = settings
        self._worker = worker
        self._link = link
        self._delivery: Delivery | None = None
        self._confirmed: list[Row[Any]] = []
        self._under_way: list[tuple[OnTheirWay, dict[bytes, Row[Any]]]] = []
        self._handed: list[Row[Any]] = []
        self._window = 0  # of every election, as it was counted last
        self._empty_since: float | None = None
        self.depths: dict[str, int] = {}

    @property
    def trouble(self) -> str:
        """Why no messages come at the moment; empty where they do."""
        return self._link.trouble

    def claim(self, seconds: float) -> Claim | None:
        """Wait for a message, and claim the chunk that it names; a message whose chunk is not due is dropped."""
        if self._delivery is None:  # otherwise the database failed over the last one, and is asked about it again
            self._delivery = self._link.receive(seconds)
        if self._delivery is None:
            return None
        chunk_id = chunk_of(self._delivery.body)
        claim = None
        if chunk_id is not None:
            claim = self._database.alone(
                lambda connection: life.claim_one(connection, self._settings, self._worker, chunk_id)
            ) or self._claim_lost(chunk_id)
        if claim is None:
            self._acknowledge()
        return claim

    def _claim_lost(self, chunk_id: int) -> Claim | None:
        """The same for a chunk whose worker lost it: its message may come before anybody has noticed that."""

        def lost(connection: Connection) -> Claim | None:
            self._handed = []
            lost_by = publication.overdue(connection, chunk_id)
            if lost_by is None or not failing.expire(connection, self._settings, lost_by):
                return None
            self.hand_out(connection, lost_by)
            return life.claim_one(connection, self._settings, self._worker, chunk_id)

        claim = self._database.transact(lost)
        self._publish()
        return claim

    def follow(self, connection: Connection, claim: Claim) -> bool:
        """Hand out the next chunk of the phase, where the window of its election allows that."""
        self._handed = life.follow(connection, claim, self._window)
        return bool(self._handed)

    def hand_out(self, connection: Connection, election_id: str) -> None:
        """Hand out what fits the window of an election."""
        self._handed = handing.refill(connection, self._settings, election_id).handed

    def settle(self) -> None:
        """Acknowledge the message in hand, publish what was handed out."""
        self._acknowledge()
        self._publish()

    def _publish(self) -> None:
        """Tell workers of it; where that was rolled back after all, whoever gets the message drops it."""
        handed, self._handed = self._handed, []
        self._send(CHUNKS, handed)

    def _acknowledge(self) -> None:
        if self._delivery is not None:
            self._link.ack(self._delivery)
            self._delivery = None

    def relay(self) -> None:
        """Hand out and publish; also what others left unpublished, and dead letters. Notes what the broker has.

        Most of that was claimed meanwhile and needs no note.
        """
        self._look()
        self._collect()
        due, parked = self._database.transact(self._gather)
        self._confirmed.clear()
        self._send(CHUNKS, due)
        self._send(DEAD, parked)

    def _gather(self, connection: Connection) -> tuple[list[Row[Any]], list[Row[Any]]]:
        handed, self._window = handing.refill(connection, self._settings)
        publication.mark(connection, self._confirmed)
        under_way = [row for _, by_body in self._under_way for row in by_body.values()]
        known = {row.id for row in (*handed, *under_way)}
        left = publication.unpublished(connection, self._settings.unpublished_seconds)
        parked = publication.parked(connection, MOST_DEAD_LETTERS)
        return handed + [row for row in left if row.id not in known], [
            row for row in parked if row.id not in known
        ]

    def _send(self, queue: str, rows: Sequence[Row[Any]]) -> None:
        """Publish, without waiting: the next chunk is in the queue already."""
        by_body = {b"%d" % row.id: row for row in rows}
        if by_body:
            self._under_way.append((self._link.send(queue, list(by_body)), by_body))

    def _collect(self) -> None:
        """What the broker confirmed meanwhile."""
        under_way, self._under_way = self._under_way, []
        for sent, by_body in under_way:
            if sent.over:
                self._confirmed += [by_body[body] for body in sent.confirmed]
            else:
                self._under_way.append((sent, by_body))

    def _look(self) -> None:
        """How deep the queues are, and what does not fit the table."""
        depths = self._link.depths(ANSWER_SECONDS)
        if depths is None:
            self._empty_since = None
            return
        self.depths = depths
        now = time.monotonic()
        if depths[CHUNKS]:
            self._empty_since = None
        elif self._empty_since is None:
            self._empty_since = now
        lost = self._settings.lost_message_seconds
        empty = self._empty_since is not None and now - self._empty_since > lost
        again = self._database.transact(lambda connection: publication.forget_lost(connection, lost, empty=empty))
        if again:
            log.warning("%d messages got lost; they are published again", again)
        self._count_dead_letters(depths[DEAD])

    def _count_dead_letters(self, there: int) -> None:
        """One for each parked chunk, no more (it was retried) and no fewer (the queue was deleted)."""
        with self._database.read() as connection:
            wanted = publication.dead_letters(connection)
        if there == wanted:
            return
        every = self._settings.lost_message_seconds
        if not self._database.transact(lambda connection: take(connection, DEAD, every)):
            return  # another relay is at it; or it was so lately that what is under way may not have arrived
        if there < wanted:
            self._database.transact(publication.forget_parked)
        else:
            self._sort_dead_letters(there)

    def _sort_dead_letters(self, there: int) -> None:
        letters = _by_body(self._link.dead_letters(min(there, MOST_DEAD_LETTERS), ANSWER_SECONDS))
        named = {body: chunk_of(body) for body in letters}
        with self._database.read() as connection:
            wanted = publication.parked_of(connection, [one for one in named.values() if one is not None])
        for body, copies in letters.items():
            # what stays goes to the end of the queue, and only then are the old ones taken away
            if named[body] not in wanted or self._link.publish(DEAD, [body], ANSWER_SECONDS):
                for letter in copies:
                    self._link.ack(letter)

    def close(self) -> None:
        """End the connection, and note what was published."""
        self._link.close(CLOSE_SECONDS)
        self._collect()
        if self._confirmed:
            with self._database.write() as connection:
                publication.mark(connection, self._confirmed)
            self._confirmed = []


def chunk_of(body: bytes) -> int | None:
    """The chunk that a message names; None where it is no message of ours."""
    if 0 < len(body) <= len(str(LARGEST_ID)) and body.isdigit() and int(body) <= LARGEST_ID:
        return int(body)
    log.warning("dropped a message of %d bytes that names no chunk", len(body))
    return None


def _by_body(letters: Iterable[Delivery]) -> dict[bytes, list[Delivery]]:
    grouped: dict[bytes, list[Delivery]] = {}
    for letter in letters:
        grouped.setdefault(letter.body, []).append(letter)
    return grouped
