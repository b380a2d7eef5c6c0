"""Lines of a file that may be hostile: bounded, strict UTF-8, each with its number."""

from collections.abc import Callable, Iterator
from typing import BinaryIO

from amarvote.inputs.errors import LineFault

LONGEST_LINE = 1 << 20
"""Bytes of one line; a ballot of a hundred contests needs less than ten thousand."""

LISTED_FAULTS = 1000
"""How many faults are told one by one; beyond them only their number."""

Note = Callable[[str], None]
"""Notes a fault of the line at hand."""


class Faults:
    """The faults of a file: the first LISTED_FAULTS, and how many there are."""

    def __init__(self) -> None:
        self.listed: list[LineFault] = []
        self.total = 0

    def at(self, line: int) -> Note:
        """A collector for the faults of one line."""
        return lambda message: self.add(line, message)

    def add(self, line: int, message: str) -> None:
        """Note one fault; `line` 0 stands for the whole file."""
        self.total += 1
        if len(self.listed) < LISTED_FAULTS:
            self.listed.append(LineFault(line, message))


def text_lines(file: BinaryIO, faults: Faults) -> Iterator[tuple[int, str]]:
    """Number and text of each line, without its end. Lines that are no text, or empty, become faults.

    A byte order mark before the first line is skipped; spreadsheets write one.
    """
    number = 0
    while raw := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(raw) > LONGEST_LINE and not raw.endswith(b"\n"):
            faults.add(number, f"the line is longer than {LONGEST_LINE >> 20} MiB")
            while (rest := file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                pass
            continue
        if number == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        try:
            text = raw.decode("utf-8").removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError as problem:
            faults.add(number, f"not UTF-8 (byte {problem.start + 1} of the line)")
            continue
        if text.strip():
            yield number, text
        else:
            faults.add(number, "the line is empty")
