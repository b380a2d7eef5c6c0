from pathlib import Path

import pytest

import record_samples as samples
from amarvote.record import convert
from amarvote.record.convert import ConversionError, convert_record
from amarvote.record.items import TocEntry
from amarvote.record.reader import open_record
from amarvote.record.sections import Carrier, Section, SectionType
from record_folder import write_toc


def converted(source: Path, target: Path, carrier: Carrier, *, archive: bool = False) -> Path:
    with open_record(source) as record:
        convert_record(record, target, carrier, archive=archive)
    return target


def left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    samples.write_record(tmp_path / "a")
    (tmp_path / "b").write_text("mine")
    with pytest.raises(FileExistsError):
        converted(tmp_path / "a", tmp_path / "b", Carrier.JSON_LINES)
    assert (tmp_path / "b").read_text() == "mine"


def test_what_an_interrupted_conversion_left_is_replaced(tmp_path: Path) -> None:
    samples.write_record(tmp_path / "a")
    (tmp_path / ".b.unfinished").mkdir()
    (tmp_path / ".b.unfinished/stray").write_text("x")
    converted(tmp_path / "a", tmp_path / "b", Carrier.JSON_LINES)
    assert left_in(tmp_path) == {"a", "b"}
    assert not (tmp_path / "b/stray").exists()


@pytest.mark.parametrize("archive", [False, True])
@pytest.mark.parametrize("damage", ["layout", "item", "toc", "signature", "copy"])
def test_what_is_not_sound_is_refused_and_leaves_nothing(tmp_path: Path, damage: str, archive: bool) -> None:
    source = tmp_path / "a"
    samples.write_record(source)
    torn = {
        "item": source / "setup/guardians.binpb",
        "signature": next((source / "signatures").iterdir()),
    }
    if damage == "layout":
        (source / "stray").write_text("x")
    elif damage == "toc":
        write_toc(source, [TocEntry(Section(SectionType.HEADER), 1, bytes(32))])
    elif damage == "copy":
        (source / "setup/manifest.json").write_text("other")
    else:
        torn[damage].write_bytes(torn[damage].read_bytes()[:-1])
    with pytest.raises(ConversionError) as refused:
        converted(source, tmp_path / "b", Carrier.JSON_LINES, archive=archive)
    code = {"toc": "R.root"}.get(damage, "R.container")
    assert refused.value.findings[0].code == code
    assert code in str(refused.value)
    assert left_in(tmp_path) == {"a"}


def test_a_file_that_another_put_there_meanwhile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples.write_record(tmp_path / "a")
    real = convert._Conversion.run

    def racing(self: convert._Conversion) -> None:
        real(self)
        (tmp_path / "b").mkdir()
        (tmp_path / "b/theirs").write_text("x")

    monkeypatch.setattr(convert._Conversion, "run", racing)
    with pytest.raises(OSError):
        converted(tmp_path / "a", tmp_path / "b", Carrier.JSON_LINES)
    assert left_in(tmp_path / "b") == {"theirs"}
    assert left_in(tmp_path) == {"a", "b"}


def test_progress_reaches_the_end(tmp_path: Path) -> None:
    samples.write_record(tmp_path / "a")
    steps: list[tuple[int, int]] = []
    with open_record(tmp_path / "a") as record:
        convert_record(
            record,
            tmp_path / "b",
            Carrier.PROTOBUF,
            archive=False,
            progress=lambda done, total: steps.append((done, total)),
        )
    assert steps[-1][0] == steps[-1][1]
    assert steps[0][0] == 1
