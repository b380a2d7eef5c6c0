import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import record_samples as samples
from amarvote.record import codec
from amarvote.record.errors import RecordWriteError
from amarvote.record.merkle import leaf, root_of
from amarvote.record.sections import Carrier, Phase, Section, SectionType, segment_path
from amarvote.record.writer import (
    UNFINISHED,
    phase_root,
    write_manifest_copy,
    write_segment,
    write_signature,
    write_toc,
)

HEADER = Section(SectionType.HEADER)
GUARDIANS = Section(SectionType.GUARDIANS)
KEYS = [codec.guardian_item(samples.guardian(index)) for index in (1, 2)]


def files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_a_segment_byte_for_byte(tmp_path: Path) -> None:
    leaves = write_segment(tmp_path, HEADER, 0, 0, [codec.header_item()])
    # Length 10: magic (1) "EGRF", major (2) 2, section type (3) 1. Length 4: record_header (1), major (1) 2.
    assert (tmp_path / "setup/header.binpb").read_bytes().hex() == "0a0a044547524610021801040a020802"
    assert leaves == [leaf(codec.header_item())]


def test_a_segment_of_lines(tmp_path: Path) -> None:
    write_segment(tmp_path, HEADER, 0, 0, [codec.header_item()], Carrier.JSON_LINES)
    assert (tmp_path / "setup/header.jsonl").read_text() == (
        '{"magic":"EGRF","formatMajor":2,"sectionType":"SECTION_TYPE_HEADER"}\n{"recordHeader":{"formatMajor":2}}\n'
    )


def test_a_second_segment_says_where_it_begins(tmp_path: Path) -> None:
    ballots = [codec.ballot_item(samples.ballot(number)) for number in range(2)]
    write_segment(tmp_path, samples.DEVICE, 3, 150, ballots, Carrier.JSON_LINES)
    text = (tmp_path / segment_path(samples.DEVICE, 3, Carrier.JSON_LINES)).read_text()
    assert '"firstOrdinal":"150"' in text.split("\n")[0]
    assert text.count("\n") == 3


def test_writing_again_changes_nothing_and_replaces_what_was_there(tmp_path: Path) -> None:
    write_segment(tmp_path, GUARDIANS, 0, 0, KEYS)
    before = (tmp_path / "setup/guardians.binpb").read_bytes()
    write_segment(tmp_path, GUARDIANS, 0, 0, KEYS)
    assert (tmp_path / "setup/guardians.binpb").read_bytes() == before
    write_segment(tmp_path, GUARDIANS, 0, 0, KEYS[:1])
    assert len((tmp_path / "setup/guardians.binpb").read_bytes()) < len(before)
    assert files(tmp_path) == {"setup/guardians.binpb"}


def test_the_folders_of_a_new_file_are_on_the_disk_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose folder was lost with the power is lost as well: every new folder is synced in its parent."""
    synced: list[int] = []
    real = os.fsync

    def noting(handle: int) -> None:
        synced.append(os.fstat(handle).st_ino)
        real(handle)

    monkeypatch.setattr(os, "fsync", noting)
    root = tmp_path / "elections" / "record"
    write_segment(root, samples.DEVICE, 0, 0, [])
    file = root / segment_path(samples.DEVICE, 0, Carrier.PROTOBUF)
    parents = [file.parent, file.parent.parent, root, root.parent, tmp_path]
    assert set(synced) >= {path.stat().st_ino for path in (file, *parents)}


def test_a_failure_in_the_middle_leaves_the_old_file(tmp_path: Path) -> None:
    write_segment(tmp_path, GUARDIANS, 0, 0, KEYS)
    before = (tmp_path / "setup/guardians.binpb").read_bytes()

    def failing() -> Iterator[bytes]:
        yield KEYS[0]
        raise RuntimeError("the worker dies")

    with pytest.raises(RuntimeError):
        write_segment(tmp_path, GUARDIANS, 0, 0, failing())
    assert (tmp_path / "setup/guardians.binpb").read_bytes() == before
    assert files(tmp_path) == {"setup/guardians.binpb"}


def test_what_a_killed_writer_leaves_stands_where_no_reader_looks(tmp_path: Path) -> None:
    seen: list[set[str]] = []

    def watching() -> Iterator[bytes]:
        seen.append(files(tmp_path))
        yield KEYS[0]

    write_segment(tmp_path, GUARDIANS, 0, 0, watching())
    assert len(seen[0]) == 1
    assert next(iter(seen[0])).startswith(UNFINISHED)
    stale = tmp_path / UNFINISHED / "stale"
    stale.write_bytes(b"x")
    write_toc(tmp_path, [])
    assert not stale.exists()


@pytest.mark.parametrize("carrier", Carrier)
@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (b"", "guardians item 2 cannot be written: it is empty"),
        (KEYS[0] + b"\0", "guardians item 2 cannot be written: it"),
        (codec.header_item(), "guardians item 2 cannot be written: a record_header has no place in this section"),
    ],
)
def test_no_item_is_written_that_no_reader_takes(
    tmp_path: Path, carrier: Carrier, item: bytes, reason: str
) -> None:
    with pytest.raises(RecordWriteError) as refused:
        write_segment(tmp_path, GUARDIANS, 0, 0, [KEYS[0], item], carrier)
    assert str(refused.value).startswith(reason)
    assert files(tmp_path) == set()


def test_the_file_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    real = os.fsync

    def watch(handle: int) -> None:
        synced.append((tmp_path / "setup/guardians.binpb").exists())
        real(handle)

    (tmp_path / "setup").mkdir()
    monkeypatch.setattr(os, "fsync", watch)
    write_segment(tmp_path, GUARDIANS, 0, 0, KEYS)
    assert synced == [False, True]  # the file before its name, then the folder that holds the name


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


def test_the_manifest_s_copy_is_the_manifest(tmp_path: Path) -> None:
    write_manifest_copy(tmp_path, samples.MANIFEST)
    assert (tmp_path / "setup/manifest.json").read_bytes() == samples.MANIFEST


def test_signatures_are_named_by_phase_and_statement(tmp_path: Path) -> None:
    write_signature(tmp_path, Phase.FINAL, bytes(32), [], Carrier.JSON_LINES)
    assert files(tmp_path) == {f"signatures/final-{'00' * 32}.jsonl"}
