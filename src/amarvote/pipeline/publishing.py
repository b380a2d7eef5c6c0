"""Writing the record: one chunk for each segment, then the table of contents that fixes the phase's root.

Three phases write: `setup` after the ceremony, `publish` through the aggregated phase, before any guardian answers
(rule 16), `record` at the end, or once more over everything by command (rule 14). Roots come from the leaf hashes
that the database holds; whoever writes an item checks its bytes against them. The files are rows, committed with
the chunk that made them (see `record_files`).
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Row, func, select, union_all, update

from amarvote.pipeline import chunks as life
from amarvote.pipeline import phases as order
from amarvote.pipeline import states
from amarvote.pipeline.chunks import ChunkRefusedError, NewChunk
from amarvote.pipeline.messages import Message
from amarvote.pipeline.phases import Place, Step, all_done, register
from amarvote.pipeline.record_files import Writing, store_file, writing_of
from amarvote.record.merkle import Tree
from amarvote.record.sections import SEGMENTED, DeviceKind, Phase, Section, SectionType, device_section
from amarvote.store.tables import ballot_items, ballots, chunks, devices, elections, record_items

PUBLISH = "publish"
SEGMENTS = 1
"""Level of the chunks that write segments; level 0 is for what makes items first, level 2 for the toc."""

PAGE = 5000

ROOTS = {
    Phase.SETUP: elections.c.setup_root,
    Phase.AGGREGATED: elections.c.aggregated_root,
    Phase.FINAL: elections.c.final_root,
}


def sections(connection: Connection, election_id: str, through: Phase) -> list[Section]:
    """The sections that a record through this phase has, ascending."""
    h_dis = connection.execute(
        select(devices.c.h_di).where(
            devices.c.id.in_(
                select(ballots.c.device_id).where(
                    ballots.c.election_id == election_id, ballots.c.ordinal.is_not(None)
                )
            )
        )
    ).scalars()
    found = [Section(kind) for kind in SectionType if kind < SectionType.TOC and kind is not SectionType.DEVICE]
    found += [device_section(DeviceKind.REGULAR, h_di) for h_di in h_dis]
    return sorted(section for section in found if section.phase <= through)


def _plan_segments(where: Place, through: Phase, after: Phase | None) -> None:
    for section in sections(where.connection, where.election.id, through):
        if after is None or section.phase > after:
            life.add(where.connection, where.phase, _segments_of(where, section))


def _segments_of(where: Place, section: Section) -> Iterator[NewChunk]:
    """Bounds [first, last) of each segment: 50 items and the byte bound, where there may be several files."""
    sizes = _sizes(where.connection, where.election.id, section)
    spec = {"section": int(section.type), "key": section.key.hex()}
    segmented = section.type is SectionType.DEVICE or section.type in SEGMENTED
    number = first = last = size = 0
    for item_bytes in sizes:
        full = last - first == where.settings.items or size + item_bytes > where.settings.chunk_bytes
        if segmented and full and last > first:
            yield NewChunk(first, last, SEGMENTS, {**spec, "segment": number})
            number, first, size = number + 1, last, 0
        last, size = last + 1, size + item_bytes
    yield NewChunk(first, last, SEGMENTS, {**spec, "segment": number})


def _sizes(connection: Connection, election_id: str, section: Section) -> Iterable[int]:
    if section.type is SectionType.DEVICE:
        of_ballots = select(ballots.c.item_bytes).where(_in_device(election_id, section))
        ordered = of_ballots.order_by(ballots.c.position).execution_options(yield_per=PAGE)
        return chain((0,), connection.execute(ordered).scalars(), (0,))
    of_items = select(func.length(record_items.c.item)).where(_in_section(election_id, section))
    ordered = of_items.order_by(record_items.c.ordinal).execution_options(yield_per=PAGE)
    return connection.execute(ordered).scalars()


def grow(where: Place, through: Phase, after: Phase | None) -> bool:
    """Add the chunks that are due after those that are done; were there any to add?

    First those that write the sections of the phases after `after` (None: all) up to `through`, then the one that
    writes the table of contents.
    """
    top = where.connection.execute(
        select(func.coalesce(func.max(chunks.c.level), 0)).where(chunks.c.phase_id == where.phase_id)
    ).scalar_one()
    if top > SEGMENTS:
        return False
    if top < SEGMENTS:
        _plan_segments(where, through, after)
    else:
        life.add(where.connection, where.phase, [NewChunk(0, 0, SEGMENTS + 1, {"toc": int(through)})])
    return True


def load(where: Place, chunk: Row[Any]) -> Message:
    """The items of a segment with their hashes, or what the toc lists."""
    connection, election = where.connection, where.election
    if "toc" in chunk.spec:
        through = Phase(chunk.spec["toc"])
        entries = [
            _entry(connection, election.id, section) for section in sections(connection, election.id, through)
        ]
        return Message("toc", {"phase": int(through), "entries": entries})
    section = Section(SectionType(chunk.spec["section"]), bytes.fromhex(chunk.spec["key"]))
    rows = _items(connection, election.id, section, chunk.first, chunk.last)
    fields = {**chunk.spec, "first": chunk.first, "leaves": [row.leaf.hex() for row in rows]}
    return Message("segment", fields, tuple(row.item for row in rows))


def _items(connection: Connection, election_id: str, section: Section, first: int, last: int) -> list[Row[Any]]:
    own = connection.execute(
        select(record_items.c.ordinal, record_items.c.leaf, record_items.c.item).where(
            _in_section(election_id, section), record_items.c.ordinal >= first, record_items.c.ordinal < last
        )
    ).all()
    rows: list[Any] = list(own)
    if section.type is SectionType.DEVICE:
        rows += connection.execute(
            select(ballots.c.position.label("ordinal"), ballots.c.leaf, ballot_items.c.item)
            .join(ballot_items, ballot_items.c.number == ballots.c.number)
            .where(_in_device(election_id, section), ballots.c.position >= first, ballots.c.position < last)
        ).all()
    return sorted(rows, key=_ordinal)


def _ordinal(row: Row[Any]) -> int:
    return int(row.ordinal)


def _entry(connection: Connection, election_id: str, section: Section) -> list[Any]:
    """Type, key, number of items and root of one section."""
    leaves = [select(record_items.c.leaf, record_items.c.ordinal).where(_in_section(election_id, section))]
    if section.type is SectionType.DEVICE:
        leaves.append(select(ballots.c.leaf, ballots.c.position).where(_in_device(election_id, section)))
    ordered = union_all(*leaves).order_by("ordinal").execution_options(yield_per=PAGE)
    tree = Tree()
    for row in connection.execute(ordered):
        tree.add(row.leaf)
    return [int(section.type), section.key.hex(), tree.count, tree.root().hex()]


def _in_section(election_id: str, section: Section) -> Any:
    return (
        (record_items.c.election_id == election_id)
        & (record_items.c.section == int(section.type))
        & (record_items.c.key == section.key)
    )


def _in_device(election_id: str, section: Section) -> Any:
    device = select(devices.c.id).where(devices.c.election_id == election_id, devices.c.h_di == section.key[1:])
    return (ballots.c.device_id == device.scalar_subquery()) & ballots.c.ordinal.is_not(None)


def commit(where: Place, chunk: Row[Any], result: Message) -> None:
    """Store the files. A toc fixes the root of its phase; a record written anew must have the same roots."""
    is_toc = "toc" in chunk.spec
    phase = Phase(chunk.spec["toc"]) if is_toc else Section(SectionType(chunk.spec["section"])).phase
    writing = Writing(where.election.id, writing_of(where.phase), phase)
    for path, data in zip(result.fields["paths"], result.parts, strict=True):
        store_file(where.connection, writing, path, data)
    if not is_toc:
        return
    column = ROOTS[phase]
    root = bytes.fromhex(result.fields["root"])
    fixed = getattr(where.election, column.key)
    if fixed is not None and fixed != root:
        raise ChunkRefusedError(
            f"The root {root.hex()} of the record is not the one that was fixed before, {fixed.hex()}; "
            "what it is made of was changed in the database since. Restore it from a backup, then retry the chunk."
        )
    where.connection.execute(
        update(elections).where(elections.c.id == where.election.id).values({column.key: root})
    )


def begin_publish(where: Place) -> None:
    """The tally is sealed: write the record through its aggregated phase."""
    order.begin(where.connection, where.election.id, PUBLISH)


def published(where: Place) -> bool:
    """Segments and toc are written."""
    return all_done(where) and not grow(where, Phase.AGGREGATED, after=Phase.SETUP)


def await_guardians(where: Place) -> None:
    """The record through its aggregated phase is public: guardians can verify it and check in."""
    states.move(where.connection, where.election.id, states.WAITING_FOR_GUARDIANS)


register(PUBLISH, Step(published, await_guardians, load, commit))
