from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amarvote.record.merkle import EMPTY_ROOT, CompactRange, Tree, leaf, node, root_of

ITEMS = [b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43", bytes(range(0x50, 0x58)),
         bytes(range(0x60, 0x70))]  # fmt: skip
"""The leaves of the reference tree of Certificate Transparency."""

ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""Its published roots over the first 0 to 8 of them."""


def hashes(count: int) -> list[bytes]:
    return [sha256(bytes((number % 256, number // 256))).digest() for number in range(count)]


def by_definition(leaves: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node(by_definition(leaves[:split]), by_definition(leaves[split:]))


@pytest.mark.parametrize("count", range(9))
def test_roots_of_certificate_transparency(count: int) -> None:
    leaves = [leaf(item) for item in ITEMS[:count]]
    assert root_of(leaves).hex() == ROOTS[count]
    assert CompactRange.of(0, leaves).root().hex() == ROOTS[count]


@pytest.mark.parametrize("count", [*range(20), 255, 256, 257, 1000])
def test_roots_by_definition(count: int) -> None:
    assert root_of(hashes(count)) == by_definition(hashes(count))


def test_a_tree_gives_roots_while_it_grows() -> None:
    tree = Tree()
    leaves = hashes(40)
    for count in range(41):
        assert (tree.count, tree.root()) == (count, by_definition(leaves[:count]))
        if count < 40:
            tree.add(leaves[count])


@given(st.lists(st.integers(0, 70), max_size=6), st.integers(0, 70), st.integers(0, 10**9))
def test_ranges_cut_anywhere_come_to_the_same_root(cuts: list[int], count: int, seed: int) -> None:
    leaves = hashes(count)
    bounds = [0, *sorted(cut % (count + 1) for cut in cuts), count]
    parts = [CompactRange.of(a, leaves[a:b]) for a, b in pairwise(bounds)]
    while len(parts) > 1:  # joined in any order of neighbours
        at = seed % (len(parts) - 1)
        parts[at : at + 2] = [parts[at] + CompactRange.from_bytes(parts[at + 1].to_bytes())]
    assert parts[0].root() == by_definition(leaves)


def test_a_range_is_small() -> None:
    part = CompactRange.of(12345, hashes(5000))
    assert len(part.hashes) <= 2 * 15


@given(st.integers(0, 5000), st.integers(0, 300))
def test_a_range_survives_its_bytes(begin: int, count: int) -> None:
    part = CompactRange.of(begin, hashes(count))
    assert CompactRange.from_bytes(part.to_bytes()) == part


def test_ranges_that_are_no_neighbours_are_refused() -> None:
    with pytest.raises(ValueError, match="leaves up to 3 are not followed by leaves from 4"):
        CompactRange.of(0, hashes(3)) + CompactRange.of(4, hashes(1))


def test_a_range_from_the_middle_has_no_root() -> None:
    with pytest.raises(ValueError, match="begins at leaf 2 has no root"):
        CompactRange.of(2, hashes(2)).root()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(15),
        bytes(17),
        CompactRange.of(0, hashes(3)).to_bytes()[:-32],
        CompactRange.of(0, hashes(3)).to_bytes() + bytes(32),
        (5).to_bytes(8, "big") + (4).to_bytes(8, "big"),
    ],
)
def test_bytes_that_are_no_range_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a range"):
        CompactRange.from_bytes(data)


def test_the_tree_of_nothing() -> None:
    assert root_of([]) == EMPTY_ROOT == CompactRange.of(0, []).root()
