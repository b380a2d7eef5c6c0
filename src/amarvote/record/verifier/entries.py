"""Packed lists of entries of one fixed width, end to end: identifiers, and the places of ballots and contests."""

import heapq
from collections.abc import Iterable, Iterator

IDENTIFIER_BYTES = 32 + 12
"""An identifier id_B, then the place of its ballot."""

PLACE_BYTES = 12
"""Where an item stands: number of its section in the record (4), ordinal in the section (8)."""

CONTEST_PLACE_BYTES = PLACE_BYTES + 4
"""Where a contest of a ballot stands: the ballot's place, then the contest's index (4)."""


def place_bytes(section: int, ordinal: int) -> bytes:
    """The place of an item as an entry holds it."""
    return section.to_bytes(4, "big") + ordinal.to_bytes(8, "big")


def read_place(data: bytes) -> tuple[int, int]:
    """Section number and ordinal of an entry's place."""
    return int.from_bytes(data[:4], "big"), int.from_bytes(data[4:PLACE_BYTES], "big")


def entries(data: bytes, width: int) -> Iterator[bytes]:
    """The entries of a packed list."""
    return (data[at : at + width] for at in range(0, len(data), width))


def merge_sorted(lists: Iterable[bytes], width: int) -> bytes:
    """Sorted lists as one."""
    filled = [data for data in lists if data]
    if len(filled) < 2:
        return filled[0] if filled else b""
    return b"".join(heapq.merge(*(entries(data, width) for data in filled)))


def without_pairs(asked: bytes, answered: bytes, width: int) -> tuple[bytes, bytes]:
    """What of both sorted lists has no counterpart in the other."""
    if not asked or not answered:
        return asked, answered
    alone: tuple[list[bytes], list[bytes]] = ([], [])
    left, right = entries(asked, width), entries(answered, width)
    one, other = next(left, None), next(right, None)
    while one is not None or other is not None:
        if one is not None and one == other:
            one, other = next(left, None), next(right, None)
        elif other is None or (one is not None and one < other):
            alone[0].append(one or b"")
            one = next(left, None)
        else:
            alone[1].append(other)
            other = next(right, None)
    return b"".join(alone[0]), b"".join(alone[1])
