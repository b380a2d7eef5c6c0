"""H_G and H_E as words, which guardians compare outside the service before they confirm (rule 19)."""

import logging
from collections.abc import Callable
from pathlib import Path

from amarvote.electionguard.words import WordsError, bytes_of_words, words_of
from amarvote.guardian.errors import Alarm, GuardianError
from amarvote.guardian.telling import Teller
from amarvote.participants.files import HomeError, read_bounded, write_durably

log = logging.getLogger(__name__)

FIRST_LOOK = 0.05
LONGEST_LOOK = 0.4
"""Seconds between two looks whether the guardian has typed: they grow."""

LONGEST_TEXT = 4096
NAMES = ("H_G", "H_E")
SHOWN, TYPED = "words", "confirm"
"""Files in a guardian's home."""

HASH_BYTES = 32


def words_text(h_g: bytes, h_e: bytes) -> str:
    """Both hashes as a guardian reads them to the others: a line each."""
    return "".join(f"{name} {'-'.join(words_of(value))}\n" for name, value in zip(NAMES, (h_g, h_e), strict=True))


def read_words(text: str) -> dict[str, bytes]:
    """The hashes that somebody typed: two lines, H_G's words and H_E's; their names may be left out.

    GuardianError where the text does not say both, wholly.
    """
    found: dict[str, bytes] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, _, words = line.partition(" ")
        if name.upper() in NAMES:
            name = name.upper()
        elif len(found) < len(NAMES):
            name, words = NAMES[len(found)], line
        else:
            continue
        try:
            found[name] = bytes_of_words(words)
        except WordsError as problem:
            raise GuardianError(f"The words of {name} cannot be read: {problem}") from None
    if set(found) != set(NAMES) or any(len(value) != HASH_BYTES for value in found.values()):
        raise GuardianError("The confirmation must hold the words of H_G and of H_E, 16 words in a line each.")
    return found


def confirmed_in(home: Path) -> bool:
    """Are the words that were typed in this home the ones that were shown there?"""
    try:
        shown, typed = (
            read_words(read_bounded(home / name, LONGEST_TEXT).decode("utf-8", "replace"))
            for name in (SHOWN, TYPED)
        )
    except (HomeError, GuardianError):
        return False
    return shown == typed


class Confirmation:
    """The place in a guardian's home where words are shown and typed: files `words` and `confirm`."""

    def __init__(self, home: Path, teller: Teller) -> None:
        self._teller = teller
        self._shown = home / SHOWN
        self._typed = home / TYPED
        self._said = ""

    def ask(self, wait: Callable[[float], None], h_g: bytes, h_e: bytes) -> None:
        """Show the words and wait until the guardian typed the ones heard; GuardianError where they differ."""
        words = words_text(h_g, h_e)
        write_durably(self._shown, words.encode())
        if self._read() is None:
            self._teller.compare(words)
        pause = FIRST_LOOK
        while (typed := self._read()) is None:
            wait(pause)
            pause = min(1.5 * pause, LONGEST_LOOK)
        different = [
            f"{name}, word {number}: {word!r} there, {shown!r} here"
            for name, value in zip(NAMES, (h_g, h_e), strict=True)
            for number, (word, shown) in enumerate(zip(words_of(typed[name]), words_of(value), strict=True), 1)
            if word != shown
        ]
        if different:
            raise Alarm(
                f"The words in {self._typed} are not the ones shown here ({different[0]}). If that is a slip of "
                "the pen, correct the file and start this again. If the other guardians did read other words, you "
                "are being shown different elections: do not go on; find out with them who saw what."
            )

    def _read(self) -> dict[str, bytes] | None:
        """What was typed; None as long as it is not there wholly."""
        if not self._typed.exists():
            return None
        try:
            return read_words(read_bounded(self._typed, LONGEST_TEXT).decode("utf-8", "replace"))
        except GuardianError as problem:
            if str(problem) != self._said:
                self._said = str(problem)
                log.warning("%s", problem)
            return None
