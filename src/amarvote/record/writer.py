"""Writes the files of a record, one by one: the same items give the same bytes."""

from collections.abc import Iterable
from io import BytesIO
from typing import IO

from amarvote.record.canonical import check_item, member_of
from amarvote.record.codec import toc_item
from amarvote.record.errors import NotCanonical, RecordWriteError
from amarvote.record.framing import frame, segment_header
from amarvote.record.items import TocEntry
from amarvote.record.json_lines import header_to_line, item_to_line
from amarvote.record.merkle import leaf, root_of
from amarvote.record.sections import ITEMS, Carrier, Phase, Section, SectionType, segment_path


def segment_file(
    section: Section, segment: int, first_ordinal: int, items: Iterable[bytes], carrier: Carrier = Carrier.PROTOBUF
) -> tuple[str, bytes]:
    """One segment of a section: the path of its file in the record, and its bytes.

    `segment` is the number of the file (0 for sections of one file), `first_ordinal` the number of items in all
    segments before it. Items are canonical bytes, at most a chunk of them. Raises RecordWriteError for an item
    that no reader would take.
    """
    return segment_path(section, segment, carrier), _content(section, first_ordinal, items, carrier)


def toc_file(entries: Iterable[TocEntry], carrier: Carrier = Carrier.PROTOBUF) -> tuple[str, bytes]:
    """The table of contents, which ends a phase; entries in the order of their sections."""
    return segment_file(Section(SectionType.TOC), 0, 0, map(toc_item, entries), carrier)


def phase_root(entries: Iterable[TocEntry], phase: Phase) -> bytes:
    """The root of a phase over the sections of all phases up to it; entries in the order of their sections."""
    return root_of(leaf(toc_item(entry)) for entry in entries if entry.section.phase <= phase)


def _content(section: Section, first_ordinal: int, items: Iterable[bytes], carrier: Carrier) -> bytes:
    file = BytesIO()
    write_items(file, section, first_ordinal, items, carrier)
    return file.getvalue()


def write_items(
    file: IO[bytes], section: Section, first_ordinal: int, items: Iterable[bytes], carrier: Carrier
) -> list[bytes]:
    """Write the header and items of one segment to an open file; the leaf hashes. Raises RecordWriteError."""
    leaves = []
    header = segment_header(section, first_ordinal)
    if carrier is Carrier.PROTOBUF:
        file.write(frame(header.SerializeToString(deterministic=True)))
    else:
        file.write(header_to_line(header) + b"\n")
    for number, data in enumerate(items, start=first_ordinal):
        _check(section, number, data)
        file.write(frame(data) if carrier is Carrier.PROTOBUF else item_to_line(data) + b"\n")
        leaves.append(leaf(data))
    return leaves


def _check(section: Section, number: int, data: bytes) -> None:
    try:
        check_item(data)
    except NotCanonical as problem:
        raise RecordWriteError(f"{section.place(number)} cannot be written: it {problem}") from problem
    if member_of(data) not in ITEMS[section.type]:
        raise RecordWriteError(
            f"{section.place(number)} cannot be written: a {member_of(data)} has no place in this section"
        )
