import pytest
from hypothesis import given
from hypothesis import strategies as st

from amarvote.record import segments
from amarvote.record.codec import header_item
from amarvote.record.errors import ContainerFault
from amarvote.record.framing import frame, segment_header
from amarvote.record.json_lines import header_to_line
from amarvote.record.sections import Carrier, Section, SectionType
from amarvote.record.segments import Segment, check_header

HEADER = Section(SectionType.HEADER)
BINARY = frame(segment_header(HEADER, 0).SerializeToString())
LINE = header_to_line(segment_header(HEADER, 0))


class Bytes:
    """A stream over bytes that gives at most `step` at a time."""

    def __init__(self, data: bytes, step: int = 10**9) -> None:
        self.data, self.step, self.given = data, step, 0

    def read(self, size: int) -> bytes:
        data = self.data[self.given : self.given + min(size, self.step)]
        self.given += len(data)
        return data

    def close(self) -> None:
        pass


def frames(data: bytes, carrier: Carrier = Carrier.PROTOBUF, step: int = 10**9) -> list[bytes]:
    return list(Segment(Bytes(data, step), carrier))


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=6), st.integers(1, 400))
def test_frames_are_read_however_the_bytes_arrive(items: list[bytes], step: int) -> None:
    assert frames(b"".join(map(frame, items)), step=step) == items


@given(
    st.lists(st.text("ab\r é", min_size=1).filter(lambda line: line.rstrip("\r")), max_size=6), st.integers(1, 40)
)
def test_lines_are_read_however_the_bytes_arrive(items: list[str], step: int) -> None:
    lines = [line.rstrip("\r").encode() for line in items]
    assert frames(b"".join(line + b"\n" for line in lines), Carrier.JSON_LINES, step) == lines
    assert frames(b"\r\n".join(lines), Carrier.JSON_LINES, step) == lines


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x00", "a frame of 0 bytes"),
        (frame(b"x") + b"\x00\x00\x00", "a frame of 0 bytes"),
        (b"\x81\x00x", "not written in its shortest form"),
        (b"\x80", "ends in the middle of a number"),
        (b"\xff" * 11, "more than 64 bits"),
        (b"\x81\x80\x80\x20" + b"x", "a frame of 67108865 bytes"),
        (b"\x80\x80\x80\x80\x80\x80\x80\x80\x40", "a frame of 4611686018427387904 bytes"),
        (b"\x05abc", "ends 2 bytes before the end of its last frame"),
        (b"\x80\x80\x80\x20" + b"x", "ends 67108863 bytes before the end of its last frame"),
    ],
)
def test_broken_frames(data: bytes, reason: str) -> None:
    with pytest.raises(ContainerFault, match=reason):
        frames(data)


def test_a_frame_s_length_is_judged_before_any_of_it_is_read() -> None:
    stream = Bytes(b"\x81\x80\x80\x20" + bytes(70_000_000))
    with pytest.raises(ContainerFault, match="a frame of"):
        Segment(stream, Carrier.PROTOBUF).next()
    assert stream.given < 1_000_000


@pytest.mark.parametrize("data", [b"\n", b"a\n\nb\n", b"\r\n", b"a\n\r", b"a\n\r\nb"])
def test_empty_lines(data: bytes) -> None:
    with pytest.raises(ContainerFault, match="has an empty line"):
        frames(data, Carrier.JSON_LINES)


def test_the_last_line_feed_is_optional() -> None:
    assert frames(b"a\nb", Carrier.JSON_LINES) == frames(b"a\nb\n", Carrier.JSON_LINES) == [b"a", b"b"]
    assert frames(b"a\r\nb\r", Carrier.JSON_LINES) == [b"a", b"b"]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_lines_have_a_greatest_length(monkeypatch: pytest.MonkeyPatch, end: bytes) -> None:
    monkeypatch.setattr(segments, "MAX_LINE_BYTES", 100)
    assert frames(b"x" * 100 + end, Carrier.JSON_LINES) == [b"x" * 100]
    with pytest.raises(ContainerFault, match="a line of more than 100 bytes"):
        frames(b"x" * 101 + end, Carrier.JSON_LINES)


def test_a_line_without_end_is_given_up() -> None:
    stream = Bytes(b"x" * 140_000_000)
    with pytest.raises(ContainerFault, match="a line of more than"):
        Segment(stream, Carrier.JSON_LINES).next()
    assert stream.given < 135_000_000


@pytest.mark.parametrize(("carrier", "data"), [(Carrier.PROTOBUF, BINARY), (Carrier.JSON_LINES, LINE)])
def test_the_header_comes_first(carrier: Carrier, data: bytes) -> None:
    segment = Segment(Bytes(data), carrier)
    assert segment.header() == segment_header(HEADER, 0)
    assert segment.next() is None


@pytest.mark.parametrize(
    ("carrier", "data", "reason"),
    [
        (Carrier.PROTOBUF, b"", "is empty"),
        (Carrier.JSON_LINES, b"", "is empty"),
        (Carrier.PROTOBUF, frame(header_item()), "segment header that is not valid"),
        (Carrier.JSON_LINES, b'{"recordHeader":{}}', "segment header that is not valid"),
        (Carrier.JSON_LINES, b"\xef\xbb\xbf" + LINE, "segment header that is not valid"),
        (Carrier.JSON_LINES, LINE[:-1] + b',"extra":1}', "segment header that is not valid"),
        (Carrier.PROTOBUF, frame(segment_header(HEADER, 0).SerializeToString() + b"\x28\x00"), "not valid"),
    ],
)
def test_what_is_no_header(carrier: Carrier, data: bytes, reason: str) -> None:
    with pytest.raises(ContainerFault, match=reason):
        Segment(Bytes(data), carrier).header()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"magic": "EGRE"}, "does not say EGRF"),
        ({"format_major": 3}, "of format 3 instead of 2"),
        ({"section_type": 2}, "of another section than its path"),
        ({"key": b"x"}, "of another section than its path"),
        ({"first_ordinal": 4}, "begins with item 5 instead of the first"),
    ],
)
def test_a_header_must_agree_with_its_path(change: dict[str, object], reason: str) -> None:
    header = segment_header(HEADER, 0)
    check_header(header, HEADER, first=True)
    for name, value in change.items():
        setattr(header, name, value)
    with pytest.raises(ContainerFault, match=reason):
        check_header(header, HEADER, first=True)
    if "first_ordinal" in change:
        check_header(header, HEADER, first=False)
