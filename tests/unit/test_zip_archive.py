import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amarvote.record import zip_directory
from amarvote.record.errors import ContainerFault, UnreadableRecord
from amarvote.record.zip_archive import ZipArchive
from record_samples import EDITS, mutated, open_files
from zip_forgeries import Forged, archive, deflated, large_end

TEXT = b"some text, some text, some text" * 40


def opened(folder: Path, data: bytes) -> ZipArchive:
    path = folder / "record.zip"
    path.write_bytes(data)
    return ZipArchive(path)


def read(archived: ZipArchive, path: str, step: int = 1000) -> bytes:
    stream = archived.open(path)
    data = b""
    while piece := stream.read(step):
        data += piece
    stream.close()
    return data


def complaints(folder: Path, data: bytes) -> list[str]:
    archived = opened(folder, data)
    archived.close()
    assert all(finding.code == "R.container" for finding in archived.findings)
    return [finding.message for finding in archived.findings]


@pytest.mark.parametrize("step", [1, 7, 1000, 10**6])
@pytest.mark.parametrize("method", [0, 8])
def test_files_are_read_in_place(tmp_path: Path, method: int, step: int) -> None:
    archived = opened(tmp_path, archive([Forged(b"a/b", TEXT, method), Forged(b"empty", b"", method)]))
    assert archived.findings == []
    assert archived.sizes == {"a/b": len(TEXT), "empty": 0}
    assert read(archived, "a/b", step) == TEXT
    assert read(archived, "empty", step) == b""
    archived.close()


@pytest.mark.parametrize("large", [False, True])
def test_archives_of_the_standard_library_are_read(tmp_path: Path, large: bool) -> None:
    path = tmp_path / "record.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.mkdir("setup")
        made.comment = b"a comment"
        with made.open("setup/header.jsonl", "w", force_zip64=large) as file:
            file.write(TEXT)
        made.writestr("toc.jsonl", b"x", zipfile.ZIP_STORED)
    archived = ZipArchive(path)
    assert archived.findings == []
    assert read(archived, "setup/header.jsonl") == TEXT
    assert read(archived, "toc.jsonl") == b"x"
    archived.close()


def test_sizes_may_follow_the_data_if_the_local_header_says_nothing(tmp_path: Path) -> None:
    later = {"flags": 8, "crc": 0, "packed": 0, "size": 0}
    assert complaints(tmp_path, archive([Forged(b"a", TEXT, local=later)])) == []
    partly = {**later, "size": len(TEXT)}
    assert "disagrees" in complaints(tmp_path, archive([Forged(b"a", TEXT, local=partly)]))[0]
    without_flag = {**later, "flags": 0}
    assert "disagrees" in complaints(tmp_path, archive([Forged(b"a", TEXT, local=without_flag)]))[0]


LARGE = struct.pack("<HHQQ", 1, 16, len(TEXT), len(TEXT))
MARKED = {"size": 0xFFFFFFFF, "packed": 0xFFFFFFFF, "extra": LARGE}


