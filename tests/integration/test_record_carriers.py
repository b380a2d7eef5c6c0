"""One record in every carrier: equal roots, the same files when converted back, no error from hostile bytes."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import record_samples as samples
from amarvote.record.canonical import decode_item
from amarvote.record.convert import convert_record
from amarvote.record.digest import digest_record
from amarvote.record.errors import UnreadableRecord
from amarvote.record.merkle import leaf, root_of
from amarvote.record.reader import open_record
from amarvote.record.sections import Carrier, Phase, Section, SectionType
from record_folder import write_segment

FORMS = [(carrier, archive) for carrier in Carrier for archive in (False, True)]


def converted(source: Path, target: Path, carrier: Carrier, archive: bool) -> Path:
    with open_record(source) as record:
        convert_record(record, target, carrier, archive=archive)
    return target


def roots(path: Path) -> dict[Phase, bytes]:
    with open_record(path) as record:
        digest = digest_record(record)
    assert digest.findings == ()
    return digest.roots


def contents(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture(scope="module", params=FORMS, ids=lambda form: f"{form[0].value}{'.zip' * form[1]}")
def forms(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[tuple[Carrier, bool], Path]]:
    """A record written as a folder, and what it becomes in every form by way of one of them."""
    base = tmp_path_factory.mktemp("forms")
    samples.write_record(base / "written", ballots=11)
    middle = converted(base / "written", base / "middle", *request.param)
    return base / "written", {
        form: converted(middle, base / f"{form[0].value}-{form[1]}", *form) for form in FORMS
    }


def test_every_form_has_the_same_roots(forms: tuple[Path, dict[tuple[Carrier, bool], Path]]) -> None:
    written, made = forms
    expected = roots(written)
    assert set(expected) == set(Phase)
    for path in made.values():
        assert roots(path) == expected


def test_converted_back_every_file_is_the_same(forms: tuple[Path, dict[tuple[Carrier, bool], Path]]) -> None:
    written, made = forms
    assert contents(made[(Carrier.PROTOBUF, False)]) == contents(written)


def test_archives_hold_what_folders_hold(forms: tuple[Path, dict[tuple[Carrier, bool], Path]]) -> None:
    _, made = forms
    for carrier in Carrier:
        with zipfile.ZipFile(made[(carrier, True)]) as archive:
            assert archive.testzip() is None
            held = {name: archive.read(name) for name in archive.namelist()}
            stored = {entry.compress_type == zipfile.ZIP_STORED for entry in archive.infolist()}
        assert held == contents(made[(carrier, False)])
        assert stored == {carrier is Carrier.PROTOBUF}


def test_the_same_record_gives_the_same_archive(tmp_path: Path) -> None:
    samples.write_record(tmp_path / "record")
    for carrier in Carrier:
        first = converted(tmp_path / "record", tmp_path / f"1{carrier.value}", carrier, True).read_bytes()
        second = converted(tmp_path / "record", tmp_path / f"2{carrier.value}", carrier, True).read_bytes()
        assert first == second


@given(st.lists(samples.items("guardian_public_key"), max_size=6), st.sampled_from(FORMS))
@settings(max_examples=25, deadline=None)
def test_any_items_survive_every_form(
    tmp_path_factory: pytest.TempPathFactory, items: list[bytes], form: tuple[Carrier, bool]
) -> None:
    root = tmp_path_factory.mktemp("any")
    written = samples.sections(1)
    written[Section(SectionType.GUARDIANS)] = items
    samples.write_sections(root / "record", written, Carrier.PROTOBUF)
    target = converted(root / "record", root / "target", *form)
    with open_record(target) as record:
        assert [raw.data for raw in record.items(Section(SectionType.GUARDIANS))] == items
    assert roots(target) == roots(root / "record")


def test_lines_and_frames_of_the_same_items_have_the_same_root(tmp_path: Path) -> None:
    items = samples.sections()[samples.DEVICE]
    leaves = [write_segment(tmp_path, samples.DEVICE, 0, 0, items, carrier) for carrier in Carrier]
    assert root_of(leaves[0]) == root_of(leaves[1]) == root_of(map(leaf, items))


def read_everything(path: Path) -> tuple[set[str], list[bytes]]:
    """What a reader of the whole record sees: codes and canonical items. The only error is UnreadableRecord."""
    with open_record(path) as record:
        codes = {finding.code for finding in record.findings()}
        items = []
        for section in record.sections():
            count = record.count(section)
            assert count < 10**6 or codes
            for raw in record.items(section):
                if raw.problem is not None:
                    codes.add(raw.problem.code)
                    continue
                assert raw.item == decode_item(raw.data)
                items.append(raw.data)
        codes |= {raw.problem.code for _, raw in record.signatures() if raw.problem is not None}
        codes |= {finding.code for finding in digest_record(record).findings}
    return codes, items


@pytest.fixture(scope="module", params=FORMS, ids=lambda form: f"{form[0].value}{'.zip' * form[1]}")
def victim(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("victim")
    samples.write_record(base / "written", ballots=3)
    return converted(base / "written", base / "victim", *request.param)


@pytest.fixture
def restored(victim: Path) -> Iterator[Path]:
    """The victim, whole again afterwards."""
    files = [victim] if victim.is_file() else sorted(path for path in victim.rglob("*") if path.is_file())
    kept = {path: path.read_bytes() for path in files}
    yield victim
    for path, data in kept.items():
        path.write_bytes(data)


@given(which=st.integers(0, 10**6), edits=samples.EDITS)
@settings(max_examples=60, deadline=None)
def test_changed_bytes_are_findings_and_never_errors(
    victim: Path, which: int, edits: list[tuple[int, int, bytes]]
) -> None:
    files = [victim] if victim.is_file() else sorted(path for path in victim.rglob("*") if path.is_file())
    path = files[which % len(files)]
    original = path.read_bytes()
    try:
        path.write_bytes(samples.mutated(original, edits))
        codes, _ = read_everything(victim)
        assert codes <= {"R.container", "R.encoding", "R.structure", "R.version", "R.root"}
        assert (
            codes
            or path.name in {"meta.json", "victim"}
            or "signatures" in path.parts
            or same_meaning(path, original)
        )
    except UnreadableRecord:
        pass
    finally:
        path.write_bytes(original)
    assert not samples.open_files(victim)


def same_meaning(path: Path, original: bytes) -> bool:
    """Whether a changed file may go unnoticed: text has more than one form, and an edit may change nothing."""
    return path.suffix == ".jsonl" or path.read_bytes() == original


def test_every_single_changed_byte_of_a_protobuf_folder_is_noticed(tmp_path: Path) -> None:
    samples.write_record(tmp_path, ballots=1)
    for path in sorted(tmp_path.rglob("*.binpb")):
        if "signatures" in path.parts:
            continue
        original = path.read_bytes()
        for position in range(0, len(original), max(1, len(original) // 12)):
            changed = bytearray(original)
            changed[position] ^= 1 << (position % 8)
            path.write_bytes(bytes(changed))
            codes, _ = read_everything(tmp_path)
            assert codes, (path.name, position)
        path.write_bytes(original)


@pytest.mark.parametrize("position", [0.1, 0.5, 0.9, 0.999])
def test_a_file_cut_short_is_a_finding(restored: Path, position: float) -> None:
    path = restored if restored.is_file() else max(restored.rglob("*.*"), key=lambda one: one.stat().st_size)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * position)])
    try:
        codes, _ = read_everything(restored)
    except UnreadableRecord:
        assert restored.is_file()
        return
    assert codes
