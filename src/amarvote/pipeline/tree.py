"""Trees of chunks: each puts together at most 50 results of the level below, until one is left (rules 13, 14).

Bounds are those of what lies below, so they are contiguous, and a level is planned only when all below it is done.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from amarvote.pipeline import chunks as life
from amarvote.pipeline.chunks import NewChunk
from amarvote.pipeline.phases import Place
from amarvote.store.tables import chunk_results, chunks, phases

GROUND = {"merge": ("aggregate", 0), "verify_merge": ("verify", 1)}
"""For each tree: the phase, and the level within it, whose results are its leaves."""

ROOT = {"root": True}
"""What the last chunk of a tree is told beside its bounds."""

PAGE = 1000


def _inputs(phase: Row[Any], level: int, *within: ColumnElement[bool]) -> Select[Any]:
    """The results that a level puts together, in order: chunk id, bounds, bytes; all, or those `within`."""
    if level == 1:
        name, level_below = GROUND[phase.name]
        of_phase = chunks.c.phase_id == (
            select(phases.c.id)
            .where(phases.c.election_id == phase.election_id, phases.c.name == name, phases.c.scope == phase.scope)
            .scalar_subquery()
        )
    else:
        of_phase, level_below = chunks.c.phase_id == phase.id, level - 1
    return (
        select(chunks.c.id, chunks.c.first, chunks.c.last, func.length(chunk_results.c.data).label("bytes"))
        .join(chunk_results, chunk_results.c.chunk_id == chunks.c.id)
        .where(of_phase, chunks.c.level == level_below, chunks.c.state == life.DONE, *within)
        .order_by(chunks.c.first, chunks.c.last)
    )


def inputs_of(connection: Connection, phase: Row[Any], chunk: Row[Any]) -> list[Row[Any]]:
    """The results that one chunk of a tree puts together, in order."""
    within = (chunks.c.first >= chunk.first, chunks.c.last <= chunk.last)
    return list(connection.execute(_inputs(phase, chunk.level, *within)))


def results_of(connection: Connection, phase: Row[Any], chunk: Row[Any]) -> list[Row[Any]]:
    """The same with what they hold: `fields` and `data`."""
    return [
        connection.execute(select(chunk_results).where(chunk_results.c.chunk_id == one.id)).one()
        for one in inputs_of(connection, phase, chunk)
    ]


def grow(where: Place) -> bool:
    """Add the next level, where the one above all others is done and has more than one result; was there one?

    Of what lies below, and of what is added, only some is in memory at a time.
    """
    connection, phase = where.connection, where.phase
    top = connection.execute(
        select(func.coalesce(func.max(chunks.c.level), 0)).where(chunks.c.phase_id == phase.id)
    ).scalar_one()
    below = iter(connection.execute(_inputs(phase, top + 1).execution_options(yield_per=PAGE)))
    two = list(islice(below, 2))
    if top and len(two) == 1:
        return False
    groups = _groups(chain(two, below), where.settings.items, where.settings.chunk_bytes)
    begun = list(islice(groups, 2))
    spec = ROOT if len(begun) == 1 else None
    life.add(connection, phase, (NewChunk(*bounds, top + 1, spec) for bounds in chain(begun, groups)))
    return True


def _groups(below: Iterable[Row[Any]], items: int, most_bytes: int) -> Iterator[tuple[int, int]]:
    """Bounds of groups of 2 to `items` neighbours within `most_bytes`; no result at all is one empty group."""
    first = last = size = count = 0
    for one in below:
        if count and count < max(items, 2) and (count < 2 or size + one.bytes <= most_bytes):
            last, size, count = one.last, size + one.bytes, count + 1
            continue
        if count:
            yield first, last
        first, last, size, count = one.first, one.last, one.bytes, 1
    yield first, last
