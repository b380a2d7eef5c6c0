"""Partial tallies and the tree over the frozen list, as they lie in a chunk's result.

Fields: ballots, weight, contests {index: [options, weight]}, range (hex); data: (A, B) in 512 bytes each, by
contest.
"""

from typing import Any

from gmpy2 import mpz

from amarvote.electionguard.aggregation import PartialTally
from amarvote.electionguard.hashing import element_bytes
from amarvote.electionguard.parameters import P_BYTES
from amarvote.record.merkle import CompactRange


def pack(partial: PartialTally, covered: CompactRange) -> tuple[dict[str, Any], bytes]:
    """The fields and the data of a result."""
    order = sorted(partial.products)
    fields = {
        "ballots": partial.ballots,
        "weight": partial.weight,
        "contests": {
            str(index): [len(partial.products[index]), partial.contest_weights[index]] for index in order
        },
        "range": covered.to_bytes().hex(),
    }
    elements = (element for index in order for pair in partial.products[index] for element in pair)
    return fields, b"".join(map(element_bytes, elements))


def unpack(fields: dict[str, Any], data: bytes) -> tuple[PartialTally, CompactRange]:
    """What `pack` wrote."""
    elements = iter([mpz.from_bytes(data[at : at + P_BYTES], "big") for at in range(0, len(data), P_BYTES)])
    products = {
        int(index): tuple((next(elements), next(elements)) for _ in range(options))
        for index, (options, _) in sorted(fields["contests"].items(), key=lambda entry: int(entry[0]))
    }
    weights = {int(index): weight for index, (_, weight) in fields["contests"].items()}
    covered = CompactRange.from_bytes(bytes.fromhex(fields["range"]))
    return PartialTally(products, weights, fields["ballots"], fields["weight"]), covered
