"""What the broker says of our queues to somebody who only looks: nothing is made, consumed or published.

Whether a queue is there is asked passively, so that a missing one stays missing. How it was declared no message of
the protocol tells; but the broker refuses to declare what is there as something else, and says what differs.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from pika import BlockingConnection
from pika.exceptions import AMQPError, ChannelClosedByBroker

from amarvote.queues.amqp import ARGUMENTS, CHUNKS, DEAD, parameters


class NoBrokerError(Exception):
    """The broker does not answer, or does not let us in."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A queue, or the exchange of dead letters. `trouble` says how it is not as workers declare it, if so."""

    name: str
    trouble: str
    consumers: int = 0
    messages: int = 0


def inspect(url: str) -> list[Seen]:
    """The queue of chunks, the queue of dead letters, the exchange before it; NoBrokerError."""
    given = parameters(url)
    try:
        with closing(BlockingConnection(given)) as connection:
            return [
                *(_queue(connection, name) for name in (CHUNKS, DEAD)),
                _looked_at(
                    connection,
                    f"exchange {DEAD}",
                    lambda channel: channel.exchange_declare(DEAD, passive=True),
                    lambda channel: channel.exchange_declare(DEAD, "fanout", durable=True),
                ),
            ]
    except (AMQPError, OSError) as problem:
        reason = str(problem) or repr(problem)
        raise NoBrokerError(f"The broker {given.host}:{given.port} does not let us in: {reason}") from None


def _queue(connection: BlockingConnection, name: str) -> Seen:
    return _looked_at(
        connection,
        f"queue {name}",
        lambda channel: channel.queue_declare(name, passive=True),
        lambda channel: channel.queue_declare(name, durable=True, arguments=ARGUMENTS[name]),
    )


def _looked_at(
    connection: BlockingConnection, name: str, there: Callable[[Any], Any], same: Callable[[Any], Any]
) -> Seen:
    """Each question has a channel of its own, for the broker answers a wrong one by closing it."""
    told = None
    try:
        for question in (there, same):
            channel = connection.channel()
            answer = question(channel)
            told = told or answer
            channel.close()
    except ChannelClosedByBroker as refusal:
        if told is None:
            return Seen(name, refusal.reply_text)
        return Seen(name, refusal.reply_text, *_counts(told))
    return Seen(name, "", *_counts(told))


def _counts(told: Any) -> tuple[int, int]:
    method = told.method
    return getattr(method, "consumer_count", 0), getattr(method, "message_count", 0)
