import os
import shutil
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import record_samples as samples
from amarvote.record import codec
from amarvote.record import egrf_pb2 as pb
from amarvote.record.canonical import encode_item
from amarvote.record.errors import UnreadableRecord
from amarvote.record.framing import frame, segment_header
from amarvote.record.items import TocEntry
from amarvote.record.reader import Record, open_record
from amarvote.record.sections import Carrier, Section, SectionType, segment_path
from record_folder import write_toc

HEADER = Section(SectionType.HEADER)
GUARDIANS = Section(SectionType.GUARDIANS)
MANIFEST = Section(SectionType.MANIFEST)


@pytest.fixture(scope="module", params=Carrier)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Carrier]:
    root = tmp_path_factory.mktemp("made")
    samples.write_record(root, request.param)
    return root, request.param


@pytest.fixture
def record(made: tuple[Path, Carrier], tmp_path: Path) -> tuple[Path, Carrier]:
    """A copy that may be spoiled."""
    shutil.copytree(made[0], tmp_path / "record")
    return tmp_path / "record", made[1]


def test_what_was_written_is_read(made: tuple[Path, Carrier]) -> None:
    items = samples.sections()
    with open_record(made[0]) as opened:
        assert opened.findings() == []
        assert (opened.stopped, opened.minor, opened.carrier) == (False, 0, made[1])
        assert opened.sections() == sorted(items)
        for section in opened.sections():
            raw = list(opened.items(section))
            assert [one.data for one in raw] == items[section]
            assert [one.ordinal for one in raw] == list(range(len(items[section])))
            assert all(one.problem is None and one.item is not None for one in raw)
            assert opened.count(section) == len(items[section])
        assert opened.claimed_toc is not None
        assert [entry.section for entry in opened.claimed_toc] == sorted(items)
        ((path, signature),) = opened.signatures()
        assert path.startswith("signatures/setup-")
        assert signature.item is not None
        assert opened.copies() == ["setup/manifest.json", "meta.json"]


def test_items_can_be_had_from_anywhere(made: tuple[Path, Carrier]) -> None:
    with open_record(made[0]) as opened:
        assert [one.ordinal for one in opened.items(samples.DEVICE, 3, 6)] == [3, 4, 5]
        assert [one.ordinal for one in opened.items(samples.DEVICE, 1, 2)] == [1]
        assert [one.ordinal for one in opened.items(samples.DEVICE, 7)] == [7]
        assert list(opened.items(samples.DEVICE, 8)) == []
        assert list(opened.items(samples.DEVICE, 3, 3)) == []


def test_what_is_there_is_read_without_a_table_of_contents(record: tuple[Path, Carrier]) -> None:
    (record[0] / f"toc.{record[1].value}").unlink()
    with open_record(record[0]) as opened:
        assert opened.claimed_toc is None
        assert (opened.stopped, opened.findings()) == (False, [])


