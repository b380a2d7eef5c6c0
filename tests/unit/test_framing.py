from amarvote.record.framing import frame, segment_header
from amarvote.record.sections import Section, SectionType


def test_a_frame_is_its_length_and_its_bytes() -> None:
    assert frame(b"abc") == b"\x03abc"
    assert frame(bytes(300)) == b"\xac\x02" + bytes(300)


def test_the_first_segment_s_header_says_no_ordinal() -> None:
    assert segment_header(Section(SectionType.TOC), 0).SerializeToString() == bytes.fromhex(
        "0a0445475246100218feff03"
    )
    assert segment_header(Section(SectionType.TOC), 5).first_ordinal == 5
