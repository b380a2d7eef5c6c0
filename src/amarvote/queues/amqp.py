"""One connection to RabbitMQ, in a thread of its own that keeps the heartbeat; made again whenever it is lost.

It uses the one adapter that is the same in pika 1.4 and 1.5 and is not deprecated in either.
Written for RabbitMQ 3.10 and 4.3: durable quorum queues, per-consumer QoS, publisher confirms with `mandatory`;
the broker's own count of deliveries is a backstop and nothing else, for each version counts something else.

No chunk is rejected or requeued by us, so nothing can go round in circles: what was delivered is acknowledged once
the database holds what becomes of it, and a connection that breaks before gives it to another worker.
"""

import gc
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import urlsplit

from pika import BasicProperties, SelectConnection, URLParameters
from pika.adapters.select_connection import IOLoop
from pika.channel import Channel
from pika.spec import Basic

from amarvote.queues.preparing import ARGUMENTS, CHUNKS, DEAD, Preparation, Uses
from amarvote.store.backoff import Backoff

__all__ = ["ARGUMENTS", "CHUNKS", "DEAD", "BrokerAddressError", "Delivery", "Link", "Sent", "parameters"]

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 30
CONNECT_SECONDS = 10.0
BLOCKED_SECONDS = 120.0
"""A broker short of memory or disk stops listening; after so long the connection is tried anew."""

FIRST_PAUSE = 0.25
STEADY_SECONDS = 5.0
"""A connection that lasted so long was a good one: pauses begin anew."""

_PERSISTENT = BasicProperties(delivery_mode=2, content_type="text/plain")


class BrokerAddressError(Exception):
    """The broker's address cannot be used; the message says how one looks."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message in our hands, until it is acknowledged or its channel is gone."""

    body: bytes
    tag: int
    channel: Channel


@dataclass(slots=True)
class _Request:
    """What the other thread waits for. `left` answers are missing; whatever arrived is in `results`."""

    left: int
    results: list[Any] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def one(self, *results: Any) -> None:
        """One of the answers: with results, or with nothing."""
        self.results.extend(results)
        self.left -= 1
        if self.left <= 0:
            self.over.set()


@dataclass(frozen=True, slots=True)
class Sent:
    """Messages on their way."""

    request: _Request

    @property
    def over(self) -> bool:
        """Will nothing more be confirmed?"""
        return self.request.over.is_set()

    @property
    def confirmed(self) -> list[bytes]:
        """Those that the broker has, so far."""
        return list(self.request.results)


def parameters(url: str) -> URLParameters:
    """What pika makes of an address; BrokerAddressError where it cannot be used or carries no password."""
    usable = False
    try:
        parts = urlsplit(url)
        # pika has a user and a password of its own where none are given
        usable = parts.scheme in ("amqp", "amqps") and bool(parts.username) and bool(parts.password)
        parsed = URLParameters(url)
        parsed.heartbeat = HEARTBEAT_SECONDS
        parsed.connection_attempts = 1
        parsed.socket_timeout = parsed.stack_timeout = CONNECT_SECONDS
        parsed.blocked_connection_timeout = BLOCKED_SECONDS
    except (ValueError, TypeError):
        usable = False
    if not usable:
        raise BrokerAddressError(
            "The broker's address is amqp://USER:PASSWORD@HOST:5672/VHOST (or amqps://); what was given is not."
        )
    return parsed