def test_large_sizes_are_read_from_their_field(tmp_path: Path) -> None:
    archived = opened(tmp_path, archive([Forged(b"a", TEXT, local=MARKED, central=MARKED)]))
    assert archived.findings == []
    assert read(archived, "a") == TEXT
    archived.close()


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (Forged(b"a", TEXT, local={"name": b"b"}), "local header that disagrees"),
        (Forged(b"a", TEXT, local={"method": 8}), "local header that disagrees"),
        (Forged(b"a", TEXT, local={"crc": 1}), "local header that disagrees"),
        (Forged(b"a", TEXT, local={"size": 5}), "local header that disagrees"),
        (Forged(b"a", TEXT, local={"flags": 1}), "local header that disagrees"),
        (Forged(b"a", TEXT, local={"mark": b"PK\x03\x05"}), "no local header"),
        (Forged(b"a", TEXT, central={"offset": 5}), "no local header"),
        (Forged(b"a", TEXT, central={"offset": 10**6}), "no local header"),
        (
            Forged(b"a", TEXT, central={"offset": 0xFFFFFFFF, "extra": b"\1\0\x08\0" + b"\xff" * 8}),
            "no local header",
        ),
        (Forged(b"a", TEXT, central={"packed": 10**6, "size": 10**6}), "reaches into the archive's directory"),
        (Forged(b"a", TEXT, central={"flags": 1}), "is encrypted"),
        (Forged(b"a", TEXT, central={"flags": 0x2000}), "is encrypted"),
        (Forged(b"a", TEXT, 12), "is compressed by method 12"),
        (Forged(b"a", TEXT, 99), "is compressed by method 99"),
        (Forged(b"a", TEXT, central={"size": 5}), "is stored, and yet has two sizes"),
        (Forged(b"a", TEXT, attributes=0o120777 << 16), "is a link or a device"),
        (Forged(b"a", TEXT, attributes=0o010644 << 16), "is a link or a device"),
        (Forged(b"a/", TEXT), "is a folder with data in it"),
        (Forged(b"../a", TEXT), "does not lead straight down"),
        (Forged(b"/a", TEXT), "does not lead straight down"),
        (Forged(b"a\\b", TEXT), "has a name with characters"),
        (Forged(b"a\0b", TEXT), "has a name with characters"),
        (Forged("ä".encode(), TEXT, central={"flags": 0x800}), "has a name with characters"),
        (Forged(b"", TEXT), "has a name with characters"),
        (Forged(b"a", TEXT, central={"size": 0xFFFFFFFF}), "a file's large size is not given"),
        (Forged(b"a", TEXT, central={"extra": b"\1\0\xff\0"}), "a file's extra field is cut short"),
        (Forged(b"a", TEXT, central={"extra": b"\1"}), "a file's extra field is cut short"),
        (Forged(b"a", TEXT, central={"extra": LARGE * 2}), "gives its large sizes twice"),
        (Forged(b"a", TEXT, central={"disk": 3}), "one of several parts"),
        (Forged(b"a", TEXT, central={"mark": b"PK\x01\x01"}), "directory ends before its last file"),
    ],
)
def test_what_two_readers_could_read_differently_is_refused(tmp_path: Path, file: Forged, reason: str) -> None:
    messages = complaints(tmp_path, archive([file]))
    assert len(messages) == 1
    assert reason in messages[0]


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        ({"count": 2, "here": 2}, "directory ends before its last file"),
        ({"count": 0, "here": 0}, "bytes after its 0 files"),
        ({"here": 0}, "one of several parts"),
        ({"disk": 1}, "one of several parts"),
        ({"start": 0}, "does not fill the bytes"),
        ({"length": 5}, "does not fill the bytes"),
        ({"comment": 5}, "does not end with its end record"),
        ({"count": 0xFFFF, "here": 0xFFFF}, "a larger one that is not there"),
        ({"start": 0xFFFFFFFF}, "a larger one that is not there"),
    ],
)
def test_the_end_record_must_be_right(tmp_path: Path, end: dict[str, int], reason: str) -> None:
    messages = complaints(tmp_path, archive([Forged(b"a", TEXT)], end=end))
    assert len(messages) == 1
    assert reason in messages[0]


def test_no_second_end_record_hides_in_the_comment(tmp_path: Path) -> None:
    inner = archive([Forged(b"inner", b"x")])
    messages = complaints(tmp_path, archive([Forged(b"a", TEXT)], comment=inner))
    assert "does not fill the bytes" in messages[0]


def test_nothing_stands_before_or_after_the_directory(tmp_path: Path) -> None:
    assert "does not fill" in complaints(tmp_path, archive([Forged(b"a", TEXT)], gap=b"x"))[0]
    assert complaints(tmp_path, archive([Forged(b"a", TEXT)]) + b"x")
    assert complaints(tmp_path, b"x" + archive([Forged(b"a", TEXT)]))


class TestLargeEndRecord:
    plain = archive([Forged(b"a", TEXT)])
    start = plain.index(b"PK\x01\x02")
    end = plain.index(b"PK\x05\x06")

    def forged(self, small: dict[str, int], **large: int) -> bytes:
        true = {"count": 1, "length": self.end - self.start, "start": self.start, "at": self.end}
        record = large_end(true, **large)
        return archive([Forged(b"a", TEXT)], gap=record, end=small)

    @pytest.mark.parametrize(
        "small",
        [
            {},
            {"count": 0xFFFF, "here": 0xFFFF, "length": 0xFFFFFFFF, "start": 0xFFFFFFFF},
            {"disk": 0xFFFF, "start_disk": 0xFFFF, "count": 0xFFFF},
        ],
    )
    def test_it_is_read(self, tmp_path: Path, small: dict[str, int]) -> None:
        archived = opened(tmp_path, self.forged(small))
        assert archived.findings == []
        assert read(archived, "a") == TEXT
        archived.close()

    @pytest.mark.parametrize(
        ("small", "large", "reason"),
        [
            ({"count": 2, "here": 2}, {}, "two end records differ"),
            ({}, {"at": 5}, "not where it must be"),
            ({}, {"at": 2**60}, "not where it must be"),
            ({}, {"record": 60}, "not of the one form"),
            ({}, {"disks": 2}, "not of the one form"),
            ({}, {"disk": 1}, "not of the one form"),
            ({"here": 0xFFFF}, {"here": 7}, "one of several parts"),
            ({"start": 0xFFFFFFFF}, {"start": 2**63}, "does not fill"),
        ],
    )
    def test_it_must_be_right(
        self, tmp_path: Path, small: dict[str, int], large: dict[str, int], reason: str
    ) -> None:
        assert reason in complaints(tmp_path, self.forged(small, **large))[0]


