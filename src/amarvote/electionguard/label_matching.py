"""Comparing what a tally or an opened ballot lists with what the manifest lists, by index and by label at once.

The specification compares labels; the record also carries indices, and the ciphertexts are found by index. Each
fault is meant to show once: an entry with a wrong label still counts as present by its index, and the reverse.
"""

from collections.abc import Sequence
from dataclasses import dataclass

Entry = tuple[int, str]
"""(index from 1, label)."""


@dataclass(frozen=True, slots=True)
class Mismatches:
    """Positions in the list at fault, and the manifest's entries that are nowhere in it.

    unknown     the label is not in the manifest
    misplaced   the label is in the manifest, at another index; or label or index were there before
    absent      neither the index nor the label occurs
    """

    unknown: tuple[int, ...]
    misplaced: tuple[int, ...]
    absent: tuple[Entry, ...]


def compare(listed: Sequence[Entry], expected: Sequence[Entry]) -> Mismatches:
    """How `listed` differs from `expected`, the manifest's list; order is not looked at."""
    index_of = {label: index for index, label in expected}
    unknown, misplaced = [], []
    indices: set[int] = set()
    labels: set[str] = set()
    for position, (index, label) in enumerate(listed):
        if label not in index_of:
            unknown.append(position)
        elif index_of[label] != index or index in indices or label in labels:
            misplaced.append(position)
        indices.add(index)
        labels.add(label)
    absent = tuple((index, label) for index, label in expected if index not in indices and label not in labels)
    return Mismatches(tuple(unknown), tuple(misplaced), absent)