class Link:
    """Receives chunk ids, acknowledges, publishes. Called from one thread; pika is used in its own only."""

    def __init__(self, url: str, longest_pause: float) -> None:
        self._parameters = parameters(url)
        self.name = f"{self._parameters.host}:{self._parameters.port}"
        """The broker without user and password, for people."""
        self._backoff = Backoff(FIRST_PAUSE, longest_pause)
        self._deliveries: SimpleQueue[Delivery] = SimpleQueue()
        self._lock = threading.Lock()  # over what both threads look at: the next three
        self._loop: IOLoop | None = None
        self._channel: Channel | None = None
        self._waiting: dict[int, _Request] = {}
        self._unconfirmed: dict[int, tuple[_Request, str, bytes]] = {}
        self._returned: set[tuple[str, bytes]] = set()
        self._published = 0
        self._since = 0.0
        self._end = threading.Event()
        self._told = False
        self._getting = _Request(0)
        self._preparation = Preparation(Uses(self._on_message, self._on_confirm, self._on_ready, self._give_up))
        self.connections = 0
        """How many were made so far."""
        self.trouble = f"The broker {self.name} has not been reached yet."
        self._thread = threading.Thread(target=self._run, name="broker", daemon=True)
        self._thread.start()

    # ---- the caller's side

    def receive(self, seconds: float) -> Delivery | None:
        """The next message of the queue of chunks; None where none came within `seconds`."""
        try:
            return self._deliveries.get(timeout=seconds)
        except Empty:
            return None

    def ack(self, delivery: Delivery) -> None:
        """Let the broker forget a message; nothing where its channel is gone, for then it has forgotten us."""
        self._in_loop(partial(self._ack, delivery))

    def send(self, queue: str, bodies: list[bytes]) -> "Sent":
        """Send messages to a queue; the broker's confirmations arrive in what is returned."""
        request = _Request(len(bodies))
        with self._lock:
            self._waiting = {key: one for key, one in self._waiting.items() if not one.over.is_set()}
            self._waiting[id(request)] = request
        if not bodies or not self._in_loop(partial(self._publish, queue, bodies, request)):
            request.over.set()
        return Sent(request)

    def publish(self, queue: str, bodies: list[bytes], seconds: float) -> list[bytes]:
        """Send messages to a queue; those that the broker confirmed to have there within `seconds`."""
        sent = self.send(queue, bodies)
        sent.request.over.wait(seconds)
        return sent.confirmed

    def depths(self, seconds: float) -> dict[str, int] | None:
        """How many messages wait in each queue; None where the broker does not say."""
        said = dict(self._ask(2, self._count, seconds))
        return said if len(said) == 2 else None

    def dead_letters(self, most: int, seconds: float) -> list[Delivery]:
        """Up to `most` messages of the queue of dead letters, to be acknowledged."""
        return self._ask(most, self._get_dead, seconds)

    def close(self, seconds: float) -> None:
        """End the connection in order, acknowledgements first; not waited for longer than `seconds`."""
        self._end.set()
        if not self._in_loop(self._close):
            with self._lock:
                loop = self._loop
            if loop is not None:
                loop.add_callback_threadsafe(loop.stop)
        self._thread.join(seconds)

    def _in_loop(self, do: Callable[[Channel], None]) -> bool:
        """Have the other thread do something with the channel; False where there is none."""
        with self._lock:
            if self._loop is None or self._channel is None:
                return False
            self._loop.add_callback_threadsafe(partial(self._do, self._channel, do))
            return True

    def _ask(self, answers: int, ask: Callable[[_Request, Channel], None], seconds: float) -> list[Any]:
        """What arrives of so many answers within `seconds`; fewer where the connection breaks."""
        request = _Request(answers)
        with self._lock:
            self._waiting[id(request)] = request
        if self._in_loop(partial(ask, request)):
            request.over.wait(seconds)
        with self._lock:
            self._waiting.pop(id(request), None)
        return list(request.results)

    # ---- the thread

    def _run(self) -> None:
        while not self._end.is_set():
            self._told = False
            try:
                self._connection()
            except Exception as problem:  # noqa: BLE001 - whatever it is, the connection is made anew
                self._tell(problem.with_traceback(None))
                gc.collect()  # what was left open
            if not self._end.is_set():
                self._end.wait(self._backoff.pause())

    def _connection(self) -> None:
        """One connection, from its beginning to its end."""
        loop = IOLoop()
        try:
            SelectConnection(
                self._parameters,
                on_open_callback=self._on_open,
                on_open_error_callback=self._on_end,
                on_close_callback=self._on_end,
                custom_ioloop=loop,
            )
            with self._lock:
                self._loop = loop
            loop.start()
        finally:
            self._disconnected()
            with suppress(AssertionError):  # pika closes no loop that could not begin, without a descriptor for it
                loop.close()

    def _on_open(self, connection: Any) -> None:
        connection.add_on_connection_blocked_callback(lambda *_: self._tell("it is short of memory or disk"))
        connection.add_on_connection_unblocked_callback(lambda *_: self._works())
        connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel: Channel) -> None:
        """Have it prepared; whatever is wrong with it later begins everything anew."""
        channel.add_on_close_callback(self._on_channel_closed)
        # its queue was deleted, or moved with its leader: connect anew, and declare it anew
        channel.add_on_cancel_callback(lambda _: self._break_off(channel, f"its queue {CHUNKS} was deleted"))
        channel.add_on_return_callback(self._on_return)
        channel.add_callback(self._on_get_empty, [Basic.GetEmpty], one_shot=False)
        self._preparation.prepare(channel)

    def _on_ready(self, channel: Channel) -> None:
        self._published = 0
        self.connections += 1
        self._since = time.monotonic()
        with self._lock:
            self._channel = channel
        self._works()
        log.info("connected to the broker %s", self.name)

    def _give_up(self, channel: Channel, reason: str) -> None:
        """A channel that stands still cannot be closed in order."""
        self._tell(reason)
        channel.connection._terminate_stream(ConnectionError(reason))  # type: ignore[attr-defined]

    def _on_message(
        self, channel: Channel, method: Basic.Deliver, _properties: BasicProperties, body: bytes
    ) -> None:
        self._deliveries.put(Delivery(body, method.delivery_tag or 0, channel))

    def _on_channel_closed(self, channel: Channel, reason: Exception) -> None:
        self._preparation.broken()
        self._break_off(channel, reason)

    def _break_off(self, channel: Channel, reason: object) -> None:
        """Something is wrong with the channel: end its connection, so that everything begins anew."""
        if not self._told:
            self._tell(reason)
        if channel.connection.is_open:
            channel.connection.close()

    def _on_end(self, connection: Any, reason: Any) -> None:
        """The connection is over, or never came to be."""
        if not self._told:
            self._tell(reason)
        connection.ioloop.stop()

    def _disconnected(self) -> None:
        """Nobody waits any longer for what cannot come."""
        with self._lock:
            if self._channel is not None and time.monotonic() - self._since >= STEADY_SECONDS:
                self._backoff.reset()
            self._loop = self._channel = None
            waiting = list(self._waiting.values())
        self._unconfirmed.clear()
        self._returned.clear()
        for request in waiting:
            request.over.set()

    def _works(self) -> None:
        self.trouble = ""

    def _tell(self, reason: object) -> None:
        """Say it once; the pauses between attempts grow, and nothing is said of the same again."""
        self._told = True
        text = str(reason) or repr(reason)
        trouble = f"The broker {self.name} does not serve us: {text}"
        if trouble != self.trouble and not self._end.is_set():
            log.warning("%s", trouble)
        self.trouble = trouble

    # ---- in the loop

    def _do(self, channel: Channel, do: Callable[[Channel], None]) -> None:
        try:
            if channel.is_open:
                do(channel)
        except Exception as problem:  # noqa: BLE001 - a connection in an unknown state is not used any further
            self._break_off(channel, problem)

    def _ack(self, delivery: Delivery, channel: Channel) -> None:
        if delivery.channel is channel:
            channel.basic_ack(delivery.tag)

    def _publish(self, queue: str, bodies: list[bytes], request: _Request, channel: Channel) -> None:
        for body in bodies:
            channel.basic_publish("", queue, body, _PERSISTENT, mandatory=True)
            self._published += 1
            self._unconfirmed[self._published] = (request, queue, body)

    def _on_return(
        self, _channel: Channel, method: Basic.Return, _properties: BasicProperties, body: bytes
    ) -> None:
        """There is no such queue; the confirmation comes all the same, after this."""
        self._returned.add((method.routing_key or "", body))

    def _on_confirm(self, frame: Any) -> None:
        method = frame.method
        last = int(method.delivery_tag)
        tags = [tag for tag in self._unconfirmed if tag <= last] if method.multiple else [last]
        for tag in tags:
            request, queue, body = self._unconfirmed.pop(tag, (None, "", b""))
            if request is None:
                continue
            arrived = isinstance(method, Basic.Ack) and (queue, body) not in self._returned
            self._returned.discard((queue, body))
            request.one(*([body] if arrived else []))

    def _count(self, request: _Request, channel: Channel) -> None:
        for name in (CHUNKS, DEAD):
            answer = partial(self._counted, request, name)
            channel.queue_declare(name, passive=True, callback=answer)

    def _counted(self, request: _Request, name: str, frame: Any) -> None:
        request.one((name, int(frame.method.message_count)))

    def _get_dead(self, request: _Request, channel: Channel) -> None:
        self._getting = request
        channel.basic_get(DEAD, partial(self._on_dead, request))

    def _on_dead(
        self, request: _Request, channel: Channel, method: Basic.GetOk, _properties: BasicProperties, body: bytes
    ) -> None:
        request.one(Delivery(body, method.delivery_tag or 0, channel))
        if request.left > 0:
            channel.basic_get(DEAD, partial(self._on_dead, request))

    def _on_get_empty(self, _frame: Any) -> None:
        self._getting.over.set()

    def _close(self, channel: Channel) -> None:
        channel.connection.close()
