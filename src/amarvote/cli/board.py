"""`amarvote verify --board`: a board's file held against the record."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from rich.text import Text

from amarvote.board.auditing import audit, codes_of
from amarvote.board.checkpoints import Checkpoint
from amarvote.board.files import BoardFileError
from amarvote.board.notes import NoteError, Verifier
from amarvote.cli import exits
from amarvote.record.errors import UnreadableRecord
from amarvote.record.reader import open_record


@dataclass(frozen=True, slots=True)
class Audited:
    """What was signed of the board, and what does not hold."""

    checkpoint: Checkpoint
    differences: list[str]

    @property
    def holds(self) -> bool:
        """Board and record are the same."""
        return not self.differences

    def as_object(self) -> dict[str, Any]:
        """As `--json` prints it."""
        signed = self.checkpoint
        return {
            "election": signed.election,
            "size": signed.size,
            "root": signed.root.hex(),
            "time": signed.time,
            "differences": self.differences,
        }

    def as_text(self) -> Text:
        """A verdict, under one line for each difference."""
        if self.holds:
            return Text(f"The board holds: {self.checkpoint.size} codes, those of the record.", style="bold green")
        return Text("\n".join([*self.differences, "The board does not hold."]), style="bold red")


def verifier_key(board: Path | None, signer: str | None) -> Verifier | None:
    """The signer's key; UsageProblem where it is none, or board and key do not come together."""
    if (board is None) != (signer is None):
        raise exits.UsageProblem("--board and --signer go together: whose signature is the board's to carry?")
    if signer is None:
        return None
    try:
        return Verifier.parse(signer)
    except NoteError as problem:
        raise exits.UsageProblem(str(problem)) from None


def audit_board(record: Path, board: Path, verifier: Verifier) -> Audited:
    """Compare them; UnreadableInput where the file is no board's, or not signed by this key."""
    try:
        with open_record(record) as opened, _opened(board) as file:
            return Audited(*audit(_lines(file), codes_of(opened), verifier))
    except OSError as problem:
        raise exits.UnreadableInput(f"{board} cannot be read: {problem.strerror}.") from None
    except (BoardFileError, UnreadableRecord) as problem:
        raise exits.UnreadableInput(f"{board}: {problem}") from None


LONGEST_LINE = 1024


def _opened(board: Path) -> TextIO:
    return board.open(encoding="utf-8", errors="replace", newline="\n")


def _lines(file: TextIO) -> Iterator[str]:
    """Line by line; what is longer comes in pieces, which are no codes."""
    while line := file.readline(LONGEST_LINE):
        yield line
