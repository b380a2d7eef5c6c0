"""The frozen list of accepted ballots: what the tree over it commits to (rule 13)."""

from amarvote.record.merkle import leaf


def list_entry(ordinal: int, item_leaf: bytes, weight: int, status: int) -> bytes:
    """The leaf hash of one ballot in the list: its place, the hash of its item, its weight, cast or challenged.

    So an altered byte, weight or status shows, and not only a ballot that is missing or there twice.
    """
    return leaf(ordinal.to_bytes(8, "big") + item_leaf + weight.to_bytes(4, "big") + bytes((status,)))
