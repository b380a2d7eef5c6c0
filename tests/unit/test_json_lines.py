import json
import tracemalloc
from base64 import b64encode

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st

import record_samples as samples
from amarvote.record import codec, json_lines
from amarvote.record import egrf_pb2 as pb
from amarvote.record.canonical import check_item, decode_item
from amarvote.record.errors import NotCanonical
from amarvote.record.framing import segment_header
from amarvote.record.items import DeviceClose
from amarvote.record.json_lines import header_to_line, item_to_line, line_to_header, line_to_item
from amarvote.record.sections import Section, SectionType

B32 = b64encode(bytes(32)).decode()
HEADER = '{"recordHeader":{"formatMajor":2}}'
DEVICE = f'"kind":"DEVICE_KIND_REGULAR","hDi":"{B32}"'


def device(members: str) -> str:
    return '{"deviceHeader":{' + members + "}}"


def close(members: str) -> str:
    return '{"deviceClose":{' + members + "}}"


@given(samples.items())
@settings(max_examples=150, deadline=None)
def test_items_become_lines_and_items_again(data: bytes) -> None:
    line = item_to_line(data)
    assert b"\n" not in line
    assert line_to_item(line) == data
    assert json.loads(line) == json_format.MessageToDict(decode_item(data))


@given(samples.items())
@settings(max_examples=60, deadline=None)
def test_lines_of_other_writers_are_read(data: bytes) -> None:
    item = decode_item(data)
    assert line_to_item(json_format.MessageToJson(item, indent=1).replace("\n", " ").encode()) == data
    assert (
        line_to_item(json_format.MessageToJson(item, preserving_proto_field_name=True, indent=None).encode())
        == data
    )


def test_the_one_form_that_is_written() -> None:
    line = item_to_line(codec.device_close_item(DeviceClose(412, None, bytes(32), 1_791_468_187_412)))
    assert line.decode() == close(
        f'"ballotCount":"412","closingHash":"{B32}","closedAt":"2026-10-08T14:03:07.412Z"'
    )


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (5, "1970-01-01T00:00:00.005Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00Z"),
    ],
)
def test_times(moment: int, text: str) -> None:
    data = codec.device_close_item(DeviceClose(1, None, None, moment))
    line = item_to_line(data)
    assert json.loads(line)["deviceClose"]["closedAt"] == text
    assert line_to_item(line) == data


@pytest.mark.parametrize(
    "text",
    [
        ' { "recordHeader" : { "formatMajor" : 2 , "formatMinor" : 0 } } \t',
        '{"record_header":{"format_major":2}}',
        '{"recordHeader":{"formatMajor":"2"}}',
        '{"recordHeader":{"formatMinor":null,"formatMajor":2}}',
        '{"recordHeader":{"format\\u004dajor":2}}',
    ],
)
def test_readings_that_the_mapping_allows(text: str) -> None:
    assert line_to_item(text.encode()) == codec.header_item()


def test_members_in_any_order_enums_by_number_and_escapes() -> None:
    plain = line_to_item(device(DEVICE + ',"deviceId":"ä/😀"').encode())
    other = device(f'"deviceId":"\\u00e4\\/\\ud83d\\ude00","hDi":"{B32}","kind":1')
    assert line_to_item(other.encode()) == plain
    assert line_to_item(device(DEVICE.replace("=", "\\u003d") + ',"deviceId":"ä/😀"').encode()) == plain


