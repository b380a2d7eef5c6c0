"""Merkle trees as in RFC 9162, section 2.1.1: over leaves one by one, or over ranges joined later."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()
"""The tree of nothing."""

HASH_BYTES = 32


def leaf(item: bytes) -> bytes:
    """The hash of one item: SHA-256(00 ‖ item)."""
    return sha256(b"\x00" + item).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees: SHA-256(01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf hashes, in memory that grows with their logarithm."""
    tree = Tree()
    for one in leaves:
        tree.add(one)
    return tree.root()


class Tree:
    """A tree that grows at its right edge and keeps only what later roots need."""

    def __init__(self) -> None:
        self._stack: list[tuple[int, bytes]] = []
        self._count = 0

    @property
    def count(self) -> int:
        """Leaves added so far."""
        return self._count

    def add(self, leaf_hash: bytes) -> None:
        """Add the next leaf hash."""
        level = 0
        while self._stack and self._stack[-1][0] == level:
            leaf_hash = node(self._stack.pop()[1], leaf_hash)
            level += 1
        self._stack.append((level, leaf_hash))
        self._count += 1

    def root(self) -> bytes:
        """The root over the leaves so far; more may be added after it."""
        if not self._stack:
            return EMPTY_ROOT
        *rest, (_, result) = self._stack
        for _, left in reversed(rest):
            result = node(left, result)
        return result


@dataclass(frozen=True, slots=True)
class CompactRange:
    """What is known of leaves begin..end-1: the roots of the largest complete subtrees that fit, left to right.

    Neighbours are put together with `+`; a range that begins at 0 has a root. At most 2·log2(end) hashes.
    """

    begin: int
    end: int
    hashes: tuple[bytes, ...]

    @classmethod
    def of(cls, begin: int, leaves: Iterable[bytes]) -> "CompactRange":
        """The range of consecutive leaf hashes, the first at position `begin`."""
        stack: list[_Subtree] = []
        end = begin
        for one in leaves:
            _push(stack, (0, end, one))
            end += 1
        return cls(begin, end, tuple(value for _, _, value in stack))

    def __post_init__(self) -> None:
        if (
            self.begin < 0
            or self.end < self.begin
            or len(self.hashes) != len(complete_subtrees(self.begin, self.end))
        ):
            raise ValueError(f"{len(self.hashes)} hashes are not a range of leaves {self.begin} to {self.end}")

    def __add__(self, right: "CompactRange") -> "CompactRange":
        """Both ranges as one; `right` begins where this ends."""
        if self.end != right.begin:
            raise ValueError(f"leaves up to {self.end} are not followed by leaves from {right.begin}")
        stack = self._subtrees()
        for one in right._subtrees():
            _push(stack, one)
        return CompactRange(self.begin, right.end, tuple(value for _, _, value in stack))

    def root(self) -> bytes:
        """The root over leaves 0..end-1."""
        if self.begin:
            raise ValueError(f"a range that begins at leaf {self.begin} has no root")
        if not self.hashes:
            return EMPTY_ROOT
        result = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            result = node(left, result)
        return result

    def to_bytes(self) -> bytes:
        """Fixed form: begin and end in eight bytes each, then the hashes."""
        return self.begin.to_bytes(8, "big") + self.end.to_bytes(8, "big") + b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, data: bytes) -> "CompactRange":
        """The range that `to_bytes` wrote; raises ValueError."""
        if len(data) < 16 or (len(data) - 16) % HASH_BYTES:
            raise ValueError(f"{len(data)} bytes are not a range of leaves")
        hashes = tuple(data[at : at + HASH_BYTES] for at in range(16, len(data), HASH_BYTES))
        return cls(int.from_bytes(data[:8], "big"), int.from_bytes(data[8:16], "big"), hashes)

    def _subtrees(self) -> list["_Subtree"]:
        shape = complete_subtrees(self.begin, self.end)
        return [(level, index, value) for (level, index), value in zip(shape, self.hashes, strict=True)]


_Subtree = tuple[int, int, bytes]
"""Level (a leaf is 0), index within that level, hash."""


def _push(stack: list[_Subtree], one: _Subtree) -> None:
    """Append a subtree, and join it to its left sibling as long as that one is there."""
    level, index, value = one
    while stack and stack[-1][0] == level and stack[-1][1] + 1 == index and index % 2:
        value = node(stack.pop()[2], value)
        level, index = level + 1, index // 2
    stack.append((level, index, value))


def complete_subtrees(begin: int, end: int) -> list[tuple[int, int]]:
    """Level and index of the largest complete subtrees that make up leaves begin..end-1, left to right."""
    shape = []
    while begin < end:
        level = (begin & -begin).bit_length() - 1 if begin else (end - begin).bit_length() - 1
        while 1 << level > end - begin:
            level -= 1
        shape.append((level, begin >> level))
        begin += 1 << level
    return shape