@pytest.mark.parametrize(
    "kind", ["nothing", "text", "pipe", "empty folder", "folder of other things", "empty file"]
)
def test_what_is_no_record(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "thing"
    if kind == "text":
        path.write_text("hello")
    elif kind == "empty file":
        path.touch()
    elif kind == "pipe":
        os.mkfifo(path)
    elif "folder" in kind:
        path.mkdir()
    if kind == "folder of other things":
        (path / "meta.json").write_text("{}")
    with pytest.raises(UnreadableRecord):
        open_record(path)


def test_a_record_one_level_down_is_pointed_to(record: tuple[Path, Carrier], tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "workers.json").write_text("[]")
    (run / "socket").symlink_to("nowhere")
    with pytest.raises(UnreadableRecord, match="run is not a record: none of the files of one is there"):
        open_record(run)
    shutil.copytree(record[0], run / "record")
    with pytest.raises(UnreadableRecord) as told:
        open_record(run)
    assert str(told.value) == f"{run} is not a record; there is one in {run / 'record'}: verify that"
    with open_record(run / "record") as opened:
        assert not opened.stopped


def test_an_archive_of_a_folder_with_the_record_is_explained(record: tuple[Path, Carrier], tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("__MACOSX/._x", "x")
        for file in sorted(record[0].rglob("*")):
            if file.is_file():
                archive.write(file, f"my record/{file.relative_to(record[0])}")
    with pytest.raises(
        UnreadableRecord, match="there is one in its folder my record: pack that folder's contents"
    ):
        open_record(path)


def found(root: Path) -> tuple[bool, set[str]]:
    """Whether reading stops, and the codes of everything that opening and reading all of it tells."""
    with open_record(root) as opened:
        codes = {finding.code for finding in opened.findings()}
        for section in [] if opened.stopped else opened.sections():
            for raw in opened.items(section):
                if raw.problem is not None:
                    codes.add(raw.problem.code)
                    assert raw.item is None
        return opened.stopped, codes


def rewrite(
    record: tuple[Path, Carrier], section: Section, change: Callable[[bytes], bytes], segment: int = 0
) -> None:
    path = record[0] / segment_path(section, segment, record[1])
    path.write_bytes(change(path.read_bytes()))


def test_other_files_stop_it(record: tuple[Path, Carrier]) -> None:
    (record[0] / "setup/notes.txt").write_text("x")
    assert found(record[0]) == (True, {"R.container"})


def test_files_of_both_carriers_stop_it(record: tuple[Path, Carrier]) -> None:
    other = next(carrier for carrier in Carrier if carrier is not record[1])
    (record[0] / f"aggregated/encrypted_tally.{other.value}").write_bytes(b"")
    assert found(record[0]) == (True, {"R.container"})


def test_derived_files_are_never_opened(record: tuple[Path, Carrier]) -> None:
    (record[0] / "derived/deep").mkdir(parents=True)
    (record[0] / "derived/deep/index.bin").write_bytes(b"\0" * 100)
    assert found(record[0]) == (False, set())
    (record[0] / "derived/link").symlink_to("deep")
    assert found(record[0]) == (True, {"R.container"})


def test_a_record_without_header_stops(record: tuple[Path, Carrier]) -> None:
    (record[0] / f"setup/header.{record[1].value}").unlink()
    assert found(record[0]) == (True, {"R.structure"})


@pytest.mark.parametrize("place", ["segment", "item"])
def test_another_major_version_stops_before_its_paths_are_judged(record: tuple[Path, Carrier], place: str) -> None:
    (record[0] / "new_kind_of_file.xyz").write_text("x") if place == "segment" else None
    if record[1] is Carrier.JSON_LINES:
        which = 0 if place == "segment" else 1
        rewrite(record, HEADER, lambda text: _in_line(text, which, b'"formatMajor":2', b'"formatMajor":3'))
    elif place == "segment":
        rewrite(record, HEADER, lambda data: data.replace(b"EGRF\x10\x02", b"EGRF\x10\x03"))
    else:
        rewrite(record, HEADER, lambda data: data[:-1] + b"\x03")
    assert found(record[0]) == (True, {"R.version"})


def _in_line(text: bytes, number: int, old: bytes, new: bytes) -> bytes:
    lines = text.split(b"\n")
    assert old in lines[number]
    lines[number] = lines[number].replace(old, new)
    return b"\n".join(lines)


def test_a_copy_that_is_not_the_manifest(record: tuple[Path, Carrier]) -> None:
    copy = record[0] / "setup/manifest.json"
    for content in (samples.MANIFEST + b" ", samples.MANIFEST[:-1] + b" ", b""):
        copy.write_bytes(content)
        assert found(record[0]) == (False, {"R.container"})


def test_an_item_that_is_not_canonical_is_opaque_and_the_next_ones_are_read(tmp_path: Path) -> None:
    samples.write_record(tmp_path)
    broken = codec.guardian_item(samples.guardian(2))[:-1]
    keys = samples.sections()[GUARDIANS]
    path = tmp_path / "setup/guardians.binpb"
    header = segment_header(GUARDIANS, 0).SerializeToString()
    path.write_bytes(b"".join(map(frame, (header, keys[0], broken, keys[2]))))
    with open_record(tmp_path) as opened:
        raw = list(opened.items(GUARDIANS))
    assert [one.data for one in raw] == [keys[0], broken, keys[2]]
    problem = raw[1].problem
    assert raw[1].item is None
    assert problem is not None
    assert (problem.code, problem.where) == ("R.encoding", "guardians item 2")
    assert "guardian_public_key ends 1 bytes short of its length" in problem.message


def test_a_line_that_is_no_item_has_no_bytes(tmp_path: Path) -> None:
    samples.write_record(tmp_path, Carrier.JSON_LINES)
    record = (tmp_path, Carrier.JSON_LINES)
    rewrite(record, GUARDIANS, lambda text: _in_line(text, 2, b'"index":2', b'"index":02'))
    with open_record(tmp_path) as opened:
        raw = list(opened.items(GUARDIANS))
    assert [bool(one.data) for one in raw] == [True, False, True]
    assert raw[1].problem is not None
    assert raw[1].problem.code == "R.encoding"


@pytest.mark.parametrize(("minor", "code"), [(0, "R.encoding"), (1, "R.version")])
@pytest.mark.parametrize("carrier", Carrier)
def test_what_only_a_newer_minor_knows(tmp_path: Path, carrier: Carrier, minor: int, code: str) -> None:
    items = samples.sections()
    items[HEADER] = [encode_item(pb.RecordItem(record_header=pb.RecordHeader(format_major=2, format_minor=minor)))]
    samples.write_sections(tmp_path, items, carrier)
    record = (tmp_path, carrier)
    keys = Section(SectionType.ELECTION_KEYS)
    if carrier is Carrier.JSON_LINES:
        rewrite(record, keys, lambda text: _in_line(text, 1, b'"hE":', b'"newThing":1,"hE":'))
    else:
        body = items[keys][0][3:] + b"\x20\x01"  # past the tag and two bytes of length: a field 4
        data = b"\x2a" + frame(body)
        header = segment_header(keys, 0).SerializeToString()
        rewrite(record, keys, lambda _: frame(header) + frame(data))
    assert found(tmp_path) == (False, {code})


def toc_of(root: Path, kind: int) -> None:
    """A table of contents with one entry of this type, which the writer itself would refuse."""
    entry = pb.TocEntry(section_type=kind, critical=True, item_count=1, root=bytes(32))  # type: ignore[arg-type]
    data = pb.RecordItem(toc_entry=entry).SerializeToString()
    header = segment_header(Section(SectionType.TOC), 0).SerializeToString()
    (root / "toc.binpb").write_bytes(frame(header) + frame(data))


@pytest.mark.parametrize(("kind", "code"), [(6, "R.version"), (0, "R.encoding"), (0xFFFE, "R.root")])
def test_a_table_of_contents_that_is_not_well_formed_stops_it(tmp_path: Path, kind: int, code: str) -> None:
    samples.write_record(tmp_path)
    toc_of(tmp_path, kind)
    assert found(tmp_path) == (True, {code})


def test_a_table_of_contents_with_too_many_entries_is_only_wrong(tmp_path: Path) -> None:
    samples.write_record(tmp_path)
    entries = [TocEntry(Section(SectionType.DEVICE, bytes((number,))), 1, bytes(32)) for number in range(50)]
    write_toc(tmp_path, entries)
    with open_record(tmp_path) as opened:
        assert not opened.stopped
        assert opened.claimed_toc is not None
        assert opened.claimed_toc != entries


def test_a_broken_signature_file_is_told(record: tuple[Path, Carrier]) -> None:
    (path,) = (record[0] / "signatures").iterdir()
    data = path.read_bytes()
    path.write_bytes(data[:-9])
    with open_record(record[0]) as opened:
        problems = [raw.problem for _, raw in opened.signatures()]
    assert problems[0] is not None
    assert problems[0].code in {"R.container", "R.encoding"}
    path.write_bytes(b"")
    with open_record(record[0]) as opened:
        assert [raw.problem.code for _, raw in opened.signatures() if raw.problem] == ["R.container"]


def test_memory_does_not_grow_with_ballots(tmp_path: Path) -> None:
    samples.write_sections(tmp_path, samples.sections(400), Carrier.PROTOBUF, segment_items=50)

    def peak(stop: int) -> int:
        with open_record(tmp_path) as opened:
            tracemalloc.start()
            for _ in opened.items(samples.DEVICE, 0, stop):
                pass
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        return most

    peak(400)
    assert peak(400) < peak(150) + 100_000


def test_a_record_closes_what_it_opened(made: tuple[Path, Carrier]) -> None:
    opened: Record
    with open_record(made[0]) as opened:
        iterator = opened.items(samples.DEVICE)
        next(iterator)
        assert samples.open_files(made[0])
        list(opened.items(samples.DEVICE, 0, 1))
        iterator.close()
    assert not samples.open_files(made[0])
