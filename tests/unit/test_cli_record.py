import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import record_samples as samples
from amarvote.record import codec
from amarvote.record.items import DeviceHeader
from amarvote.record.sections import Carrier, Phase

Run = Any


@pytest.fixture
def run(command: Run) -> Run:
    """`amarvote record` with what follows."""
    return partial(command, "record")


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[Phase, bytes]]:
    root = tmp_path_factory.mktemp("record")
    return root / "r", samples.write_record(root / "r")


def test_digest_prints_the_roots(run: Run, record: tuple[Path, dict[Phase, bytes]]) -> None:
    code, out, err = run("digest", record[0])
    assert code == 0
    assert dict(line.split() for line in out.splitlines()) == {
        phase.name.lower(): root.hex() for phase, root in record[1].items()
    }
    assert "digest: " in err
    code, out, _ = run("digest", record[0], "--json")
    answer = json.loads(out)
    assert code == 0
    assert answer["roots"]["final"] == record[1][Phase.FINAL].hex()
    assert answer["findings"] == []
    assert {key: value for key, value in answer["sections"][3].items() if key != "root"} == {
        "section": "guardians",
        "items": 3,
    }


def test_digest_of_a_record_that_is_not_sound(run: Run, tmp_path: Path) -> None:
    samples.write_record(tmp_path)
    (tmp_path / "setup/guardians.binpb").unlink()
    code, out, _ = run("digest", tmp_path)
    assert code == 1
    assert "R.structure  guardians: " in out
    code, out, _ = run("digest", tmp_path, "--json")
    assert code == 1
    assert {one["code"] for one in json.loads(out)["findings"]} == {"R.structure", "R.root"}


@pytest.mark.parametrize("arguments", [("digest",), ("show",), ("convert", "target")])
def test_what_is_no_record_ends_with_2(run: Run, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "x").write_text("hello")
    for path in (tmp_path / "x", tmp_path / "nowhere"):
        code, out, err = run(arguments[0], path, *(tmp_path / name for name in arguments[1:]))
        assert (code, out) == (2, "")
        assert err.startswith(f"amarvote: {path} is not a record: ")
        assert "Traceback" not in err


def test_an_archive_that_is_cut_off_is_called_so(
    run: Run, record: tuple[Path, dict[Phase, bytes]], tmp_path: Path
) -> None:
    assert run("convert", record[0], tmp_path / "a.zip")[0] == 0
    data = (tmp_path / "a.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(data[: len(data) // 2])
    code, out, err = run("digest", tmp_path / "a.zip")
    assert (code, out) == (2, "")
    assert "it looks like a zip archive that is cut off" in err


def test_convert_by_the_name_of_the_target(
    run: Run, record: tuple[Path, dict[Phase, bytes]], tmp_path: Path
) -> None:
    code, out, _ = run("convert", record[0], tmp_path / "a.zip", "--to", "jsonl")
    assert code == 0
    assert str(tmp_path / "a.zip") in out
    assert f"Compare the roots: amarvote record digest {tmp_path / 'a.zip'}\n" in out
    code, out, _ = run("convert", tmp_path / "a.zip", tmp_path / "b c")
    assert f"record digest '{tmp_path / 'b c'}'\n" in out
    code, out, _ = run("convert", tmp_path / "a.zip", tmp_path / "b", "--json")
    assert json.loads(out) == {"record": str(tmp_path / "b"), "carrier": "jsonl"}
    assert (tmp_path / "b/toc.jsonl").exists()
    for target in ("a.zip", "b"):
        assert run("digest", tmp_path / target, "--json")[1] == run("digest", record[0], "--json")[1]


def test_convert_never_overwrites(run: Run, record: tuple[Path, dict[Phase, bytes]], tmp_path: Path) -> None:
    code, _, err = run("convert", record[0], tmp_path)
    assert code == 64
    assert "is there already" in err
    for name in ("x.zip", "x"):
        code, _, err = run("convert", record[0], tmp_path / "no" / name)
        assert code == 64
        assert f"cannot be written: {tmp_path / 'no'} is not a folder" in err
    assert list(tmp_path.iterdir()) == []


def test_convert_refuses_what_is_not_sound(run: Run, tmp_path: Path) -> None:
    samples.write_record(tmp_path / "a")
    path = tmp_path / "a/setup/guardians.binpb"
    path.write_bytes(path.read_bytes()[:-1])
    code, out, _ = run("convert", tmp_path / "a", tmp_path / "b")
    assert code == 1
    assert "R.container" in out
    assert not (tmp_path / "b").exists()
    code, out, _ = run("convert", tmp_path / "a", tmp_path / "b", "--json")
    assert (code, json.loads(out)["record"]) == (1, None)


def test_show_lists_what_is_there(run: Run, record: tuple[Path, dict[Phase, bytes]]) -> None:
    code, out, _ = run("show", record[0])
    assert code == 0
    assert "phase final" in out
    assert f"8  device {samples.H_DI.hex()}" in out
    code, out, _ = run("show", record[0], "--json")
    answer = json.loads(out)
    assert (answer["phase"], answer["carrier"], answer["signatures"]) == ("final", "binpb", 1)


def test_show_prints_items_as_lines(run: Run, record: tuple[Path, dict[Phase, bytes]]) -> None:
    code, out, _ = run("show", record[0], "guardians")
    assert code == 0
    assert [json.loads(line)["guardianPublicKey"]["index"] for line in out.splitlines()] == [1, 2, 3]
    code, out, _ = run("show", record[0], "device 0001", "2")
    assert code == 0
    assert json.loads(out)["encryptedBallot"]["status"] == "BALLOT_STATUS_CAST"


@pytest.mark.parametrize("arguments", [("nonsense",), ("device",), ("device ff",), ("guardians", "4")])
def test_show_of_what_is_not_there(
    run: Run, record: tuple[Path, dict[Phase, bytes]], arguments: tuple[str, ...]
) -> None:
    code, out, err = run("show", record[0], *arguments)
    assert (code, out) == (64, "")
    assert "guardians" in err


def test_show_names_the_item_that_cannot_be_read(run: Run, tmp_path: Path) -> None:
    samples.write_record(tmp_path)
    path = tmp_path / "setup/guardians.binpb"
    path.write_bytes(path.read_bytes()[:-1])
    code, out, err = run("show", tmp_path, "guardians")
    assert (code, len(out.splitlines())) == (1, 2)
    assert "R.container" in err


def test_what_a_hostile_record_says_reaches_no_terminal_raw(run: Run, tmp_path: Path) -> None:
    samples.write_record(tmp_path)
    items = samples.sections()
    items[samples.DEVICE][0] = codec.device_header_item(DeviceHeader(1, "\x9b31m\u202eé", samples.H_DI, 0))
    samples.write_sections(tmp_path, items, Carrier.PROTOBUF)
    _, out, _ = run("show", tmp_path, "device 0001", "1")
    assert "\\u009b31m\\u202eé" in out
    assert json.loads(out)["deviceHeader"]["deviceId"] == "\x9b31m\u202eé"
    (tmp_path / "evil\x1b[31m").write_text("x")
    for command in ("digest", "show"):
        code, out, err = run(command, tmp_path)
        assert code == 1
        assert "\x1b" not in out + err


def test_the_command_is_there_for_a_shell() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", "from amarvote.cli.main import main; main()", "record", "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 0
    assert all(word in answer.stdout for word in ("convert", "digest", "show"))
