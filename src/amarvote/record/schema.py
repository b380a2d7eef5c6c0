"""The messages of `egrf.proto` as plain tables, for the code that walks bytes and text against them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.timestamp_pb2 import Timestamp

from amarvote.record import egrf_pb2


class Kind(Enum):
    """How the value of a field is written."""

    UINT32 = auto()
    UINT64 = auto()
    BOOL = auto()
    ENUM = auto()
    STRING = auto()
    BYTES = auto()
    MESSAGE = auto()
    TIMESTAMP = auto()


VARINT_KINDS = frozenset((Kind.UINT32, Kind.UINT64, Kind.BOOL, Kind.ENUM))

LIMITS: Mapping[Kind, int] = {Kind.UINT32: 2**31 - 1, Kind.UINT64: 2**63 - 1, Kind.BOOL: 1, Kind.ENUM: 2**31 - 1}
"""The greatest value of each kind that is written as a varint (rule D4: below 2^31 and 2^63)."""


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One field: its number, its two names, how it is written, and the widths that bind it (0: none)."""

    number: int
    name: str
    json_name: str
    kind: Kind
    repeated: bool
    width: int
    width_multiple: int
    required: bool
    """Absence is not canonical: a fixed width that may not be left out, or an enum without a default meaning."""
    enum: str
    names: Mapping[int, str]
    message: "Message | None"
    tag: bytes


@dataclass(slots=True, eq=False)
class Message:
    """One message: its fields by number, by tag (number and wire type) and by either JSON name."""

    name: str
    fields: dict[int, Field] = field(default_factory=dict)
    by_tag: dict[int, Field] = field(default_factory=dict)
    by_name: dict[str, Field] = field(default_factory=dict)
    required: int = 0
    """One bit for the number of each field that must be there."""


def varint(value: int) -> bytes:
    """The shortest base-128 form of a number."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


_KINDS = {
    FieldDescriptor.TYPE_UINT32: Kind.UINT32,
    FieldDescriptor.TYPE_UINT64: Kind.UINT64,
    FieldDescriptor.TYPE_BOOL: Kind.BOOL,
    FieldDescriptor.TYPE_ENUM: Kind.ENUM,
    FieldDescriptor.TYPE_STRING: Kind.STRING,
    FieldDescriptor.TYPE_BYTES: Kind.BYTES,
    FieldDescriptor.TYPE_MESSAGE: Kind.MESSAGE,
}


def _option(entry: FieldDescriptor, extension: FieldDescriptor) -> int:
    # The generated .pyi calls an extension a FieldDescriptor, which is what it is; typeshed wants a narrower type.
    return int(entry.GetOptions().Extensions[extension])  # type: ignore[index]


def _compile(descriptor: Descriptor, known: dict[str, Message]) -> Message:
    if descriptor.full_name in known:
        return known[descriptor.full_name]
    message = known[descriptor.full_name] = Message(descriptor.name)
    for entry in descriptor.fields:
        inner = None
        kind = _KINDS[entry.type]
        if entry.message_type is not None:
            if entry.message_type.full_name == Timestamp.DESCRIPTOR.full_name:
                kind = Kind.TIMESTAMP
            else:
                inner = _compile(entry.message_type, known)
        width, multiple = _option(entry, egrf_pb2.width), _option(entry, egrf_pb2.width_multiple)
        tag = entry.number << 3 | (0 if kind in VARINT_KINDS else 2)
        one = Field(
            number=entry.number,
            name=entry.name,
            json_name=entry.json_name,
            kind=kind,
            repeated=entry.is_repeated,
            width=width,
            width_multiple=multiple,
            required=kind is Kind.ENUM or (bool(width or multiple) and not _option(entry, egrf_pb2.omittable)),
            enum="" if entry.enum_type is None else entry.enum_type.name,
            names={} if entry.enum_type is None else {v.number: v.name for v in entry.enum_type.values},
            message=inner,
            tag=varint(tag),
        )
        message.fields[entry.number] = one
        message.by_tag[tag] = one
        message.by_name[entry.json_name] = one
        message.by_name[entry.name] = one
    message.required = sum(1 << one.number for one in message.fields.values() if one.required)
    return message


_known: dict[str, Message] = {}
RECORD_ITEM = _compile(egrf_pb2.RecordItem.DESCRIPTOR, _known)  # type: ignore[arg-type]
SEGMENT_HEADER = _compile(egrf_pb2.SegmentHeader.DESCRIPTOR, _known)  # type: ignore[arg-type]
