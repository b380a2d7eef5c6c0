"""A record whose files somebody else keeps reads like the same files in a folder, in pieces of bounded size."""

from pathlib import Path

import pytest

import record_samples as samples
from amarvote.record.digest import digest_record
from amarvote.record.errors import ContainerFault, UnreadableRecord
from amarvote.record.kept_files import KeptFiles
from amarvote.record.reader import Record, open_record

PAGE = 4


class Cellar:
    """Keeps the files of a folder, lists a few at a time, and notes what it is asked for."""

    def __init__(self, root: Path) -> None:
        self.content = {
            path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
        }
        self.listed = {path: len(data) for path, data in self.content.items()}
        self.asked: list[tuple[str, int, int]] = []

    def listing(self, after: str) -> list[tuple[str, int]]:
        return sorted((path, size) for path, size in self.listed.items() if path > after)[:PAGE]

    def read(self, path: str, offset: int, size: int) -> bytes:
        self.asked.append((path, offset, size))
        return self.content.get(path, b"")[offset : offset + size]


@pytest.fixture
def cellar(tmp_path: Path) -> Cellar:
    samples.write_record(tmp_path / "record", ballots=12)
    return Cellar(tmp_path / "record")


def test_it_reads_like_the_folder(cellar: Cellar, tmp_path: Path) -> None:
    with open_record(tmp_path / "record") as folder, Record(KeptFiles(cellar)) as kept:
        assert kept.sections() == folder.sections()
        assert digest_record(kept) == digest_record(folder)
    assert not digest_record(Record(KeptFiles(cellar))).findings


def test_it_asks_for_pieces_and_only_for_what_is_read(cellar: Cellar) -> None:
    record = Record(KeptFiles(cellar))
    assert {path for path, _, _ in cellar.asked} == {"setup/header.binpb", "toc.binpb"}
    cellar.asked.clear()
    assert next(record.items(samples.DEVICE, 0, 1)).item is not None
    assert {path for path, _, _ in cellar.asked} < {path for path in cellar.content if path.startswith("devices/")}
    assert max(size for _, _, size in cellar.asked) <= 256 << 10


def test_it_can_be_let_go_and_read_on(cellar: Cellar) -> None:
    record = Record(KeptFiles(cellar))
    first = [raw.data for raw in record.items(samples.DEVICE, 0, 2)]
    record.let_go()
    rest = [raw.data for raw in record.items(samples.DEVICE, 2)]
    assert [*first, *rest] == [raw.data for raw in record.items(samples.DEVICE)]


@pytest.mark.parametrize("left", [0, 1, 30])
def test_a_file_that_became_shorter_is_a_fault_of_the_container(cellar: Cellar, left: int) -> None:
    record = Record(KeptFiles(cellar))
    path = next(path for path in sorted(cellar.content) if path.startswith("devices/"))
    cellar.content[path] = cellar.content[path][:left]
    codes = {finding.code for finding in digest_record(record).findings}
    assert "R.container" in codes


def test_more_than_was_asked_for_is_a_fault_as_well(cellar: Cellar) -> None:
    files = KeptFiles(cellar)
    cellar.read = lambda path, offset, size: bytes(size + 1)  # type: ignore[method-assign]
    with pytest.raises(ContainerFault):
        files.open("toc.binpb").read(5)


def test_a_name_that_no_record_has_is_a_finding(cellar: Cellar) -> None:
    cellar.listed |= {"setup/../header.binpb": 5, "TOC.binpb": 5}
    files = KeptFiles(cellar)
    assert [finding.code for finding in files.findings] == ["R.container"] * 2
    assert "setup/../header.binpb" not in files.sizes


def test_what_is_not_there_cannot_be_opened(cellar: Cellar) -> None:
    with pytest.raises(ContainerFault, match="not there"):
        KeptFiles(cellar).open("final/decrypted_tally.jsonl")


def test_nothing_at_all_is_no_record(cellar: Cellar) -> None:
    cellar.listed = {}
    with pytest.raises(UnreadableRecord):
        Record(KeptFiles(cellar))