REFUSED = [
    ("", "needs '{' at byte 1"),
    ("nul", "needs '{'"),
    ("null", "needs '{'"),
    ("[]", "needs '{'"),
    ("{}", "is empty"),
    ("\ufeff" + HEADER, "needs '{' at byte 1"),
    (HEADER + HEADER, "has more after its end, at byte 35"),
    (HEADER[:-1], "needs ',' at byte"),
    (HEADER[:20], "needs"),
    ('{"recordHeader":{"formatMajor":2,}}', "record_header needs a string"),
    ('{"recordHeader":{,"formatMajor":2}}', "record_header needs a string"),
    ("{'recordHeader':{}}", "needs a string"),
    ('{"recordHeader":{"formatMajor":2,"formatMajor":2}}', "record_header has a second member 'formatMajor'"),
    ('{"recordHeader":{"formatMajor":2,"format_major":3}}', "record_header has a second member 'format_major'"),
    ('{"recordHeader":{"formatMajor":2},"recordHeader":{}}', "has another member 'recordHeader'"),
    ('{"recordHeader":{"formatMajor":2},"parameters":null}', "has another member 'parameters'"),
    ('{"recordHeader":null}', "is empty"),
    ('{"recordHeader":{"formatMajor":2,"x":[[[[[[[[[[', "record_header has a member 'x'"),
    ('{"recordHeader":[]}', "record_header needs '{'"),
    ('{"recordHeader":{"formatMajor":2.0}}', "is not a number in plain decimal digits"),
    ('{"recordHeader":{"formatMajor":2e0}}', "is not a number in plain decimal digits"),
    ('{"recordHeader":{"formatMajor":02}}', "is not a number in plain decimal digits"),
    ('{"recordHeader":{"formatMajor":"02"}}', "is not a number in plain decimal digits"),
    ('{"recordHeader":{"formatMajor":" 2"}}', "is not a number in plain decimal digits"),
    ('{"recordHeader":{"formatMajor":-1}}', "is not a number in plain decimal digits"),
    ('{"recordHeader":{"formatMajor":-0}}', "is not a number in plain decimal digits"),
    ('{"recordHeader":{"formatMajor":2147483648}}', "is 2147483648, more than 2147483647"),
    ('{"recordHeader":{"formatMajor":' + "9" * 100_000 + "}}", "is not a number in plain decimal digits"),
    ('{"recordHeader":{"formatMajor":true}}', "needs a number"),
    ('{"recordHeader":{"formatMajor":NaN}}', "needs a number"),
    ('{"recordHeader":{"formatMajor":[2]}}', "needs a number"),
    (close('"ballotCount":9223372036854775808'), "more than 9223372036854775807"),
    (
        device('"kind":"DEVICE_KIND_HYPNOTIC","hDi":"' + B32 + '"'),
        "'DEVICE_KIND_HYPNOTIC', which means nothing here",
    ),
    (device('"kind":"REGULAR","hDi":"' + B32 + '"'), "'REGULAR', which means nothing"),
    (device('"kind":"DEVICE_KIND_UNSPECIFIED","hDi":"' + B32 + '"'), "device_header lacks kind"),
    (device(DEVICE.replace("=", "")), "h_di is not standard base64 with padding"),
    (device(DEVICE.replace("A=", " A=")), "h_di is not standard base64"),
    (device(DEVICE.replace("A=", "-=")), "h_di is not standard base64"),
    (device(DEVICE.replace("A=", "B=")), "h_di is not base64 in its one form"),
    (device(DEVICE.replace("AAAA", "")), "h_di has 2 bytes instead of 32"),
    (device(DEVICE + ',"deviceId":"\\ud800"'), "device_id has a string with an escape that is no text"),
    (device(DEVICE + ',"deviceId":"\\x"'), "device_id has a string with an escape that is no text"),
    (device(DEVICE + ',"deviceId":"\x01"'), "device_id needs a string"),
    (device(DEVICE + ',"deviceId":"x'), "device_id needs a string"),
    (device(DEVICE + ',"deviceId":5'), "device_id needs a string"),
    (close('"closedAt":"2026-11-03T22:00:00.005+02:00"'), "closed_at is not a time like"),
    (close('"closedAt":"2026-11-03T20:00:00.000Z"'), "closed_at is not a time like"),
    (close('"closedAt":"2026-11-03T20:00:00.0050Z"'), "closed_at is not a time like"),
    (close('"closedAt":"2026-11-03t20:00:00Z"'), "closed_at is not a time like"),
    (close('"closedAt":"2026-11-03T20:00:60Z"'), "closed_at is a time that does not exist"),
    (close('"closedAt":"2025-02-29T20:00:00Z"'), "closed_at is a time that does not exist"),
    (close('"closedAt":"1969-12-31T23:59:59Z"'), "closed_at is outside the years 1970 to 9999"),
    (close('"closedAt":"0000-01-01T00:00:00Z"'), "closed_at is a time that does not exist"),
    (close('"closedAt":{"seconds":5}'), "closed_at needs a string"),
    ('{"tocEntry":{"sectionType":6,"root":"' + B32 + '"}}', "section_type is 6, which means nothing here"),
    ('{"tocEntry":{"sectionType":1,"critical":1,"root":"' + B32 + '"}}', "critical is neither true nor false"),
    ('{"encryptedBallot":{"contests":{}}}', "contests needs '['"),
    ('{"encryptedBallot":{"contests":[null]}}', "contests needs '{'"),
    ('{"encryptedBallot":{"contests":[{},]}}', "contests needs '{'"),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_not_one_item_is_refused(text: str, reason: str) -> None:
    with pytest.raises(NotCanonical) as refused:
        line_to_item(text.encode())
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    "line", [b'{"recordHeader":{"formatMajor\xff":2}}', device(DEVICE).encode()[:-2] + b',"deviceId":"\xff"}}']
)
def test_what_is_not_utf_8_is_refused(line: bytes) -> None:
    with pytest.raises(NotCanonical, match="UTF-8"):
        line_to_item(line)


