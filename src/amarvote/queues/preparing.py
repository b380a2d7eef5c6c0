"""What a fresh channel to RabbitMQ needs: the queues, the confirmations, the consumer. Asked for step by step.

A broker that was killed just after it made a queue can come back with one that has no leader, and never will have
(seen with 3.10): it is there, looks empty, and takes no request. Such a queue is deleted and declared anew: what
was in it stands in the database, and is published again. Never one that somebody consumes, or that can count what
is in it: such a queue has a leader.
"""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from pika.adapters.select_connection import IOLoop
from pika.channel import Channel
from pika.spec import Basic

log = logging.getLogger(__name__)

CHUNKS = "amarvote.chunks"
DEAD = "amarvote.dead"
"""Name of the queue of dead letters and of the exchange before it."""

DELIVERY_LIMIT = 25
ARGUMENTS: dict[str, dict[str, Any]] = {
    CHUNKS: {"x-queue-type": "quorum", "x-delivery-limit": DELIVERY_LIMIT, "x-dead-letter-exchange": DEAD},
    DEAD: {"x-queue-type": "quorum"},
}
"""How each of the two durable queues is declared; the broker refuses whoever declares it otherwise."""

STEP_SECONDS = 10.0
"""So long each step may take."""

MOST_UNSERVED = 3
"""A queue that so often took no request, and that nobody uses, is made anew."""

Then = Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Uses:
    """What is done with a channel, in its own thread."""

    receive: Callable[..., None]
    confirm: Then
    ready: Callable[[Channel], None]
    fail: Callable[[Channel, str], None]
    """With the reason; the channel may stand still."""


class Preparation:
    """Prepares one channel after the other; remembers which queues took no requests."""

    def __init__(self, uses: Uses) -> None:
        self._uses = uses
        self._timer: Any = None
        self._asked = ""  # the queue that the present step asks something of
        self._unused: dict[str, bool] = {}
        self.unserved: Counter[str] = Counter()
        """How often in a row each queue took no request."""

    def prepare(self, channel: Channel) -> None:
        """Declare everything, whether it is there or not, then consume."""
        self._timer = None
        steps: list[tuple[str, Callable[[Then], object]]] = [
            ("", lambda then: channel.exchange_declare(DEAD, "fanout", durable=True, callback=then)),
            ("", partial(self._declare, channel, DEAD)),
            ("", lambda then: channel.queue_bind(DEAD, DEAD, callback=then)),
            (DEAD, partial(self._try, channel)),
            ("", partial(self._declare, channel, CHUNKS)),
            ("", lambda then: channel.confirm_delivery(self._uses.confirm, callback=then)),
            ("", lambda then: channel.basic_qos(prefetch_count=1, callback=then)),
            (CHUNKS, lambda then: channel.basic_consume(CHUNKS, self._uses.receive, callback=then)),
        ]
        self._next(channel, steps)

    def _next(self, channel: Channel, steps: list[tuple[str, Callable[[Then], object]]], _: object = None) -> None:
        loop: IOLoop = channel.connection.ioloop  # type: ignore[attr-defined]
        if self._timer is not None:
            loop.remove_timeout(self._timer)
            self._timer = None
        self._asked = ""
        if not steps:
            self.unserved.clear()
            self._uses.ready(channel)
            return
        queue, do = steps[0]
        self._asked = queue
        self._timer = loop.call_later(STEP_SECONDS, partial(self._no_answer, channel, queue))
        do(partial(self._next, channel, steps[1:]))

    def broken(self) -> None:
        """The channel is closed: by the broker perhaps, because the queue that it was asked for serves nobody."""
        if self._unused.get(self._asked):
            self.unserved[self._asked] += 1
        self._asked = ""

    def _no_answer(self, channel: Channel, queue: str) -> None:
        self.broken()
        self._uses.fail(channel, f"its queue {queue} takes no requests" if queue else "it does not answer")

    def _declare(self, channel: Channel, queue: str, then: Then) -> None:
        """Declare a queue, whether it is there or not; one that serves nobody is deleted before."""

        def declare(done: Then) -> None:
            channel.queue_declare(queue, durable=True, arguments=ARGUMENTS[queue], callback=done)

        def declared(frame: Any) -> None:
            self._unused[queue] = not frame.method.consumer_count and not frame.method.message_count
            if self.unserved[queue] < MOST_UNSERVED or not self._unused[queue]:
                then(frame)
                return
            log.warning("the queue %s serves nobody; it is deleted and declared anew", queue)
            del self.unserved[queue]
            channel.queue_delete(queue, callback=lambda _: declare(then))

        declare(declared)

    def _try(self, channel: Channel, then: Then) -> None:
        """Does the queue of dead letters take requests? Where it seems to have none, it is asked for one.

        What it gives all the same goes back. An answer that comes when nobody asks any more takes nothing away: a
        broker may still be trying to answer whom we gave up, once the queue is made anew.
        """
        waiting = [then] if self._unused[DEAD] else []

        def answered(*_: object) -> None:
            if waiting:
                waiting.pop()(None)

        def given(_channel: Channel, method: Basic.GetOk, *_: object) -> None:
            channel.basic_nack(method.delivery_tag or 0, requeue=True)
            answered()

        if waiting:
            channel.add_callback(answered, [Basic.GetEmpty], one_shot=False)
            channel.basic_get(DEAD, given)
        else:
            then(None)