def test_names_twice_or_in_other_case(tmp_path: Path) -> None:
    for other in (b"a", b"A"):
        messages = complaints(tmp_path, archive([Forged(b"a", TEXT), Forged(other, TEXT)]))
        assert messages == ["is there twice, or differs from another name only in upper and lower case"]
    assert complaints(tmp_path, archive([Forged(b"a/"), Forged(b"A", b"x")]))


def test_files_that_share_bytes(tmp_path: Path) -> None:
    """The trick of the densest bombs: many entries over the same data."""
    inner = archive([Forged(b"b", TEXT)])
    local = inner[: inner.index(b"PK\x01\x02")]
    files = [Forged(b"a", local), Forged(b"b", TEXT, packed=b"", central={"packed": len(TEXT), "offset": 31})]
    data = bytearray(archive(files))
    messages = complaints(tmp_path, bytes(data))
    assert any("shares bytes" in message for message in messages)
    same = [Forged(b"a", TEXT), Forged(b"b", b"", central={"offset": 0})]
    assert complaints(tmp_path, archive(same))


def test_a_bomb_is_refused_by_what_it_declares(tmp_path: Path) -> None:
    packed = deflated(bytes(30_000_000))
    bomb = Forged(b"a", b"", 8, packed=packed, central={"size": 2**31}, local={"size": 2**31})
    archived = opened(tmp_path, archive([bomb]))
    assert "as a bomb does" in archived.findings[0].message
    assert archived.sizes == {}
    archived.close()


def test_a_bomb_that_declares_less_is_stopped_where_it_exceeds_that(tmp_path: Path) -> None:
    packed = deflated(bytes(30_000_000))
    lie = {"size": 1000, "crc": zlib.crc32(bytes(1000))}
    archived = opened(tmp_path, archive([Forged(b"a", b"", 8, packed=packed, central=lie, local=lie)]))
    with pytest.raises(ContainerFault, match="inflates to more than the size"):
        read(archived, "a")
    archived.close()


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (Forged(b"a", TEXT, central={"crc": 1}, local={"crc": 1}), "does not match its checksum"),
        (Forged(b"a", TEXT, 8, packed=b"\xff" * 50), "is not deflated data"),
        (Forged(b"a", TEXT, 8, packed=deflated(TEXT)[:-3]), "ends"),
        (Forged(b"a", TEXT, 8, packed=deflated(TEXT) + b"x"), "has more after the end"),
        (Forged(b"a", TEXT, 8, packed=deflated(TEXT[:100])), "short of the size"),
        (Forged(b"a", b"", 8, packed=b""), "ends before its deflated data does"),
    ],
)
def test_data_is_held_to_what_the_directory_says(tmp_path: Path, file: Forged, reason: str) -> None:
    archived = opened(tmp_path, archive([file]))
    assert archived.findings == []
    with pytest.raises(ContainerFault, match=reason):
        read(archived, "a", 64)
    archived.close()


@pytest.mark.parametrize("data", [b"", b"PK", b"hello world" * 1000, b"PK\x05\x07" + bytes(18)])
def test_what_is_no_archive(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(UnreadableRecord, match="neither a folder nor a zip archive"):
        opened(tmp_path, data)


def test_an_end_record_cut_short(tmp_path: Path) -> None:
    assert complaints(tmp_path, b"PK\x05\x06" + bytes(10))


def test_the_number_of_files_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_directory, "MAX_FILES", 2)
    with pytest.raises(UnreadableRecord, match="more than 2 files"):
        opened(tmp_path, archive([Forged(b"%d" % number) for number in range(3)]))


@given(edits=EDITS, method=st.sampled_from([0, 8]))
@settings(max_examples=300, deadline=None)
def test_mutated_archives_are_refused_or_say_the_same(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, int, bytes]], method: int
) -> None:
    """Nothing but the named errors, and no handle left open; a byte of the data never changes unnoticed."""
    path = tmp_path_factory.getbasetemp() / "mutated.zip"
    original = archive([Forged(b"a", TEXT, method), Forged(b"b", b"x")])
    path.write_bytes(mutated(original, edits))
    try:
        archived = ZipArchive(path)
    except UnreadableRecord:
        assert not open_files(path)
        return
    for name in archived.sizes:
        try:
            data = read(archived, name)
        except ContainerFault:
            continue
        assert archived.findings or data in (TEXT, b"x")
    archived.close()
    assert not open_files(path)
