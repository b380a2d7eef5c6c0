"""The files of a record, as bytes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import record_samples as samples
from amarvote.record import codec
from amarvote.record.errors import RecordWriteError
from amarvote.record.items import TocEntry
from amarvote.record.merkle import leaf, root_of
from amarvote.record.sections import Carrier, Phase, Section, SectionType, segment_path
from amarvote.record.writer import phase_root, segment_file, toc_file

HEADER = Section(SectionType.HEADER)
GUARDIANS = Section(SectionType.GUARDIANS)
KEYS = [codec.guardian_item(samples.guardian(index)) for index in (1, 2)]


def test_a_segment_byte_for_byte() -> None:
    path, data = segment_file(HEADER, 0, 0, [codec.header_item()])
    assert path == "setup/header.binpb"
    # Length 10: magic (1) "EGRF", major (2) 2, section type (3) 1. Length 4: record_header (1), major (1) 2.
    assert data.hex() == "0a0a044547524610021801040a020802"


def test_a_segment_of_lines() -> None:
    path, data = segment_file(HEADER, 0, 0, [codec.header_item()], Carrier.JSON_LINES)
    assert path == "setup/header.jsonl"
    assert data.decode() == (
        '{"magic":"EGRF","formatMajor":2,"sectionType":"SECTION_TYPE_HEADER"}\n{"recordHeader":{"formatMajor":2}}\n'
    )


def test_a_second_segment_says_where_it_begins() -> None:
    ballots = [codec.ballot_item(samples.ballot(number)) for number in range(2)]
    path, data = segment_file(samples.DEVICE, 3, 150, ballots, Carrier.JSON_LINES)
    assert path == segment_path(samples.DEVICE, 3, Carrier.JSON_LINES)
    assert b'"firstOrdinal":"150"' in data.split(b"\n")[0]
    assert data.count(b"\n") == 3


def test_the_same_items_give_the_same_bytes() -> None:
    def one_by_one() -> Iterator[bytes]:
        yield from KEYS

    assert segment_file(GUARDIANS, 0, 0, one_by_one()) == segment_file(GUARDIANS, 0, 0, KEYS)
    assert segment_file(GUARDIANS, 0, 0, KEYS[:1]) != segment_file(GUARDIANS, 0, 0, KEYS)


@pytest.mark.parametrize("carrier", Carrier)
@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (b"", "guardians item 2 cannot be written: it is empty"),
        (KEYS[0] + b"\0", "guardians item 2 cannot be written: it"),
        (codec.header_item(), "guardians item 2 cannot be written: a record_header has no place in this section"),
    ],
)
def test_no_item_is_written_that_no_reader_takes(carrier: Carrier, item: bytes, reason: str) -> None:
    with pytest.raises(RecordWriteError) as refused:
        segment_file(GUARDIANS, 0, 0, [KEYS[0], item], carrier)
    assert str(refused.value).startswith(reason)


def test_the_table_of_contents_lists_its_entries() -> None:
    path, data = toc_file([TocEntry(HEADER, 1, bytes(32))])
    assert path == "toc.binpb"
    assert data.endswith(codec.toc_item(TocEntry(HEADER, 1, bytes(32))))


def test_roots_cover_the_sections_of_their_phase(tmp_path: Path) -> None:
    roots = samples.write_record(tmp_path)
    items = samples.sections()
    entries = samples.write_sections(tmp_path, items, Carrier.PROTOBUF)
    assert [entry.root for entry in entries] == [root_of(map(leaf, data)) for _, data in sorted(items.items())]
    leaves = [leaf(codec.toc_item(entry)) for entry in entries]
    assert roots[Phase.SETUP] == root_of(leaves[:5]) == phase_root(entries, Phase.SETUP)
    assert roots[Phase.FINAL] == root_of(leaves)
    assert len(set(roots.values())) == 4
    assert root_of([]).hex().startswith("e3b0c442")
