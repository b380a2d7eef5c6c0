"""Aggregate and merge: 50 ballots to one product, 50 products to one, and the last one sealed.

Sealing reconciles: the tree over (position, hash of the item, weight, status) that the workers built from the
bytes they added up must be the one over the frozen list, and counts and weights must agree (rule 13).
"""

from typing import Any

from sqlalchemy import Row, select

from amarvote.pipeline import phases as order
from amarvote.pipeline import tree
from amarvote.pipeline.chunks import ChunkRefusedError
from amarvote.pipeline.constants import about
from amarvote.pipeline.messages import Message
from amarvote.pipeline.phases import Place, Step, all_done, register
from amarvote.pipeline.publishing import begin_publish
from amarvote.pipeline.record_rows import store_items
from amarvote.record.merkle import CompactRange
from amarvote.record.sections import Section, SectionType
from amarvote.store.tables import ballot_items, ballots

AGGREGATE = "aggregate"
MERGE = "merge"


def load_ballots(where: Place, chunk: Row[Any]) -> Message:
    """The items of the list between the chunk's bounds."""
    rows = where.connection.execute(
        select(ballots.c.number, ballots.c.leaf, ballots.c.weight, ballots.c.status, ballot_items.c.item)
        .join(ballot_items, ballot_items.c.number == ballots.c.number)
        .where(
            ballots.c.election_id == where.election.id,
            ballots.c.ordinal >= chunk.first,
            ballots.c.ordinal < chunk.last,
        )
        .order_by(ballots.c.ordinal)
    ).all()
    entries = [
        {"number": row.number, "leaf": row.leaf.hex(), "weight": row.weight, "status": row.status} for row in rows
    ]
    return about(
        where.election, AGGREGATE, {"first": chunk.first, "ballots": entries}, *(row.item for row in rows)
    )


def commit_product(where: Place, chunk: Row[Any], result: Message) -> None:  # noqa: ARG001
    """The product is the chunk's result; it must cover exactly the chunk's bounds."""
    covered = CompactRange.from_bytes(bytes.fromhex(result.fields["range"]))
    if (covered.begin, covered.end) != (chunk.first, chunk.last):
        raise ChunkRefusedError(
            f"Ballots {chunk.first} to {chunk.last} of the list were to be added up; "
            f"what came back covers {covered.begin} to {covered.end}."
        )


def begin_merge(where: Place) -> None:
    """All ballots are added up, 50 by 50; the tree begins."""
    phase = order.begin(where.connection, where.election.id, MERGE, where.phase.scope)
    tree.grow(Place.of(where.connection, where.settings, phase))


def load_products(where: Place, chunk: Row[Any]) -> Message:
    """The products to put together."""
    results = tree.results_of(where.connection, where.phase, chunk)
    fields = {"results": [one.fields for one in results], "root": chunk.spec == tree.ROOT}
    return about(where.election, MERGE, fields, *(one.data for one in results))


def commit_merge(where: Place, chunk: Row[Any], result: Message) -> None:
    """Store the product; seal the tally where it is the last one."""
    commit_product(where, chunk, result)
    if chunk.spec != tree.ROOT:
        return
    election = where.election
    covered = CompactRange.from_bytes(bytes.fromhex(result.fields["range"]))
    found = (covered.root(), covered.end, result.fields["ballots"], result.fields["weight"])
    frozen = (election.list_root, election.list_ballots, election.cast_ballots, election.cast_weight)
    if found != frozen:
        raise ChunkRefusedError(
            "The tally does not reconcile with the frozen list of ballots (tree, ballots, cast ballots, weight): "
            f"{_shown(found)} instead of {_shown(frozen)}. Nothing is sealed."
        )
    tally = Section(SectionType.ENCRYPTED_TALLY)
    store_items(where.connection, election.id, tally, enumerate(result.parts[1:]))


def sealed(where: Place) -> bool:
    """The whole tree is there."""
    return all_done(where) and not tree.grow(where)


def _shown(values: tuple[Any, ...]) -> str:
    return ", ".join(value.hex() if isinstance(value, bytes) else str(value) for value in values)


register(AGGREGATE, Step(all_done, begin_merge, load_ballots, commit_product, keeps=True))
register(MERGE, Step(sealed, begin_publish, load_products, commit_merge, keeps=True))
