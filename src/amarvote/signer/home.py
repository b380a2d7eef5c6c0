"""The signer's home: its key, its token, and the last checkpoint that it signed of each election.

The key lies there in plain text, readable by its owner only. The signer works without people, day and night, and
comes back by itself after a power cut: a passphrase would have to lie beside the key. Whoever steals the key can
sign another history, but not unseen: voters hold checkpoints of this one, and the record holds the codes.
"""

import re
from pathlib import Path

from amarvote.board.checkpoints import Checkpoint, open_checkpoint
from amarvote.board.notes import LARGEST_NOTE, NoteError, Signer, Verifier
from amarvote.participants.files import PRIVATE_FILE, HomeError, private_folder, read_bounded, write_durably

LARGEST_KEY = 1024
_ELECTION = re.compile(r"[0-9a-f]{32}")


class SignerError(Exception):
    """The signer does not sign; the message says why and what to do."""


def create(path: Path, name: str) -> Verifier:
    """Make a home with a fresh key of this name; its public half. HomeError where there is a key already."""
    home = private_folder(path)
    key = home / "key"
    if key.exists():
        raise HomeError(f"{key} is there already. A key is made once; choose another folder for another signer.")
    try:
        signer = Signer.generate(name)
    except NoteError as problem:
        raise HomeError(str(problem)) from None
    write_durably(key, signer.private_text().encode() + b"\n")
    return signer.verifier


class Home:
    """An existing home."""

    def __init__(self, path: Path) -> None:
        self.path = path
        key = path / "key"
        text = read_bounded(key, LARGEST_KEY)
        if key.stat().st_mode & 0o777 & ~PRIVATE_FILE:
            raise HomeError(
                f"Others can read or change {key}: chmod 600 {key}, or make a new key if they may have."
            )
        try:
            self.signer = Signer.parse(text.decode("utf-8", "replace").strip())
        except NoteError as problem:
            raise HomeError(f"{key}: {problem}") from None

    def token(self) -> str:
        """The bearer token that the election's officer gave for this key."""
        return read_bounded(self.path / "token", LARGEST_KEY).decode("utf-8", "replace").strip()

    def last(self, election: str) -> tuple[Checkpoint, str] | None:
        """The last checkpoint signed of this election, and its note; None before the first."""
        path = self._file(election)
        if not path.exists():
            return None
        note = read_bounded(path, LARGEST_NOTE).decode("utf-8", "replace")
        try:
            return open_checkpoint(note, self.signer.verifier), note
        except NoteError as problem:
            raise HomeError(
                f"{path} is not what this signer wrote: {problem} Without it, two histories might be signed; "
                "restore it from a backup."
            ) from None

    def keep(self, checkpoint: Checkpoint, note: str) -> None:
        """Remember what is about to be given out; after return it survives a power cut."""
        write_durably(self._file(checkpoint.election), note.encode())

    def _file(self, election: str) -> Path:
        if not _ELECTION.fullmatch(election):
            raise SignerError("The service names an election that is none: 32 hex digits were expected.")
        return self.path / f"signed-{election}"
