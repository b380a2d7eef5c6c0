"""Checkpoints (c2sp.org/tlog-checkpoint): how many codes the board of an election had, with which root, and when.

amarvote/elections/ELECTION
SIZE
BASE64 OF THE ROOT
time SECONDS SINCE 1970
"""

import base64
import binascii
from dataclasses import dataclass

from amarvote.board.notes import NoteError, Signer, Verifier, open_note

ORIGIN = "amarvote/elections/"
_TIME = "time "
LONGEST_NUMBER = 18
"""Digits."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed. `time` is that of the last batch, in seconds since 1970 by the service's database."""

    election: str
    size: int
    root: bytes
    time: int

    @property
    def text(self) -> str:
        """The text of the note."""
        encoded = base64.b64encode(self.root).decode()
        return f"{ORIGIN}{self.election}\n{self.size}\n{encoded}\n{_TIME}{self.time}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """The checkpoint of a note's text; raises NoteError for anything but the form above."""
        lines = text.split("\n")
        if len(lines) != 5 or not lines[0].startswith(ORIGIN) or not lines[3].startswith(_TIME):
            raise NoteError("The note is not a checkpoint of a board: origin, size, root and time, a line each.")
        try:
            root = base64.b64decode(lines[2], validate=True)
        except (binascii.Error, ValueError):
            root = b""
        if len(root) != 32:
            raise NoteError("The root in the checkpoint is not 32 bytes in base64.")
        size, time = _number(lines[1]), _number(lines[3].removeprefix(_TIME))
        checkpoint = cls(lines[0].removeprefix(ORIGIN), size, root, time)
        if checkpoint.text != text:
            raise NoteError("The checkpoint is not in the one form that it may have.")
        return checkpoint


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> str:
    """The checkpoint as a signed note."""
    return signer.sign(checkpoint.text)


def open_checkpoint(note: str, verifier: Verifier) -> Checkpoint:
    """The checkpoint that `verifier` signed; raises NoteError."""
    return Checkpoint.parse(open_note(note, verifier))


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > LONGEST_NUMBER:
        raise NoteError("A number in the checkpoint is not one.")
    return int(text)
