"""A guardian at the terminal: asked for the passphrase, told what the agent does, asked to compare words."""

import getpass
import os
import select
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from amarvote.cli import exits
from amarvote.cli.progress import Reporter, progress
from amarvote.guardian.confirmation import TYPED
from amarvote.guardian.errors import Alarm
from amarvote.guardian.key_files import read_passphrase
from amarvote.participants.files import write_durably
from amarvote.participants.service import Service

SAME, DIFFERENT = "same", "different"
SILENT_SECONDS = 5.0
"""After so long without an answer of the service, people are told why."""

AGAIN_SECONDS = 60.0
LONGEST_LINE = 4096


def plain(text: str) -> str:
    """A text of others', without what would move a terminal's cursor."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)


def passphrase(file: Path | None, *, new: bool) -> bytes:
    """From `file`, or else from the terminal, twice where it is a new one."""
    if file is not None:
        return read_passphrase(file)
    if not sys.stdin.isatty():
        raise exits.UsageProblem("There is no terminal to ask for the passphrase. Give it with --passphrase-file.")
    typed = getpass.getpass("Passphrase: ")
    if new and getpass.getpass("The same passphrase again: ") != typed:
        raise exits.UsageProblem("These were two different passphrases. Nothing was done; try again.")
    return typed.strip().encode("utf-8", "surrogateescape")


class Terminal:
    """The agent's teller, and how it waits: what the guardian types meanwhile is taken as the answer."""

    def __init__(self, home: Path) -> None:
        self._confirm = home / TYPED
        self._words: str | None = None
        self._typed = b""
        self._stack = ExitStack()
        self._reporter: Reporter | None = None
        self._service: Service | None = None
        self._silent_since: float | None = None

    def __enter__(self) -> "Terminal":
        """Nothing is shown yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the terminal back."""
        self._stack.close()

    def watch(self, service: Service) -> None:
        """Tell why this service does not answer, when it does not."""
        self._service = service

    def say(self, sentence: str) -> None:
        """A line on standard error."""
        sys.stderr.write(f"{plain(sentence)}\n")
        sys.stderr.flush()

    def update(self, phase: str, done: int, total: int) -> None:
        """A bar, or a line now and then."""
        if self._reporter is None:
            self._reporter = self._stack.enter_context(progress())
        self._reporter.update(phase, done, total)

    def compare(self, words: str) -> None:
        """Show the words and how to answer."""
        self.say(
            "\nCompare these words with every other guardian, by telephone or in one room, not over this service:"
            f"\n\n{words}\nIf a single word differs, somebody shows you different elections: do not confirm."
        )
        if sys.stdin.isatty():
            self._words = words
            self.say(f"Type “{SAME}” once all have read the same words, “{DIFFERENT}” if one has not:")
        else:
            self.say(
                f"Once all have read the same words, put these two lines into {self._confirm}, as you heard them; "
                "this agent waits for it."
            )

    def wait(self, seconds: float) -> None:
        """Wait; raises Alarm where the guardian says that the words differ."""
        self._tell_trouble()
        if self._words is None or self._confirm.exists():
            time.sleep(seconds)
            return
        ready, _, _ = select.select([sys.stdin], [], [], seconds)
        if ready:
            self._take(os.read(sys.stdin.fileno(), LONGEST_LINE))

    def _take(self, typed: bytes) -> None:
        if not typed:  # the terminal was closed; the file can still be written
            self._words = None
            return
        *lines, self._typed = (self._typed + typed).split(b"\n")
        for line in lines:
            answer = line.decode("utf-8", "replace").strip().lower()
            if answer == SAME and self._words is not None:
                write_durably(self._confirm, self._words.encode())
                self.say("Confirmed.")
                return
            if answer == DIFFERENT:
                raise Alarm(
                    "You said that the words differ. Nothing is confirmed, and the election cannot begin. Find "
                    "out with the others who saw what, and tell the officer."
                )
            self.say(f"Please type “{SAME}” or “{DIFFERENT}”:")

    def _tell_trouble(self) -> None:
        trouble = None if self._service is None else self._service.trouble
        now = time.monotonic()
        if trouble is None:
            self._silent_since = None
        elif self._silent_since is None:
            self._silent_since = now
        elif now - self._silent_since > SILENT_SECONDS:
            self._silent_since = now + AGAIN_SECONDS - SILENT_SECONDS
            self.say(f"The service does not answer ({trouble}); this agent tries again until it does.")
