"""The one valid encoding of an item: proven by walking its bytes against the schema.

proto3 leaves a writer many encodings of one message. The record has one: fields in ascending order, defaults
absent, shortest varints, fixed widths, nothing unknown (the draft's rules W1 to W8 and D1 to D5). The walk refuses
anything else and stops at the first fault, so what an attacker sends costs no more than its own bytes.
"""

from amarvote.record.egrf_pb2 import RecordItem, SegmentHeader
from amarvote.record.errors import NotCanonical
from amarvote.record.schema import LIMITS, RECORD_ITEM, SEGMENT_HEADER, VARINT_KINDS, Field, Kind, Message

MAX_ITEM_BYTES = 64 * 1024 * 1024
"""A frame holds at most 64 MiB (draft 5.2)."""

MAX_MESSAGES = 100_000
"""Messages inside one item, a bound of ours: two bytes on the wire can be an empty message, which costs a parser
a hundred. A ballot has one message for each contest and option."""

MAX_STRING_BYTES = 1024 * 1024
"""One string, a bound of ours: as text it can take four times its bytes. Strings are names, labels, references."""

LAST_SECOND = 253_402_300_799
"""9999-12-31T23:59:59Z, the last second of a timestamp (rule D3)."""


def decode_item(data: bytes) -> RecordItem:
    """The item that `data` is the canonical encoding of; raises NotCanonical with the field and what is wrong."""
    check_item(data)
    return RecordItem.FromString(data)


def decode_header(data: bytes) -> SegmentHeader:
    """The header of a segment; raises NotCanonical."""
    _walk(data, SEGMENT_HEADER)
    return SegmentHeader.FromString(data)


def encode_item(item: RecordItem) -> bytes:
    """The canonical bytes of an item; raises NotCanonical where no canonical encoding of it exists."""
    data = item.SerializeToString(deterministic=True)
    decode_item(data)
    return data


def check_item(data: bytes) -> None:
    """Raise NotCanonical unless `data` is the canonical encoding of an item."""
    if not data:
        raise NotCanonical("is empty: an item has exactly one part")
    _walk(data, RECORD_ITEM)


def member_of(data: bytes) -> str:
    """The name of an item's part ("encrypted_ballot"), read from its first bytes; data must be canonical."""
    tag, _ = read_varint(data, 0, len(data))
    return RECORD_ITEM.by_tag[tag].name


def read_varint(data: bytes, position: int, end: int) -> tuple[int, int]:
    """A number in its shortest base-128 form, and the position after it; raises NotCanonical."""
    value = shift = 0
    while position < end:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if not byte and shift:
                raise NotCanonical("has a number that is not written in its shortest form")
            return value, position
        shift += 7
        if shift > 63:
            raise NotCanonical("has a number of more than 64 bits")
    raise NotCanonical("ends in the middle of a number")


def _walk(data: bytes, message: Message) -> None:
    if len(data) > MAX_ITEM_BYTES:
        raise NotCanonical(f"has {len(data)} bytes, more than {MAX_ITEM_BYTES}")
    budget = [MAX_MESSAGES]
    fields = _walk_message(data, 0, len(data), message, budget)
    if message is RECORD_ITEM and fields != 1:
        raise NotCanonical(f"has {fields} parts: an item has exactly one")


def _walk_message(data: bytes, position: int, end: int, message: Message, budget: list[int]) -> int:
    """Walk one message in data[position:end]; the number of fields met (each repetition once)."""
    budget[0] -= 1
    if budget[0] < 0:
        raise NotCanonical(f"holds more than {MAX_MESSAGES} messages")
    by_tag = message.by_tag
    last = met = repetition = seen = 0
    while position < end:
        tag = data[position]
        if tag < 0x80:
            position += 1
        else:
            tag, position = read_varint(data, position, end)
        field = by_tag.get(tag)
        if field is None:
            raise _unknown(message, tag)
        number = field.number
        if number <= last and not (number == last and field.repeated):
            twice = "twice" if number == last else "after a field of a higher number"
            raise NotCanonical(f"{field.name} is there {twice}")
        repetition = repetition + 1 if number == last else 1
        last = number
        met += 1
        seen |= 1 << number
        try:
            position = _walk_value(data, position, end, field, budget)
        except NotCanonical as problem:
            place = f"{field.name}[{repetition}]" if field.repeated else field.name
            raise problem.inside(place) from None
    if message.required & ~seen:
        raise _missing(message, seen)
    return met


def _walk_value(data: bytes, position: int, end: int, field: Field, budget: list[int]) -> int:
    length = data[position] if position < end else 0x80
    if length < 0x80:
        position += 1
    else:
        length, position = read_varint(data, position, end)
    kind = field.kind
    if kind in VARINT_KINDS:
        _check_number(field, length)
        return position
    after = position + length
    if after > end:
        raise NotCanonical(f"ends {after - end} bytes short of its length")
    if kind is Kind.BYTES:
        _check_width(field, length)
    elif kind is Kind.MESSAGE and field.message is not None:
        _walk_message(data, position, after, field.message, budget)
    elif kind is Kind.STRING:
        if not length:
            raise NotCanonical("is empty and yet written")
        if length > MAX_STRING_BYTES:
            raise NotCanonical(f"has {length} bytes, more than {MAX_STRING_BYTES}")
        try:
            data[position:after].decode("utf-8")
        except UnicodeDecodeError:
            raise NotCanonical("is not UTF-8") from None
    else:
        _walk_timestamp(data, position, after)
    return after


def _check_number(field: Field, value: int) -> None:
    if not value:
        raise NotCanonical("is zero and yet written")
    if value > LIMITS[field.kind]:
        raise NotCanonical(f"is {value}, more than {LIMITS[field.kind]}")
    if field.kind is Kind.ENUM and value not in field.names:
        code = "R.version" if field.enum == "SectionType" else "R.encoding"  # no minor version adds sections
        raise NotCanonical(f"is {value}, which means nothing here", newer=True, code=code)


def _check_width(field: Field, length: int) -> None:
    if field.width:
        if length != field.width:
            raise NotCanonical(f"has {length} bytes instead of {field.width}")
    elif field.width_multiple:
        if not length or length % field.width_multiple:
            raise NotCanonical(f"has {length} bytes, not a positive multiple of {field.width_multiple}")
    elif not length:
        raise NotCanonical("is empty and yet written")


def _walk_timestamp(data: bytes, position: int, end: int) -> None:
    last = 0
    while position < end:
        tag, position = read_varint(data, position, end)
        if tag not in (0x08, 0x10):
            raise NotCanonical("has a field that a timestamp does not have", newer=True)
        if tag <= last:
            raise NotCanonical("has its fields twice or out of order")
        last = tag
        value, position = read_varint(data, position, end)
        if not value:
            raise NotCanonical("has a zero that is written out")
        if tag == 0x08 and value > LAST_SECOND:
            raise NotCanonical("is outside the years 1970 to 9999")
        if tag == 0x10 and (value % 1_000_000 or value > 999_000_000):
            raise NotCanonical("is not in whole milliseconds")


def _unknown(message: Message, tag: int) -> NotCanonical:
    field = message.fields.get(tag >> 3)
    if field is not None:
        return NotCanonical(f"{field.name} is written with wire type {tag & 7}")
    return NotCanonical(f"has a field {tag >> 3} that {message.name} does not have", newer=True)


def _missing(message: Message, seen: int) -> NotCanonical:
    lacking = (field.name for field in message.fields.values() if field.required and not seen >> field.number & 1)
    return NotCanonical(f"lacks {', '.join(lacking)}")
