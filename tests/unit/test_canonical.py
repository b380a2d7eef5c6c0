import time

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings

import record_samples as samples
from amarvote.record import canonical, codec
from amarvote.record import egrf_pb2 as pb
from amarvote.record.canonical import check_item, decode_header, decode_item, encode_item, member_of
from amarvote.record.errors import NotCanonical
from amarvote.record.schema import varint


def tagged(number: int, data: bytes, wire: int = 2) -> bytes:
    """One field: length-delimited, or as a number with wire type 0."""
    head = varint(number << 3 | wire)
    return head + (varint(len(data)) if wire == 2 else b"") + data


H_DI = tagged(3, bytes(32))
DEVICE_HEADER = tagged(10, b"\x08\x01" + tagged(2, b"d") + H_DI)
CLOSE = 14
TOC = 50


def toc_entry(kind: bytes) -> bytes:
    return tagged(TOC, tagged(1, kind, 0) + tagged(5, bytes(32)))


def test_the_base_items_are_canonical() -> None:
    check_item(DEVICE_HEADER)
    check_item(toc_entry(b"\x01"))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty: an item has exactly one part"),
        (DEVICE_HEADER * 2, "device_header is there twice"),
        (tagged(1, b"\x08\x02") + DEVICE_HEADER, "has 2 parts: an item has exactly one"),
        (DEVICE_HEADER + tagged(1, b"\x08\x02"), "record_header is there after a field of a higher number"),
        (tagged(1, b"\x10\x01\x08\x02"), "record_header.format_major is there after a field of a higher number"),
        (tagged(1, b"\x08\x02\x10\x00"), "record_header.format_minor is zero and yet written"),
        (tagged(1, b"\x08\x02\x08\x02"), "record_header.format_major is there twice"),
        (
            tagged(1, b"\x08\x82\x00"),
            "record_header.format_major has a number that is not written in its shortest",
        ),
        (tagged(1, b"\x88\x00\x02"), "record_header has a number that is not written in its shortest form"),
        (b"\x0a\x82\x00\x08\x02", "record_header has a number that is not written in its shortest form"),
        (tagged(1, b"\x08" + b"\xff" * 10), "record_header.format_major has a number of more than 64 bits"),
        (tagged(1, b"\x08"), "record_header.format_major ends in the middle of a number"),
        (tagged(1, b"\x08" + varint(2**31)), "record_header.format_major is 2147483648, more than 2147483647"),
        (
            tagged(20, b"\x08" + varint(2**63)),
            "encrypted_tally_header.cast_ballot_count is 9223372036854775808, more",
        ),
        (tagged(1, b"\x0a\x01\x02"), "record_header.format_major is written with wire type 2"),
        (tagged(1, b"\x18\x01"), "record_header has a field 3 that RecordHeader does not have"),
        (tagged(100, b""), "has a field 100 that RecordItem does not have"),
        (tagged(0, b""), "has a field 0 that RecordItem does not have"),
        (b"\x0a\x05\x08\x02", "record_header ends 3 bytes short of its length"),
        (b"\x0a" + varint(2**62), "record_header ends 4611686018427387904 bytes short of its length"),
        (b"\x0b\x0c", "record_header is written with wire type 3"),
        (tagged(10, b"\x08\x01" + tagged(2, b"") + H_DI), "device_header.device_id is empty and yet written"),
        (tagged(10, b"\x08\x01" + tagged(2, b"\xff") + H_DI), "device_header.device_id is not UTF-8"),
        (tagged(10, b"\x08\x01" + tagged(2, b"\xed\xa0\x80") + H_DI), "device_header.device_id is not UTF-8"),
        (
            tagged(10, b"\x08\x01" + tagged(2, b"x" * (2**20 + 1)) + H_DI),
            "device_header.device_id has 1048577 bytes",
        ),
        (tagged(10, H_DI), "device_header lacks kind"),
        (tagged(10, b""), "device_header lacks kind, h_di"),
        (tagged(10, b"\x08\x03" + H_DI), "device_header.kind is 3, which means nothing here"),
        (tagged(10, b"\x08\x01" + tagged(3, bytes(31))), "device_header.h_di has 31 bytes instead of 32"),
        (tagged(10, b"\x08\x01" + H_DI + tagged(5, b"")), "device_header.initial_hash has 0 bytes instead of 32"),
        (
            tagged(21, tagged(2, bytes(1023))),
            "encrypted_tally_contest.fields has 1023 bytes, not a positive multiple",
        ),
        (
            tagged(21, tagged(2, b"")),
            "encrypted_tally_contest.fields has 0 bytes, not a positive multiple of 1024",
        ),
        (tagged(3, tagged(2, b"") + tagged(3, bytes(32))), "manifest_file.content is empty and yet written"),
        (tagged(CLOSE, tagged(4, b"\x10\x01")), "device_close.closed_at is not in whole milliseconds"),
        (tagged(CLOSE, tagged(4, b"\x10" + varint(10**9))), "device_close.closed_at is not in whole milliseconds"),
        (
            tagged(CLOSE, tagged(4, b"\x08" + varint(253_402_300_800))),
            "device_close.closed_at is outside the years",
        ),
        (tagged(CLOSE, tagged(4, b"\x08" + b"\xff" * 9 + b"\x01")), "device_close.closed_at is outside the years"),
        (tagged(CLOSE, tagged(4, b"\x08\x00")), "device_close.closed_at has a zero that is written out"),
        (
            tagged(CLOSE, tagged(4, b"\x08\x01\x08\x01")),
            "device_close.closed_at has its fields twice or out of order",
        ),
        (
            tagged(CLOSE, tagged(4, b"\x18\x01")),
            "device_close.closed_at has a field that a timestamp does not have",
        ),
        (tagged(TOC, b"\x08\x01\x18\x02" + tagged(5, bytes(32))), "toc_entry.critical is 2, more than 1"),
        (toc_entry(varint(6)), "toc_entry.section_type is 6, which means nothing here"),
    ],
)
def test_one_encoding_only(data: bytes, reason: str) -> None:
    with pytest.raises(NotCanonical) as refused:
        decode_item(data)
    assert str(refused.value).startswith(reason)


