"""Aggregate 50 ballots into one product per option; merge products; seal the last one into the encrypted tally."""

from collections.abc import Iterator
from functools import reduce
from operator import add

from amarvote.electionguard.aggregation import PartialTally, add_ballots, to_tally
from amarvote.electionguard.ballots import EncryptedBallot
from amarvote.pipeline.computing.kit import ComputeError, Kit
from amarvote.pipeline.computing.products import pack, unpack
from amarvote.pipeline.listing import list_entry
from amarvote.pipeline.messages import Message
from amarvote.record.canonical import decode_item
from amarvote.record.codec import encrypted_tally_item, read_ballot, tally_header_item
from amarvote.record.items import EncryptedTallyHeader
from amarvote.record.merkle import CompactRange, leaf


def aggregate(kit: Kit, message: Message) -> Message:
    """Fields: `first` (ordinal), `ballots`: [{number, leaf, weight, status}]; parts: the items in order."""
    context = kit.context(message)
    first = message.fields["first"]
    entries = message.fields["ballots"]
    items = kit.parts(message)
    leaves: list[bytes] = []

    def ballots() -> Iterator[EncryptedBallot]:
        for ordinal, (entry, item) in enumerate(zip(entries, items, strict=True), start=first):
            item_leaf = leaf(item)
            ballot = read_ballot(decode_item(item)) if item_leaf.hex() == entry["leaf"] else None
            if ballot is None or (ballot.weight, int(ballot.status)) != (entry["weight"], entry["status"]):
                raise ComputeError(
                    f"Ballot {entry['number']} is not stored as it was accepted: its bytes, weight or status were "
                    "changed in the database since. Restore it from a backup, then retry the chunk."
                )
            leaves.append(list_entry(ordinal, item_leaf, ballot.weight, int(ballot.status)))
            yield ballot

    partial = add_ballots(context, kit.engine, ballots())
    fields, data = pack(partial, CompactRange.of(first, leaves))
    return Message("aggregate", fields, (data,))


def merge(kit: Kit, message: Message) -> Message:
    """Fields: `results` (fields of each product, in order), `root`; parts: their data. The last one also seals.

    Parts of the answer: data, and with `root` the items of section encrypted_tally.
    """
    context = kit.context(message)
    unpacked = [
        unpack(fields, data) for fields, data in zip(message.fields["results"], kit.parts(message), strict=True)
    ]
    partial = PartialTally.merge(part for part, _ in unpacked)
    covered = reduce(add, (covered for _, covered in unpacked)) if unpacked else CompactRange.of(0, ())
    fields, data = pack(partial, covered)
    items: list[bytes] = []
    if message.fields["root"]:
        items.append(tally_header_item(EncryptedTallyHeader(partial.ballots, partial.weight)))
        items += [encrypted_tally_item(contest) for contest in to_tally(context, partial)]
    return Message("merge", fields, (data, *items))
