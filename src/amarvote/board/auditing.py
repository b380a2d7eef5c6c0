"""A board's file held against a published record: the same codes, and what the signer signed.

Memory is bounded: what has to be compared lies in a temporary file.
"""

from collections.abc import Iterable, Iterator

from amarvote.board.checkpoints import Checkpoint, open_checkpoint
from amarvote.board.files import BoardFileError, codes_in, note_in
from amarvote.board.notes import NoteError, Verifier
from amarvote.record.merkle import Tree, leaf
from amarvote.record.reader import Record
from amarvote.record.sections import SectionType
from amarvote.record.verifier.duplicates import IdentifierIndex

_PLACE = bytes(12)
SHOWN = 3
"""Of codes that differ so many are named."""


def codes_of(record: Record) -> Iterator[bytes]:
    """The confirmation codes of a record's ballots, as far as they can be read."""
    for section in record.sections():
        if section.type is SectionType.DEVICE:
            for raw in record.items(section):
                if raw.item is not None and raw.item.HasField("encrypted_ballot"):
                    yield raw.item.encrypted_ballot.confirmation_code


def audit(lines: Iterable[str], of_record: Iterable[bytes], verifier: Verifier) -> tuple[Checkpoint, list[str]]:
    """The checkpoint, and what does not hold, in sentences: none where board and record are the same.

    Raises BoardFileError where the file is none, or its checkpoint is not signed by `verifier`.
    """
    with IdentifierIndex() as index:
        tree, found = Tree(), Differences()
        rest = iter(lines)
        for code in codes_in(rest):
            tree.add(leaf(code))
            for _ in index.add(code + _PLACE):
                found.add(f"the code {code.hex()} is on the board twice")
        try:
            checkpoint = open_checkpoint(note_in(rest), verifier)
        except NoteError as problem:
            raise BoardFileError(str(problem)) from None
        if (checkpoint.size, checkpoint.root) != (tree.count, tree.root()):
            found.add(
                f"the checkpoint is not that of these {tree.count} codes, but of {checkpoint.size} codes with "
                f"root {checkpoint.root.hex()}"
            )
        ballots = 0
        for code in of_record:
            ballots += 1
            if not list(index.add(code + _PLACE)):
                found.add(f"the code {code.hex()} stands in the record and not on the board")
    if ballots != tree.count:
        found.add(f"the board has {tree.count} codes, the record {ballots}")
    return checkpoint, found.sentences()


class Differences:
    """Sentences, of which the first few are kept and the others counted."""

    def __init__(self) -> None:
        self._kept: list[str] = []
        self._more = 0

    def add(self, sentence: str) -> None:
        """One more."""
        if len(self._kept) < SHOWN:
            self._kept.append(sentence)
        else:
            self._more += 1

    def sentences(self) -> list[str]:
        """What was kept, and how many more there were."""
        return [*self._kept, f"and {self._more} more"] if self._more else self._kept
