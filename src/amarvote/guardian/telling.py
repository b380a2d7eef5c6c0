"""What an agent tells its guardian while it works."""

import logging
from typing import Protocol

log = logging.getLogger(__name__)


class Teller(Protocol):
    """Where an agent says what it does; nothing secret is ever said."""

    def say(self, sentence: str) -> None:
        """Something happened, or is to be waited for."""

    def update(self, phase: str, done: int, total: int) -> None:
        """`done` of `total` of `phase` are finished."""

    def compare(self, words: str) -> None:
        """Ask for these words to be compared with the other guardians' (rule 19)."""


class Log:
    """The teller of an agent that nobody watches: the log."""

    def say(self, sentence: str) -> None:
        """Log it."""
        log.info("%s", sentence)

    def update(self, phase: str, done: int, total: int) -> None:
        """Nobody sees it go by."""

    def compare(self, words: str) -> None:
        """The words stand in the home's file `words`."""
