"""Length-delimited frames, the segments of the protobuf carrier, and what the header of a segment must say."""

from amarvote.record.canonical import MAX_ITEM_BYTES
from amarvote.record.egrf_pb2 import SegmentHeader
from amarvote.record.schema import varint
from amarvote.record.sections import FORMAT_MAJOR, MAGIC, Section

MAX_FRAME_BYTES = MAX_ITEM_BYTES


def frame(data: bytes) -> bytes:
    """The bytes of one message with their length before them."""
    return varint(len(data)) + data


def segment_header(section: Section, first_ordinal: int) -> SegmentHeader:
    """The header of a segment whose first item has this ordinal (from 0) in the section."""
    return SegmentHeader(
        magic=MAGIC,
        format_major=FORMAT_MAJOR,
        section_type=section.type.value,  # type: ignore[arg-type]
        key=section.key,
        first_ordinal=first_ordinal,
    )
