import pytest

from amarvote.electionguard.errors import Finding
from amarvote.record import codec
from amarvote.record import egrf_pb2 as pb
from amarvote.record.canonical import decode_item, encode_item
from amarvote.record.items import TocEntry
from amarvote.record.opening import read_toc, read_version
from amarvote.record.reader import RawItem
from amarvote.record.sections import Section, SectionType

BROKEN = Finding("R.encoding", "toc item 1", "the item is broken")


def raw(*items: bytes) -> list[RawItem]:
    return [RawItem(ordinal, data, decode_item(data), None) for ordinal, data in enumerate(items)]


def version(major: int, minor: int) -> bytes:
    return encode_item(pb.RecordItem(record_header=pb.RecordHeader(format_major=major, format_minor=minor)))


def entry(kind: SectionType, key: bytes = b"") -> bytes:
    return codec.toc_item(TocEntry(Section(kind, key), 1, bytes(32)))


def test_a_version() -> None:
    assert read_version(raw(version(2, 0))) == (0, None)
    assert read_version(raw(version(2, 65535))) == (65535, None)


@pytest.mark.parametrize(
    ("items", "code", "reason"),
    [
        ([], "R.structure", "no item"),
        (raw(version(2, 0), version(2, 0)), "R.structure", "more than one item"),
        (raw(entry(SectionType.HEADER)), "R.structure", "not a record header"),
        (raw(version(3, 0)), "R.version", "of format 3.0"),
        (raw(version(0, 0)), "R.version", "of format 0.0"),
        (raw(version(2, 65536)), "R.version", "of format 2.65536"),
        ([RawItem(0, b"x", None, BROKEN)], "R.encoding", "the item is broken"),
    ],
)
def test_what_stops_at_the_version(items: list[RawItem], code: str, reason: str) -> None:
    _, fault = read_version(items)
    assert fault is not None
    assert fault.code == code
    assert reason in fault.message


def test_a_table_of_contents() -> None:
    entries, fault = read_toc(
        raw(entry(SectionType.HEADER), entry(SectionType.DEVICE, b"a"), entry(SectionType.DEVICE, b"b")), limit=9
    )
    assert fault is None
    assert entries is not None
    assert [one.section.key for one in entries] == [b"", b"a", b"b"]


@pytest.mark.parametrize(
    ("items", "code", "reason"),
    [
        ([], "R.root", "is empty"),
        (raw(codec.header_item()), "R.root", "not an entry"),
        (raw(entry(SectionType.TOC)), "R.root", "has no place"),
        (raw(entry(SectionType.SIGNATURES)), "R.root", "has no place"),
        (raw(entry(SectionType.GUARDIANS), entry(SectionType.HEADER)), "R.root", "out of order"),
        (raw(entry(SectionType.DEVICE, b"a"), entry(SectionType.DEVICE, b"a")), "R.root", "there twice"),
        ([RawItem(0, b"x", None, BROKEN)], "R.encoding", "the item is broken"),
    ],
)
def test_what_stops_at_the_table_of_contents(items: list[RawItem], code: str, reason: str) -> None:
    entries, fault = read_toc(items, limit=9)
    assert entries is None
    assert fault is not None
    assert fault.code == code
    assert reason in fault.message


def test_a_table_of_contents_of_any_length_costs_little() -> None:
    many = raw(*(entry(SectionType.DEVICE, number.to_bytes(2, "big")) for number in range(100)))
    entries, fault = read_toc(many, limit=5)
    assert fault is None
    assert entries is not None
    assert len(entries) == 6  # one more than there are sections: enough to tell that it is wrong
