"""What stands inside contest data: the marks of an overvote and the text of a write-in.

    b(length, 4) ‖ UTF-8 JSON {"overvote": {option id: value}, "write_in": text} ‖ zeros

filled to 32 * b bytes, so that its presence and its length show nothing. Members that say nothing are left out,
and no remarks at all are zero bytes of JSON. The specification leaves this layout to the manifest's author.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from amarvote.electionguard.contest_data import BLOCK_BYTES
from amarvote.electionguard.errors import ElectionGuardError

_LENGTH_BYTES = 4


class RemarksTooLongError(ElectionGuardError):
    """The remarks need more room than the contest's data has."""


class RemarksUnreadableError(ElectionGuardError):
    """Opened contest data does not have the layout of this module."""


@dataclass(frozen=True, slots=True)
class Remarks:
    """What a voter did beyond a countable vote; `overvote` is None where there was no overvote.

    An overvote whose marks do not fit keeps the mapping empty: that it happened is said, which marks is not.
    """

    overvote: Mapping[str, int] | None = field(default=None, repr=False)
    write_in: str = field(default="", repr=False)


def capacity(blocks: int) -> int:
    """The bytes of JSON that fit into `blocks` blocks."""
    return blocks * BLOCK_BYTES - _LENGTH_BYTES


def pack(remarks: Remarks, blocks: int) -> bytes:
    """D for these remarks, exactly 32 * blocks bytes; RemarksTooLongError where a write-in does not fit."""
    room = capacity(blocks)
    text = _json(remarks)
    if len(text) > room and remarks.overvote:
        text = _json(Remarks({}, remarks.write_in))
    if len(text) > room:
        raise RemarksTooLongError(
            f"the write-in needs {len(text)} bytes with its framing, and {room} are there; shorten it"
        )
    return (len(text).to_bytes(_LENGTH_BYTES, "big") + text).ljust(blocks * BLOCK_BYTES, b"\0")


def unpack(data: bytes) -> Remarks:
    """The remarks in D; RemarksUnreadableError where the bytes are not laid out as `pack` does it."""
    length = int.from_bytes(data[:_LENGTH_BYTES], "big")
    text, padding = data[_LENGTH_BYTES : _LENGTH_BYTES + length], data[_LENGTH_BYTES + length :]
    if len(data) < _LENGTH_BYTES or len(text) < length or any(padding):
        raise RemarksUnreadableError("The contest data is not a length, that many bytes, and zeros.")
    if not text:
        return Remarks()
    try:
        remarks = _remarks(json.loads(text.decode("utf-8")))
        canonical = remarks is not None and _json(remarks) == text
    except (ValueError, RecursionError):
        raise RemarksUnreadableError("The contest data does not hold JSON.") from None
    if remarks is None or not canonical:
        raise RemarksUnreadableError(
            "The contest data is not an overvote and a write-in as this program writes them."
        )
    return remarks


def _remarks(members: object) -> Remarks | None:
    if not isinstance(members, dict):
        return None
    overvote, write_in = members.get("overvote"), members.get("write_in", "")
    marks = overvote.values() if isinstance(overvote, dict) else ()
    of_their_kind = isinstance(overvote, dict | None) and isinstance(write_in, str)
    if not of_their_kind or not all(type(value) is int and value > 0 for value in marks):
        return None
    return Remarks(overvote, write_in)


def _json(remarks: Remarks) -> bytes:
    members: dict[str, object] = {}
    if remarks.overvote is not None:
        members["overvote"] = dict(remarks.overvote)
    if remarks.write_in:
        members["write_in"] = remarks.write_in
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode() if members else b""
