"""Digests the items that a task reads into a piece of their section."""

from amarvote.record.merkle import CompactRange, leaf
from amarvote.record.reader import RawItem
from amarvote.record.sections import Section, SectionType
from amarvote.record.verifier.chains import ChainPiece
from amarvote.record.verifier.partial import Piece

OUT_OF_ORDER = "the item stands after one that it should precede, or is there twice"
"""R.order, wherever it is found."""


class PieceBuilder:
    """Takes consecutive items of one section, beginning with item `start`."""

    def __init__(self, section: Section, number: int, start: int) -> None:
        self.section = section
        self.chain: ChainPiece | None = None
        self._number = number
        self._start = self._stop = start
        self._leaves: list[bytes] = []
        self._codes: list[bytes] = []
        self._coded = True
        self._first: bytes | None = None
        self._last: bytes | None = None

    def add(self, raw: RawItem) -> None:
        """Digest the next item."""
        self._stop = raw.ordinal + 1
        if raw.data:
            self._leaves.append(leaf(raw.data))

    def add_code(self, code_leaf: bytes | None) -> None:
        """The leaf of the next ballot's confirmation code; None where it could not be read."""
        if code_leaf is None:
            self._coded = False
        else:
            self._codes.append(code_leaf)

    def add_key(self, key: bytes | None) -> bool:
        """The sort key of the next item; false where it does not come after the one before it."""
        before, self._last = self._last, key
        if self._stop - self._start == 1:
            self._first = key
        return before is None or key is None or before < key

    def piece(self) -> Piece:
        """What was digested."""
        return Piece(
            section=self._number,
            start=self._start,
            stop=self._stop,
            title=self.section.title,
            leaves=CompactRange.of(self._start, self._leaves) if self._whole() else None,
            codes=self._code_range(),
            chain=self.chain,
            first=self._first,
            last=self._last,
        )

    def _whole(self) -> bool:
        return len(self._leaves) == self._stop - self._start

    def _code_range(self) -> CompactRange | None:
        """Over the ballots of a device, whose first one is its item 1."""
        if self.section.type is not SectionType.DEVICE or not self._coded:
            return None
        return CompactRange.of(max(self._start - 1, 0), self._codes)
