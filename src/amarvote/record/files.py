"""Where the files of a record come from: what a folder and a zip archive have in common."""

import re
from typing import Protocol

from amarvote.electionguard.errors import Finding
from amarvote.record.errors import UnreadableRecord

MAX_FILES = 250_000
"""Files in a record, a bound of ours on what is kept of each: 12 million ballots in segments of 50."""

MAX_DEPTH = 16
"""Folders within folders; the layout itself has three."""

MAX_FINDINGS = 100
"""Findings about names, a bound of ours; a last one counts what it leaves out."""

_NAME = re.compile(r"[\x20-\x39\x3b-\x5b\x5d-\x7e]+")


class Stream(Protocol):
    """Reads one file of a record from its start."""

    def read(self, size: int) -> bytes:
        """The next bytes, at least one unless the file is at its end; raises ContainerFault."""

    def close(self) -> None:
        """Done with this file."""


class Files(Protocol):
    """The files of a record, whatever they are kept in."""

    @property
    def sizes(self) -> dict[str, int]:
        """The size of each file in bytes, by its path."""

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with the container itself."""

    def open(self, path: str) -> Stream:
        """Read one of the files; raises ContainerFault."""

    def close(self) -> None:
        """Done with all of them."""


class Names:
    """Takes the names of a record's files one by one; refuses those that two readers could take differently."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._folded: set[str] = set()
        self._left_out = 0

    def accept(self, path: str) -> bool:
        """Whether a file of this path may stand in a record; a finding says why not."""
        if len(self._folded) >= MAX_FILES:
            raise UnreadableRecord(f"There are more than {MAX_FILES} files: this cannot be a record")
        problem = name_problem(path)
        if problem is None and path.lower() in self._folded:
            problem = "is there twice, or differs from another name only in upper and lower case"
        if problem is not None:
            self.refuse(path, problem)
            return False
        self._folded.add(path.lower())
        return True

    def refuse(self, path: str, problem: str) -> None:
        """Note what is wrong with a file."""
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding("R.container", shown(path), problem))
            return
        self._left_out += 1
        self.findings[MAX_FINDINGS:] = [
            Finding("R.container", "files", f"{self._left_out} more files or folders have no place in a record")
        ]


def name_problem(path: str) -> str | None:
    """What is wrong with the path of a file, None where nothing is."""
    if not _NAME.fullmatch(path):
        return "has a name with characters other than printable ASCII without '\\' and ':'"
    if any(part in {"", ".", ".."} for part in path.split("/")):
        return "has a name that does not lead straight down into the record"
    if path.count("/") > MAX_DEPTH:
        return f"lies more than {MAX_DEPTH} folders deep"
    return None


def shown(path: str) -> str:
    """A path as it may be printed: short, and nothing in it that a terminal would obey."""
    text = ascii(path)[1:-1]
    return text if len(text) <= 160 else f"{text[:157]}..."
