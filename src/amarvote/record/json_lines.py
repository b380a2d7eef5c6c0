"""Items as lines of text: the proto3 JSON mapping, written in one form and read strictly.

The reader walks the text against the schema, so it never builds more than the item: a member that the schema does
not have is refused before its value is looked at, which bounds depth and memory whatever the line holds. Numbers,
base64 and timestamps have one written form each (draft 5.5); members may come in any order, explicit defaults and
`null` mean absent. What a line says is then proven canonical like any other item.
"""

import json
import re
from base64 import b64encode
from binascii import Error, a2b_base64
from datetime import UTC, datetime, timedelta

from amarvote.record.canonical import (
    LAST_SECOND,
    MAX_ITEM_BYTES,
    MAX_MESSAGES,
    check_item,
    decode_header,
    read_varint,
)
from amarvote.record.egrf_pb2 import SegmentHeader
from amarvote.record.errors import NotCanonical
from amarvote.record.schema import LIMITS, RECORD_ITEM, SEGMENT_HEADER, VARINT_KINDS, Field, Kind, Message, varint

MAX_LINE_BYTES = 128 * 1024 * 1024
"""A line holds at most 128 MiB without its line feed (draft 5.5)."""

_SPACE = re.compile(rb"[ \t\r\n]*")
_PLAIN = re.compile(rb'[^"\\\x00-\x1f]*')
_ESCAPED = re.compile(rb'(?:[^"\\\x00-\x1f]*+\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})){1,4096}+')
_HALF = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}$")
_OTHER_HALF = re.compile(rb"\\u[0-9a-fA-F]{4}")
_NUMBER = re.compile(rb"-?[0-9][0-9.eE+-]*")
_DECIMAL = re.compile(rb"0|[1-9][0-9]{0,19}")
_TIMESTAMP = re.compile(rb"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{3}))?Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def item_to_line(data: bytes) -> bytes:
    """One canonical item as a line of compact JSON, members in the order of their numbers; no line feed."""
    return _write_message(data, 0, len(data), RECORD_ITEM).encode()


def header_to_line(header: SegmentHeader) -> bytes:
    """The first line of a segment, without its line feed."""
    data = header.SerializeToString(deterministic=True)
    return _write_message(data, 0, len(data), SEGMENT_HEADER).encode()


def line_to_item(line: bytes) -> bytes:
    """The canonical bytes of the item that a line stands for; raises NotCanonical."""
    data = _Parser(line).whole(RECORD_ITEM)
    check_item(data)
    return data


def line_to_header(line: bytes) -> SegmentHeader:
    """The header of a segment from its first line; raises NotCanonical."""
    return decode_header(_Parser(line).whole(SEGMENT_HEADER))


# ---- writing


def _write_message(data: bytes, position: int, end: int, message: Message) -> str:
    members: list[str] = []
    elements: list[str] = []
    while position < end:
        tag, position = read_varint(data, position, end)
        field = message.by_tag[tag]
        value, position = read_varint(data, position, end)
        if field.kind in VARINT_KINDS:
            text = _write_number(field, value)
        else:
            text = _write_bytes(data, position, position + value, field)
            position += value
        if not field.repeated:
            members.append(f'"{field.json_name}":{text}')
            continue
        elements.append(text)
        if not data.startswith(field.tag, position, end):
            members.append(f'"{field.json_name}":[{",".join(elements)}]')
            elements = []
    return "{" + ",".join(members) + "}"


def _write_number(field: Field, value: int) -> str:
    if field.kind is Kind.ENUM:
        return f'"{field.names[value]}"'
    if field.kind is Kind.BOOL:
        return "true"
    return f'"{value}"' if field.kind is Kind.UINT64 else str(value)


def _write_bytes(data: bytes, position: int, end: int, field: Field) -> str:
    if field.message is not None:
        return _write_message(data, position, end, field.message)
    if field.kind is Kind.TIMESTAMP:
        return _write_timestamp(data, position, end)
    value = data[position:end]
    if field.kind is Kind.BYTES:
        return f'"{b64encode(value).decode()}"'
    return json.dumps(value.decode(), ensure_ascii=False)


def _write_timestamp(data: bytes, position: int, end: int) -> str:
    parts = {0x08: 0, 0x10: 0}
    while position < end:
        tag, position = read_varint(data, position, end)
        parts[tag], position = read_varint(data, position, end)
    moment = _EPOCH + timedelta(seconds=parts[0x08])
    fraction = f".{parts[0x10] // 1_000_000:03d}" if parts[0x10] else ""
    return f'"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"'


# ---- reading


class _Parser:
    """Reads one JSON value against the schema, straight into the bytes of a message."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._at = 0
        self._budget = MAX_MESSAGES
        self._bytes = 0

    def whole(self, message: Message) -> bytes:
        """The message that the whole line stands for."""
        self._skip()
        data = self._message(message, single=message is RECORD_ITEM)
        self._skip()
        if self._at != len(self._text):
            raise NotCanonical(f"has more after its end, at byte {self._at + 1}")
        return data

    def _message(self, message: Message, *, single: bool = False) -> bytes:
        self._budget -= 1
        if self._budget < 0:
            raise NotCanonical(f"holds more than {MAX_MESSAGES} messages")
        self._expect(b"{")
        parts: dict[int, bytes] = {}
        while not self._closes(b"}", first=not parts):
            name = self._name()
            field = message.by_name.get(name)
            if field is None:
                raise NotCanonical(f"has a member {name[:80]!r} that {message.name} does not have", newer=True)
            if field.number in parts or (single and parts):
                raise NotCanonical(f"has {'another' if single else 'a second'} member {name!r}")
            self._skip()
            self._expect(b":")
            self._skip()
            try:
                parts[field.number] = b"" if self._null() else self._member(field)
            except NotCanonical as problem:
                raise problem.inside(field.name) from None
        return b"".join(parts[number] for number in sorted(parts))

    def _member(self, field: Field) -> bytes:
        if not field.repeated:
            return self._value(field)
        self._expect(b"[")
        elements: list[bytes] = []
        while not self._closes(b"]", first=not elements):
            self._skip()
            elements.append(self._value(field))
        return b"".join(elements)

    def _value(self, field: Field) -> bytes:
        if field.message is not None:
            value = self._message(field.message)
        elif field.kind in VARINT_KINDS:
            number = self._number(field)
            return field.tag + varint(number) if number else b""
        elif field.kind is Kind.TIMESTAMP:
            value = self._timestamp()
        else:
            value = self._base64() if field.kind is Kind.BYTES else self._string_value()
            if not value:
                return b""
        self._bytes += len(value) if field.message is None else 0
        if self._bytes > MAX_ITEM_BYTES:
            raise NotCanonical(f"is more than {MAX_ITEM_BYTES} bytes as an item", code="R.container")
        return field.tag + varint(len(value)) + value

    # tokens

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        if found is not None:
            self._at = found.end()

    def _expect(self, token: bytes) -> None:
        if not self._text.startswith(token, self._at):
            raise NotCanonical(f"needs {token.decode()!r} at byte {self._at + 1}")
        self._at += 1

    def _closes(self, bracket: bytes, *, first: bool) -> bool:
        """Step to the next element; true where the list or object ends instead."""
        self._skip()
        if self._text.startswith(bracket, self._at):
            self._at += 1
            return True
        if not first:
            self._expect(b",")
            self._skip()
        return False

    def _null(self) -> bool:
        if self._text.startswith(b"null", self._at):
            self._at += 4
            return True
        return False

    def _string(self) -> bytes:
        """A JSON string as UTF-8 bytes, escapes resolved."""
        start = self._at
        if not self._text.startswith(b'"', start):
            raise NotCanonical(f"needs a string at byte {start + 1}")
        piece = self._plain(start + 1)
        if self._text.startswith(b'"', self._at):
            self._at += 1
            return piece
        # Piece by piece: taken whole, every escape would cost an expression or a parser a hundred bytes.
        value = bytearray(piece)
        while not self._text.startswith(b'"', self._at):
            value += self._escaped(start)
            value += self._plain(self._at)
        self._at += 1
        return bytes(value)

    def _plain(self, start: int) -> bytes:
        found = _PLAIN.match(self._text, start)
        if found is None:
            raise NotCanonical(f"needs a string at byte {start + 1}")
        self._at = found.end()
        return found[0]

    def _escaped(self, start: int) -> bytes:
        """A few thousand escapes and what stands between them; never one half of a character."""
        if not self._text.startswith(b"\\", self._at):
            raise NotCanonical(f"needs a string at byte {start + 1}")
        found = _ESCAPED.match(self._text, self._at)
        if found is None:
            raise NotCanonical("has a string with an escape that is no text")
        piece = found[0]
        other = _OTHER_HALF.match(self._text, found.end()) if _HALF.search(piece) else None
        if other is not None:
            piece += other[0]
        self._at += len(piece)
        try:
            value: str = json.loads(b'"' + piece + b'"')
            return value.encode()
        except UnicodeDecodeError:
            raise NotCanonical("is not UTF-8") from None
        except ValueError:
            raise NotCanonical("has a string with an escape that is no text") from None

    def _name(self) -> str:
        try:
            return self._string().decode()
        except UnicodeDecodeError:
            raise NotCanonical("has a member whose name is not UTF-8") from None

    def _string_value(self) -> bytes:
        value = self._string()
        try:
            value.decode()
        except UnicodeDecodeError:
            raise NotCanonical("is not UTF-8") from None
        return value

    def _base64(self) -> bytes:
        text = self._string()
        try:
            value = a2b_base64(text, strict_mode=True)
        except Error:
            raise NotCanonical("is not standard base64 with padding") from None
        if b64encode(value) != text:
            raise NotCanonical("is not base64 in its one form (unused bits zero)")
        return value

    def _number(self, field: Field) -> int:
        text = self._text
        if field.kind is Kind.BOOL:
            for token, value in ((b"true", 1), (b"false", 0)):
                if text.startswith(token, self._at):
                    self._at += len(token)
                    return value
            raise NotCanonical("is neither true nor false")
        if text.startswith(b'"', self._at):
            token = self._string()
            if field.kind is Kind.ENUM:
                return self._enum(field, token)
        else:
            found = _NUMBER.match(text, self._at)
            if found is None:
                raise NotCanonical(f"needs a number at byte {self._at + 1}")
            token = found[0]
            self._at = found.end()
        if not _DECIMAL.fullmatch(token):
            raise NotCanonical("is not a number in plain decimal digits")
        number = int(token)
        if number > LIMITS[field.kind]:
            raise NotCanonical(f"is {number}, more than {LIMITS[field.kind]}")
        return number

    def _enum(self, field: Field, name: bytes) -> int:
        for number, known in field.names.items():
            if known.encode() == name:
                return number
        raise NotCanonical(f"is {name[:80].decode(errors='replace')!r}, which means nothing here", newer=True)

    def _timestamp(self) -> bytes:
        found = _TIMESTAMP.fullmatch(self._string())
        if found is None or found[7] == b"000":
            raise NotCanonical("is not a time like 2026-11-03T20:00:00Z or 2026-11-03T20:00:00.005Z")
        try:
            moment = datetime(*(int(part) for part in found.groups()[:6]), tzinfo=UTC)  # type: ignore[misc,arg-type]
        except ValueError:
            raise NotCanonical("is a time that does not exist") from None
        seconds = (moment - _EPOCH) // timedelta(seconds=1)
        if not 0 <= seconds <= LAST_SECOND:
            raise NotCanonical("is outside the years 1970 to 9999")
        nanos = int(found[7] or 0) * 1_000_000
        return (b"\x08" + varint(seconds) if seconds else b"") + (b"\x10" + varint(nanos) if nanos else b"")
