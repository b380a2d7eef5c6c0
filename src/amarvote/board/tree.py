"""The board's tree (RFC 9162, section 2.1): roots and proofs over leaves that somebody else keeps.

Leaf n is the n-th confirmation code that was accepted. Of the nodes above the leaves only those at every eighth
height are kept, one for each complete subtree of 256, 65,536, … leaves: a proof reads a few hundred hashes,
whatever the size of the board.
"""

from collections.abc import Callable, Iterator, Sequence

from amarvote.record.merkle import EMPTY_ROOT, complete_subtrees, node, root_of

STEP = 8
"""Hashes of complete subtrees are kept at heights 0 (the leaves), 8, 16 and so on."""

Hashes = Callable[[int, int, int], Sequence[bytes]]
"""(height, first, count) -> the hashes of `count` complete subtrees of this kept height, from index `first` on."""


class ProofError(Exception):
    """A proof does not prove what it is meant to; the message says which."""


def root(hashes: Hashes, size: int) -> bytes:
    """The root over the first `size` leaves."""
    return _root_between(hashes, 0, size)


def completed(hashes: Hashes, before: int, after: int) -> Iterator[tuple[int, int, bytes]]:
    """Height, index and hash of every node to keep that is complete with `after` leaves and was not with `before`.

    Lower heights come first; the caller keeps each before asking for the next.
    """
    height = STEP
    while after >> height:
        for index in range(before >> height, after >> height):
            yield height, index, root_of(hashes(height - STEP, index << STEP, 1 << STEP))
        height += STEP


def inclusion_path(hashes: Hashes, index: int, size: int) -> list[bytes]:
    """PATH(index, D_size): what proves that leaf `index` stands in the tree of the first `size` leaves."""
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} among {size}")
    path: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(_root_between(hashes, middle, end))
            end = middle
        else:
            path.append(_root_between(hashes, begin, middle))
            begin = middle
    return path[::-1]


def consistency_path(hashes: Hashes, first: int, second: int) -> list[bytes]:
    """PROOF(first, D_second): what proves that the tree of `second` leaves only appended to that of `first`."""
    if not 0 < first <= second:
        raise ValueError(f"nothing is to be proven between {first} and {second} leaves")
    path: list[bytes] = []
    begin, end = 0, second
    while first != end:
        middle = begin + _split(end - begin)
        if first <= middle:
            path.append(_root_between(hashes, middle, end))
            end = middle
        else:
            path.append(_root_between(hashes, begin, middle))
            begin = middle
    if begin:
        path.append(_root_between(hashes, begin, end))
    return path[::-1]


def verify_inclusion(leaf_hash: bytes, index: int, size: int, path: Sequence[bytes], expected: bytes) -> None:
    """Hold an inclusion proof against a root (RFC 9162, 2.1.3.2); raises ProofError."""
    if not 0 <= index < size:
        raise ProofError(f"The proof speaks of leaf {index}, but the tree has {size}.")
    at, last, found = index, size - 1, leaf_hash
    for one in path:
        if not last:
            raise ProofError("The inclusion proof is longer than the tree is high.")
        if at & 1 or at == last:
            found = node(one, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node(found, one)
        at, last = at >> 1, last >> 1
    if last or found != expected:
        raise ProofError(f"Leaf {index} is not proven to stand in the tree of {size} leaves with this root.")


def verify_consistency(
    first: int, first_root: bytes, second: int, second_root: bytes, path: Sequence[bytes]
) -> None:
    """Hold a consistency proof against both roots (RFC 9162, 2.1.4.2); raises ProofError."""
    if not 0 < first <= second:
        raise ProofError(f"A tree of {second} leaves does not continue one of {first}.")
    refused = ProofError(
        f"The tree of {second} leaves is not proven to continue that of {first}: its history was changed."
    )
    if first == second:
        if path or first_root != second_root:
            raise refused
        return
    nodes = [first_root, *path] if first & (first - 1) == 0 else list(path)
    if not nodes or _roots_by(nodes, first - 1, second - 1) != (first_root, second_root):
        raise refused


def _roots_by(nodes: Sequence[bytes], at: int, last: int) -> tuple[bytes, bytes] | None:
    """The roots of both trees that follow from a consistency proof; None where it has another length."""
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = nodes[0]
    for one in nodes[1:]:
        if not last:
            return None
        if at & 1 or at == last:
            old, new = node(one, old), node(one, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node(new, one)
        at, last = at >> 1, last >> 1
    return None if last else (old, new)


def _split(count: int) -> int:
    """The largest power of two below `count`, which is at least 2."""
    return 1 << ((count - 1).bit_length() - 1)


def _root_between(hashes: Hashes, begin: int, end: int) -> bytes:
    """MTH of leaves begin..end-1, where `begin` is a place at which the tree is split."""
    if begin == end:
        return EMPTY_ROOT
    *rest, (level, index) = complete_subtrees(begin, end)
    result = _subtree(hashes, level, index)
    for level, index in reversed(rest):
        result = node(_subtree(hashes, level, index), result)
    return result


def _subtree(hashes: Hashes, level: int, index: int) -> bytes:
    """The hash of a complete subtree, from the kept hashes at or next below its height: at most 128."""
    count = 1 << level % STEP
    return root_of(hashes(level - level % STEP, index * count, count))
