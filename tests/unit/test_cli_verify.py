"""`amarvote verify`: outcomes, exit codes, and what is printed where."""

import json
import sys
from pathlib import Path

import pytest
from rich.console import Console

from amarvote.cli import exits, main
from amarvote.cli.verify import as_table, printable
from amarvote.electionguard.errors import Finding
from amarvote.record.sections import Phase
from amarvote.record.verifier import CHECKS
from amarvote.record.verifier.report import report
from amarvote.record.verifier.verdicts import Verdicts
from conformance.elections import chained
from conformance.mutations import flip


def amarvote(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int | str | None:
    monkeypatch.setattr(sys, "argv", ["amarvote", *arguments])
    with pytest.raises(SystemExit) as ended:
        main.main()
    return ended.value.code


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return chained().write(tmp_path_factory.mktemp("good"))


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    election = chained()
    field = election.device("hall").ballots[0].message.contests[0].fields[1]
    field.range_proof = flip(field.range_proof)
    return election.write(tmp_path_factory.mktemp("bad"))


def test_a_record_that_holds(
    good: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert amarvote(monkeypatch, "verify", str(good)) == exits.OK

    printed = capsys.readouterr()
    for check in CHECKS:
        assert any(line.startswith(f"{check.code} ") for line in printed.out.splitlines()), check.code
    assert "The record holds, through its final phase." in printed.out
    assert "\nconformance\n" in printed.out
    assert "3 ballots cast and counted, of weight 5 together; 2 challenged" in printed.out
    totals = printed.out.partition("challenged and opened.")[2]
    assert [line.split()[:2] for line in totals.splitlines() if line.startswith(("ada", "alan"))] == [
        ["ada", "1"],
        ["alan", "3"],
    ]
    assert "verify" in printed.err


def test_a_record_that_does_not_hold(
    bad: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert amarvote(monkeypatch, "verify", str(bad)) == exits.FINDINGS

    printed = " ".join(capsys.readouterr().out.split())
    assert "6.D failed" in printed
    assert "ballot 1, contest 1, option 2" in printed
    assert "The record does not hold: 1 checks failed, 0 could not be evaluated." in printed


def test_json_is_one_object(
    bad: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert amarvote(monkeypatch, "verify", str(bad), "--json") == exits.FINDINGS

    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"passed", "checks", "findings", "notes", "roots"}
    assert told["passed"] is False
    assert list(told["checks"]) == [check.code for check in CHECKS]
    assert set(told["checks"].values()) <= {"passed", "failed", "not applicable", "not evaluable"}
    assert [code for code, outcome in told["checks"].items() if outcome == "failed"] == ["6.D"]
    (finding,) = told["findings"]
    assert set(finding) == {"code", "where", "message"}
    assert finding["code"] == "6.D"
    assert finding["where"].endswith("ballot 1, contest 1, option 2")


def test_totals_only_where_everything_was_verified(
    good: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert amarvote(monkeypatch, "verify", str(good), "--json") == exits.OK
    told = json.loads(capsys.readouterr().out)
    assert told["totals"] == {
        "mayor": {"ada": 1, "grace": 0, "alan": 3},
        "council": {"red": 2, "green": 1},
        "question": {"yes": 2, "no": 3},
    }

    assert amarvote(monkeypatch, "verify", str(good), "--phase", "aggregated", "--json") == exits.OK
    assert "totals" not in json.loads(capsys.readouterr().out)


def test_an_earlier_phase(good: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert amarvote(monkeypatch, "verify", str(good), "--phase", "sealed", "--json") == exits.OK

    told = json.loads(capsys.readouterr().out)
    assert set(told["roots"]) == {"setup", "sealed"}
    assert told["checks"]["10.B"] == "not applicable"
    assert told["notes"] == ["not looked at: phases after sealed"]

    assert amarvote(monkeypatch, "verify", str(good), "--phase", "setup") == exits.OK
    assert "note: not looked at: phases after setup" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("verify", "/nowhere/at/all"), exits.UNREADABLE, "is not a record"),
        (("verify", "/dev/null"), exits.UNREADABLE, "is not a record"),
        (("verify", ".", "--phase", "counted"), exits.USAGE, "no phase 'counted'"),
        (("verify",), exits.USAGE, "RECORD"),
    ],
)
def test_what_cannot_be_verified(
    arguments: tuple[str, ...],
    code: int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert amarvote(monkeypatch, *arguments) == code

    printed = capsys.readouterr()
    assert words in printed.err
    assert not printed.out


def test_what_is_no_record_is_said_in_json_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert amarvote(monkeypatch, "verify", str(tmp_path), "--json") == exits.UNREADABLE

    printed = capsys.readouterr()
    sentence = f"{tmp_path} is not a record: none of the files of one is there"
    assert json.loads(printed.out) == {"error": sentence}
    assert printed.err == f"amarvote: {sentence}\n"


def test_a_stray_file_has_to_go_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chained().write(tmp_path)
    (tmp_path / ".DS_Store").write_bytes(b"x")

    assert amarvote(monkeypatch, "verify", str(tmp_path)) == exits.FINDINGS

    printed = " ".join(capsys.readouterr().out.split())
    assert ".DS_Store: has no place in the layout of a record: remove it and verify again" in printed


def test_text_out_of_a_record_cannot_command_a_terminal() -> None:
    assert (
        printable("a\x1b[2Jb\r\nc")
        == "a\N{REPLACEMENT CHARACTER}[2Jb\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}c"
    )
    assert len(printable("x" * 10_000)) == 400


def test_many_findings_are_counted_below_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    verdicts = Verdicts()
    verdicts.take([Finding("6.D", f"ballot {number}", "no") for number in range(120)])

    Console(width=100).print(as_table(report(verdicts, Phase.FINAL, {})))

    printed = capsys.readouterr().out
    assert "ballot 2: no" in printed
    assert "ballot 3: no" not in printed
    assert "and 117 more" in printed
    assert "6.D: 70 more findings are not listed" in printed