def test_repeated_fields_must_stand_together() -> None:
    item = pb.RecordItem()
    item.ParseFromString(codec.ballot_item(samples.ballot(1)))
    whole = item.encrypted_ballot.SerializeToString(deterministic=True)
    first = item.encrypted_ballot.contests[0].SerializeToString(deterministic=True)
    with pytest.raises(
        NotCanonical, match=r"encrypted_ballot\.contests is there after a field of a higher number"
    ):
        check_item(tagged(11, whole + tagged(7, first)))


def test_the_place_of_a_fault_is_told() -> None:
    item = pb.RecordItem()
    item.ParseFromString(codec.ballot_item(samples.ballot(1)))
    item.encrypted_ballot.contests[0].fields[1].beta = bytes(511)
    with pytest.raises(NotCanonical, match=r"^encrypted_ballot\.contests\[1\]\.fields\[2\]\.beta has 511 bytes"):
        encode_item(item)


@pytest.mark.parametrize(
    ("data", "newer", "code"),
    [
        (tagged(1, b"\x08\x02\x18\x01"), True, "R.encoding"),
        (tagged(99, b""), True, "R.encoding"),
        (toc_entry(varint(6)), True, "R.version"),
        (tagged(1, b"\x08\x00"), False, "R.encoding"),
    ],
)
def test_what_a_newer_version_may_hold_is_marked(data: bytes, newer: bool, code: str) -> None:
    with pytest.raises(NotCanonical) as refused:
        decode_item(data)
    assert (refused.value.newer, refused.value.code) == (newer, code)


def test_empty_messages_cannot_multiply(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two bytes each on the wire, a hundred each in a parser: refused before the parser sees them."""
    monkeypatch.setattr(canonical, "MAX_MESSAGES", 50)
    data = tagged(31, tagged(2, bytes(32)) + tagged(3, b"") * 60)
    with pytest.raises(NotCanonical, match="more than 50 messages"):
        decode_item(data)


def test_a_hostile_item_of_full_size_is_refused_at_once() -> None:
    data = tagged(31, tagged(2, bytes(32)) + tagged(3, b"") * 30_000_000)
    started = time.process_time()
    with pytest.raises(NotCanonical, match="messages"):
        check_item(data)
    assert time.process_time() - started < 2


def test_an_item_has_a_greatest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonical, "MAX_ITEM_BYTES", 40)
    with pytest.raises(NotCanonical, match="more than 40"):
        check_item(DEVICE_HEADER)


def test_a_large_ballot_is_checked_quickly() -> None:
    """60 KB, 40 options: well under 5 ms to decode and check, so that reading never outweighs verifying."""
    contests = samples.ballot(1).contests * 14
    data = codec.ballot_item(samples.ballot(1, contests=contests))
    assert len(data) > 50_000
    decode_item(data)
    started = time.process_time()
    for _ in range(20):
        decode_item(data)
    assert (time.process_time() - started) / 20 < 0.005


def test_segment_headers_obey_the_same_rules() -> None:
    header = pb.SegmentHeader(magic="EGRF", format_major=2, section_type=1)  # type: ignore[arg-type]
    data = header.SerializeToString()
    assert decode_header(data) == header
    with pytest.raises(NotCanonical, match="first_ordinal is zero"):
        decode_header(data + b"\x28\x00")


def test_nothing_is_encoded_that_no_reader_takes() -> None:
    with pytest.raises(NotCanonical, match="lacks h_i"):
        encode_item(pb.RecordItem(encrypted_ballot=pb.EncryptedBallot(id_b=bytes(32))))


@given(samples.items())
@settings(max_examples=150, deadline=None)
def test_every_canonical_item_is_taken_and_written_the_same(data: bytes) -> None:
    item = decode_item(data)
    assert encode_item(item) == data
    assert item.WhichOneof("item") == member_of(data)


@given(samples.items(), samples.EDITS)
@settings(max_examples=400, deadline=None)
def test_mutations_are_taken_only_if_parsing_and_writing_again_agrees(
    data: bytes, edits: list[tuple[int, int, bytes]]
) -> None:
    """The walk against the other way of proving canonicality: parse, drop what is unknown, write, compare."""
    changed = samples.mutated(data, edits)
    try:
        accepted = decode_item(changed)
    except NotCanonical:
        return
    parsed = pb.RecordItem()
    try:
        parsed.ParseFromString(changed)
    except DecodeError:
        pytest.fail("the walk took what no parser reads")
    parsed.DiscardUnknownFields()
    assert parsed.SerializeToString(deterministic=True) == changed
    assert accepted == parsed
