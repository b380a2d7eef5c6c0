"""What parent and child say to each other through their pipe: JSON fields and raw bytes, bounded, no pickle.

A frame is b(header length, 4) ‖ header (JSON: kind, fields, lengths of the parts) ‖ parts.
"""

import json
from dataclasses import dataclass, field
from typing import IO, Any

LARGEST_HEADER = 16 << 20
LARGEST_MESSAGE = 256 << 20
"""Bytes; far above what chunks may hold, so that only a defect reaches them."""


READY = "ready"
ERROR = "error"
PAUSES = "pauses"
"""The field of each answer that says how long collecting garbage held the child up since the last, in seconds."""

SAID = "said"
"""The field of each answer with what was logged since the last: [level, logger, text] of each line."""


class PipeError(Exception):
    """The other side is gone, or sent what is no message."""


@dataclass(frozen=True, slots=True)
class Message:
    """`kind` says what is asked or answered; `fields` are JSON values, `parts` bytes in an order it fixes."""

    kind: str
    fields: dict[str, Any] = field(default_factory=dict)
    parts: tuple[bytes, ...] = ()


def write(stream: IO[bytes], message: Message) -> None:
    """Send one message."""
    header = json.dumps(
        {"kind": message.kind, "fields": message.fields, "lengths": [len(part) for part in message.parts]}
    ).encode()
    stream.write(len(header).to_bytes(4, "big"))
    stream.write(header)
    for part in message.parts:
        stream.write(part)
    stream.flush()


def read(stream: IO[bytes]) -> Message | None:
    """The next message; None where the other side ended between two of them; PipeError within one."""
    start = stream.read(4)
    if not start:
        return None
    length = int.from_bytes(start, "big")
    if len(start) < 4 or length > LARGEST_HEADER:
        raise PipeError("The other side of the pipe broke off, or sent what is no message.")
    content = json.loads(_exactly(stream, length))
    lengths = content["lengths"]
    if sum(lengths) > LARGEST_MESSAGE:
        raise PipeError(f"A message of {sum(lengths)} bytes is more than a chunk may hold.")
    return Message(content["kind"], content["fields"], tuple(_exactly(stream, size) for size in lengths))


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise PipeError("The other side of the pipe broke off within a message.")
    return data
