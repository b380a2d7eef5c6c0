from amarvote.record.layout import read_layout
from amarvote.record.sections import Carrier, Section, SectionType
from record_samples import DEVICE

HEX = DEVICE.key[1:].hex()
SIGNATURE = f"signatures/final-{'00' * 32}.binpb"


def test_files_make_up_sections() -> None:
    layout = read_layout(
        [
            f"devices/regular-{HEX}/00000001.binpb",
            f"devices/regular-{HEX}/00000000.binpb",
            "setup/header.binpb",
            "toc.binpb",
            SIGNATURE,
            "setup/manifest.json",
            "meta.json",
            "derived/whatever/x.csv",
        ]
    )
    assert layout.findings == []
    assert layout.carrier is Carrier.PROTOBUF
    assert layout.segments == {
        DEVICE: 2,
        Section(SectionType.HEADER): 1,
        Section(SectionType.TOC): 1,
    }
    assert layout.signatures == [SIGNATURE]
    assert layout.manifest_copy


def test_what_has_no_place_is_named() -> None:
    layout = read_layout(["setup/header.binpb", "extra.txt", "derived", "setup/meta.json"])
    assert {(one.code, one.where) for one in layout.findings} == {
        ("R.container", "extra.txt"),
        ("R.container", "derived"),
        ("R.container", "setup/meta.json"),
    }


def test_segments_have_no_gaps() -> None:
    for numbers in ((1,), (0, 2), (0, 1, 99_999_999)):
        layout = read_layout([f"devices/regular-{HEX}/{number:08d}.jsonl" for number in numbers])
        assert [(one.code, one.where) for one in layout.findings] == [("R.container", DEVICE.title)]


def test_one_carrier_only() -> None:
    layout = read_layout(["setup/header.binpb", "setup/parameters.jsonl"])
    assert layout.carrier is None
    assert [one.message for one in layout.findings] == [
        "has files of both carriers, .binpb and .jsonl: a record uses one"
    ]
    both = read_layout(["setup/header.binpb", "setup/header.jsonl"])
    assert len(both.findings) == 1


def test_nothing_is_no_record() -> None:
    layout = read_layout([])
    assert (layout.segments, layout.carrier, layout.findings) == ({}, None, [])
