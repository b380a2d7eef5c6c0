"""What a child asks its parent for while it computes: the files of a record, listed and in pieces.

A record may be larger than any memory, and which of its files a task needs shows only while it runs. So the child
is handed none of them: it asks, in messages of kind `want`, and computes on with the answer.
"""

from collections.abc import Callable
from dataclasses import dataclass

from amarvote.pipeline.messages import Message

WANT = "want"
"""The kind of a message that is a question of the child's, not its answer."""

GIVEN = "given"

Ask = Callable[[Message], Message]
"""Puts a question to the parent, and waits for what it gives."""


@dataclass(frozen=True, slots=True)
class ParentKeeps:
    """The files of one writing of an election's record, kept in the database: a `record.kept_files.Keeper`."""

    ask: Ask
    election: str
    writing: int

    def listing(self, after: str) -> list[tuple[str, int]]:
        """The next paths and their sizes."""
        given = self.ask(self._want(after=after))
        return [(path, size) for path, size in given.fields["files"]]

    def read(self, path: str, offset: int, size: int) -> bytes:
        """A piece of a file."""
        return self.ask(self._want(path=path, offset=offset, size=size)).parts[0]

    def _want(self, **fields: str | int) -> Message:
        return Message(WANT, {"election": self.election, "writing": self.writing, **fields})
