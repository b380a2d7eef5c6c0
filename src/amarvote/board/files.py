"""A board as one file.

CODE            64 hex digits, one line for each code, in the order of the board
(an empty line)
CHECKPOINT      the signed note over all of them
"""

from collections.abc import Iterable, Iterator, Sequence

from amarvote.board.notes import LARGEST_NOTE

_LINE = 64


class BoardFileError(Exception):
    """The file is no board's; the message says where."""


def as_file(pages: Iterable[Sequence[bytes]], note: str) -> Iterator[str]:
    """The text of a board's file, a piece for each page of codes."""
    for page in pages:
        yield "".join(f"{code.hex()}\n" for code in page)
    yield f"\n{note}"


def codes_in(lines: Iterator[str]) -> Iterator[bytes]:
    """The codes of a file, up to the empty line; BoardFileError where a line is none."""
    for number, line in enumerate(lines, start=1):
        text = line.removesuffix("\n")
        if not text:
            return
        if len(text) != _LINE or not set(text) <= set("0123456789abcdef"):
            raise BoardFileError(f"Line {number} is not a confirmation code of {_LINE} hex digits.")
        yield bytes.fromhex(text)
    raise BoardFileError("The file ends before its checkpoint.")


def note_in(lines: Iterator[str]) -> str:
    """What comes after them; no more than a note may be long."""
    note = ""
    for line in lines:
        note += line
        if len(note) > LARGEST_NOTE:
            break
    return note