@pytest.mark.parametrize("count", [1, 4095, 4096, 4097, 9000])
@pytest.mark.parametrize("piece", ["\\ud83d\\ude00", "x\\ud83d\\ude00é", "\\u00e9", "\\\\", "\\n\\ud83d\\ude00"])
def test_any_number_of_escapes(count: int, piece: str) -> None:
    text = piece * count
    read = decode_item(line_to_item(device(DEVICE + f',"deviceId":"{text}"').encode()))
    assert read.device_header.device_id == json.loads(f'"{text}"')


@pytest.mark.parametrize("end", ["\\ud83d", "\\ud83dx", "\\ud83d\\n", "\\ude00", "\\ud83d\\ud83d", "\\u12", "\\"])
@pytest.mark.parametrize("count", [0, 4095, 4096])
def test_half_a_character_is_no_text(end: str, count: int) -> None:
    with pytest.raises(NotCanonical):
        line_to_item(device(DEVICE + ',"deviceId":"' + "\\n" * count + end + '"').encode())


def test_escapes_cost_no_memory_of_their_own() -> None:
    """A string of escapes was once eight gigabytes to a regular expression."""
    line = device(DEVICE + ',"deviceId":"' + "\\n" * 1_000_000 + '"').encode()
    tracemalloc.start()
    line_to_item(line)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 6 * len(line)


def test_what_only_a_newer_version_knows_is_marked() -> None:
    for text in ('{"recordHeader":{"x":1}}', '{"newItem":{}}', device('"kind":"DEVICE_KIND_NEW"')):
        with pytest.raises(NotCanonical) as refused:
            line_to_item(text.encode())
        assert refused.value.newer


def test_empty_messages_cannot_multiply(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines, "MAX_MESSAGES", 50)
    line = b'{"challengedBallotDecryption":{"contests":[' + b",".join([b"{}"] * 60) + b"]}}"
    with pytest.raises(NotCanonical, match="more than 50 messages"):
        line_to_item(line)


def test_an_item_larger_than_a_frame_is_the_container_s_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines, "MAX_ITEM_BYTES", 100)
    content = b64encode(bytes(101))
    with pytest.raises(NotCanonical) as refused:
        line_to_item(b'{"manifestFile":{"content":"' + content + b'"}}')
    assert refused.value.code == "R.container"


def test_segment_headers_are_lines_too() -> None:
    header = segment_header(Section(SectionType.GUARDIANS), 7)
    line = header_to_line(header)
    assert json.loads(line) == {
        "magic": "EGRF",
        "formatMajor": 2,
        "sectionType": "SECTION_TYPE_GUARDIANS",
        "firstOrdinal": "7",
    }
    assert line_to_header(line) == header


@given(samples.items(), samples.EDITS)
@settings(max_examples=300, deadline=None)
def test_mutated_lines_are_canonical_items_or_refused(data: bytes, edits: list[tuple[int, int, bytes]]) -> None:
    try:
        read = line_to_item(samples.mutated(item_to_line(data), edits))
    except NotCanonical:
        return
    check_item(read)


@given(st.binary(max_size=40))
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(NotCanonical):
        line_to_item(noise)


def test_the_program_s_own_reader_of_the_mapping_agrees() -> None:
    item = pb.RecordItem()
    item.ParseFromString(codec.ballot_item(samples.ballot(1)))
    parsed = json_format.Parse(item_to_line(codec.ballot_item(samples.ballot(1))), pb.RecordItem())
    assert parsed == item
