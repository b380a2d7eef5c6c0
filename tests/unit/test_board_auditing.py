"""A board's file against a record's codes: what differs is said, in memory that does not grow."""

import json
import secrets
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from amarvote.board.auditing import audit, codes_of
from amarvote.board.checkpoints import Checkpoint, sign_checkpoint
from amarvote.board.files import BoardFileError, as_file
from amarvote.board.notes import Signer
from amarvote.cli import exits, main
from amarvote.record.merkle import leaf, root_of
from amarvote.record.reader import open_record
from conformance.elections import chained

KEY = Signer.generate("board.example.org")
CODES = sorted(sha256(bytes((number,))).digest() for number in range(20))


def amarvote(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int | str | None:
    monkeypatch.setattr(sys, "argv", ["amarvote", *arguments])
    with pytest.raises(SystemExit) as ended:
        main.main()
    return ended.value.code


def note(codes: list[bytes], key: Signer = KEY) -> str:
    checkpoint = Checkpoint("0c" * 16, len(codes), root_of(map(leaf, codes)), 1_795_000_000)
    return sign_checkpoint(checkpoint, key)


def lines(codes: list[bytes]) -> list[str]:
    return "".join(as_file([codes[:7], codes[7:]], note(codes))).splitlines(keepends=True)


def test_the_same_codes_in_any_order_hold() -> None:
    record = CODES[::-1]
    checkpoint, differences = audit(lines(CODES), record, KEY.verifier)
    assert (checkpoint.size, differences) == (20, [])


def test_a_code_that_the_board_has_not_is_named() -> None:
    more = secrets.token_bytes(32)
    _, differences = audit(lines(CODES), [*CODES[1:], more], KEY.verifier)
    assert differences == [f"the code {more.hex()} stands in the record and not on the board"]


def test_a_code_that_the_record_has_not_shows() -> None:
    _, differences = audit(lines(CODES), CODES[1:], KEY.verifier)
    assert differences == ["the board has 20 codes, the record 19"]


def test_many_differences_are_counted() -> None:
    _, differences = audit(lines(CODES), [secrets.token_bytes(32) for _ in range(20)], KEY.verifier)
    assert len(differences) == 4
    assert differences[-1] == "and 17 more"


def test_a_code_twice_on_the_board_shows() -> None:
    twice = [*CODES, CODES[0]]
    _, differences = audit(lines(twice), CODES, KEY.verifier)
    assert f"the code {CODES[0].hex()} is on the board twice" in differences


def test_a_checkpoint_of_another_board_shows() -> None:
    codes = "".join(lines(CODES)).partition("\n\n")[0]
    other = f"{codes}\n\n{note(CODES[:-1])}"
    _, differences = audit(other.splitlines(keepends=True), CODES, KEY.verifier)
    (said,) = differences
    assert said.startswith("the checkpoint is not that of these 20 codes, but of 19 codes with root ")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        CODES[0].hex(),
        CODES[0].hex() + "\n",
        CODES[0].hex().upper() + "\n\n",
        "x" * 64 + "\n\n",
        CODES[0].hex() + "\n\n" + "a" * 100_000,
        "".join(as_file([CODES], note(CODES, Signer.generate("board.example.org")))),
    ],
    ids=range(8),
)
def test_what_is_no_board_is_refused(text: str) -> None:
    with pytest.raises(BoardFileError):
        audit(text.splitlines(keepends=True), CODES, KEY.verifier)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return chained().write(tmp_path_factory.mktemp("record"))


def of_record(record: Path) -> list[bytes]:
    with open_record(record) as opened:
        return sorted(codes_of(opened))


def test_verify_takes_a_board(
    record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = of_record(record)
    assert len(codes) == 6  # of all ballots in the record, challenged ones too
    board = tmp_path / "board"
    board.write_text("".join(lines(codes)), encoding="utf-8")
    given = ("verify", str(record), "--board", str(board), "--signer", str(KEY.verifier))
    assert amarvote(monkeypatch, *given) == exits.OK
    assert "The board holds: 6 codes, those of the record." in capsys.readouterr().out
    board.write_text("".join(lines(codes[1:])), encoding="utf-8")
    assert amarvote(monkeypatch, *given, "--json") == exits.FINDINGS
    told = json.loads(capsys.readouterr().out)
    assert told["passed"]
    assert len(told["board"]["differences"]) == 2
    assert amarvote(monkeypatch, *given) == exits.FINDINGS
    assert "The board does not hold." in capsys.readouterr().out


def test_what_cannot_be_compared_is_said(
    record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    board = tmp_path / "board"
    assert amarvote(monkeypatch, "verify", str(record), "--board", str(board)) == exits.USAGE
    key = str(KEY.verifier)
    assert amarvote(monkeypatch, "verify", str(record), "--board", str(board), "--signer", "x") == exits.USAGE
    assert amarvote(monkeypatch, "verify", str(record), "--board", str(board), "--signer", key) == exits.UNREADABLE
    board.write_bytes(b"\xff" * 5000)
    assert amarvote(monkeypatch, "verify", str(record), "--board", str(board), "--signer", key) == exits.UNREADABLE
    assert "is not a confirmation code" in capsys.readouterr().err
