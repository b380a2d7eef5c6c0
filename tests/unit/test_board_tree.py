"""The board's tree against the definitions of RFC 9162, and against whoever forges a proof."""

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amarvote.board.tree import (
    ProofError,
    completed,
    consistency_path,
    inclusion_path,
    root,
    verify_consistency,
    verify_inclusion,
)
from amarvote.record.merkle import EMPTY_ROOT, leaf, node, root_of


class Keeper:
    """Keeps leaves, and the nodes above them at every eighth height, as the database does."""

    def __init__(self) -> None:
        self.kept: dict[tuple[int, int], bytes] = {}
        self.size = 0
        self.reads = 0

    def append(self, leaves: Sequence[bytes]) -> None:
        before, self.size = self.size, self.size + len(leaves)
        for offset, one in enumerate(leaves):
            self.kept[0, before + offset] = one
        for height, index, value in completed(self.hashes, before, self.size):
            self.kept[height, index] = value

    def hashes(self, height: int, first: int, count: int) -> list[bytes]:
        self.reads += count
        return [self.kept[height, first + offset] for offset in range(count)]


def leaves(count: int) -> list[bytes]:
    return [leaf(sha256(number.to_bytes(4, "big")).digest()) for number in range(count)]


def keeper(count: int, batch: int = 7) -> Keeper:
    made = Keeper()
    every = leaves(count)
    for at in range(0, count, batch):
        made.append(every[at : at + batch])
    return made


def path_by_definition(index: int, data: list[bytes]) -> list[bytes]:
    """PATH(m, D_n), word for word."""
    if len(data) == 1:
        return []
    k = split(len(data))
    if index < k:
        return [*path_by_definition(index, data[:k]), root_of(data[k:])]
    return [*path_by_definition(index - k, data[k:]), root_of(data[:k])]


def subproof_by_definition(m: int, data: list[bytes], whole: bool) -> list[bytes]:
    """SUBPROOF(m, D_n, b), word for word."""
    if m == len(data):
        return [] if whole else [root_of(data)]
    k = split(len(data))
    if m <= k:
        return [*subproof_by_definition(m, data[:k], whole), root_of(data[k:])]
    return [*subproof_by_definition(m - k, data[k:], False), root_of(data[:k])]


def split(count: int) -> int:
    k = 1
    while k * 2 < count:
        k *= 2
    return k


SMALL = keeper(40)
LARGE = keeper(1500, batch=113)
HUGE = keeper(70_000, batch=5000)


@pytest.mark.parametrize("size", range(1, 41))
def test_every_small_proof_is_that_of_the_rfc_and_holds(size: int) -> None:
    data = leaves(size)
    whole = root(SMALL.hashes, size)
    assert whole == root_of(data)
    for index in range(size):
        path = inclusion_path(SMALL.hashes, index, size)
        assert path == path_by_definition(index, data)
        verify_inclusion(data[index], index, size, path, whole)
    for first in range(1, size + 1):
        path = consistency_path(SMALL.hashes, first, size)
        assert path == subproof_by_definition(first, data, True)
        verify_consistency(first, root_of(data[:first]), size, whole, path)


@given(st.data())
def test_proofs_over_kept_nodes(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 1500))
    index = data.draw(st.integers(0, size - 1))
    first = data.draw(st.integers(1, size))
    every = leaves(size)
    assert root(LARGE.hashes, size) == root_of(every)
    verify_inclusion(every[index], index, size, inclusion_path(LARGE.hashes, index, size), root_of(every))
    path = consistency_path(LARGE.hashes, first, size)
    verify_consistency(first, root_of(every[:first]), size, root_of(every), path)


def test_a_proof_reads_a_few_hundred_hashes_of_a_large_board() -> None:
    assert (16, 0) in HUGE.kept
    HUGE.reads = 0
    path = inclusion_path(HUGE.hashes, 12_345, 70_000)
    verify_inclusion(leaves(12_346)[-1], 12_345, 70_000, path, root_of(leaves(70_000)))
    assert HUGE.reads < 1000


@given(st.data())
def test_a_changed_proof_proves_nothing(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 300))
    index = data.draw(st.integers(0, size - 1))
    whole = root(LARGE.hashes, size)
    path = inclusion_path(LARGE.hashes, index, size)
    own = leaves(size)[index]
    verify_inclusion(own, index, size, path, whole)
    at = data.draw(st.integers(0, len(path) - 1))
    changed = [*path[:at], bytes(32), *path[at + 1 :]]
    wrong = [
        (own, index, size, changed, whole),
        (own, index, size, path[:-1], whole),
        (own, index, size, [*path, bytes(32)], whole),
        (own, index, size, path, bytes(32)),
        (bytes(32), index, size, path, whole),
        (own, (index + 1) % size, size, path, whole),
        (own, size, size, path, whole),
        (own, -1, size, path, whole),
    ]
    for leaf_hash, place, of, steps, expected in wrong:
        with pytest.raises(ProofError):
            verify_inclusion(leaf_hash, place, of, steps, expected)


@given(st.data())
def test_a_rewritten_history_is_not_consistent(data: st.DataObject) -> None:
    """Whoever replaced, left out or moved a code cannot make a proof: not by any path of the honest tree."""
    size = data.draw(st.integers(2, 200))
    first = data.draw(st.integers(1, size - 1))
    every = leaves(size)
    victim = data.draw(st.integers(0, first - 1))
    forged = [*every[:victim], bytes(32), *every[victim + 1 :]]
    forger = Keeper()
    forger.append(forged)
    for maker in (LARGE, forger):
        path = consistency_path(maker.hashes, first, size)
        with pytest.raises(ProofError, match="history was changed"):
            verify_consistency(first, root_of(every[:first]), size, root_of(forged), path)
    path = consistency_path(LARGE.hashes, first, size)
    for changed in (path[:-1], [*path, bytes(32)], [bytes(32), *path[1:]]):
        with pytest.raises(ProofError):
            verify_consistency(first, root_of(every[:first]), size, root_of(every), changed)


def test_a_board_never_shrinks() -> None:
    with pytest.raises(ProofError, match="does not continue"):
        verify_consistency(5, bytes(32), 4, bytes(32), [])
    with pytest.raises(ProofError, match="history"):
        verify_consistency(5, bytes(32), 5, bytes(31) + b"1", [])
    with pytest.raises(ProofError, match="history"):
        verify_consistency(5, bytes(32), 5, bytes(32), [bytes(32)])
    with pytest.raises(ProofError, match="history"):
        verify_consistency(5, bytes(32), 7, bytes(32), [])


def test_the_board_of_nothing() -> None:
    assert root(Keeper().hashes, 0) == EMPTY_ROOT
    with pytest.raises(ValueError, match="no leaf 0 among 0"):
        inclusion_path(Keeper().hashes, 0, 0)
    with pytest.raises(ValueError, match="nothing is to be proven"):
        consistency_path(Keeper().hashes, 0, 3)


def test_nodes_of_two_leaves() -> None:
    a, b = leaves(2)
    assert root(SMALL.hashes, 2) == node(a, b)
