"""Combine: one chunk for each part of a run. A share that does not hold names its guardian, who is set aside."""

from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from amarvote.pipeline import chunks as life
from amarvote.pipeline import locks
from amarvote.pipeline import phases as order
from amarvote.pipeline import runs as running
from amarvote.pipeline.chunks import ChunkRefusedError, NewChunk
from amarvote.pipeline.constants import about
from amarvote.pipeline.messages import Message
from amarvote.pipeline.phases import Place, Step, all_done, register
from amarvote.pipeline.record_rows import items_of, tally_items
from amarvote.pipeline.recording import begin_record
from amarvote.pipeline.settling import CHALLENGED
from amarvote.record.sections import SectionType
from amarvote.store.tables import (
    ballot_items,
    ballots,
    devices,
    guardians,
    messages,
    openings,
    runs,
)

NAME = "combine"


def _run_of(where: Place) -> Row[Any]:
    return where.connection.execute(select(runs).where(runs.c.id == where.phase.scope)).one()


def _answered(where: Place) -> bool:
    return not running.missing(where.connection, _run_of(where), where.phase.name)


def begin_combine(where: Place) -> None:
    """Every guardian of the run has delivered everything: one chunk for each part."""
    run = _run_of(where)
    where.connection.execute(update(runs).where(runs.c.id == run.id).values(state="combining"))
    phase = order.begin(where.connection, where.election.id, NAME, run.id)
    new = [NewChunk(part.first, part.first + part.count, spec=part.plain()) for part in running.parts_of(run)]
    life.add(where.connection, phase, new)


def load(where: Place, chunk: Row[Any]) -> Message:
    """The guardians' keys, what they sent of this part, and the ciphertexts. Bounds may be half of a part."""
    connection, election, run = where.connection, where.election, _run_of(where)
    part = running.Part(**chunk.spec)
    names = running.ROUNDS if part.kind == running.TALLY else ("respond",)
    payloads = [_payload(connection, run, name, part.part, member) for member in run.guardians for name in names]
    fields: dict[str, Any] = {
        "kind": part.kind,
        "members": run.guardians,
        "first": chunk.first,
        "count": chunk.last - chunk.first,
        "skip": chunk.first - part.first,
        "part_count": part.count,
        "run": run.id,
        "root": run.root.hex(),
    }
    keys = items_of(connection, election.id, SectionType.GUARDIANS)
    if part.kind == running.TALLY:
        items = tally_items(connection, election.id)
    else:
        rows = _challenged(connection, election.id, chunk.first, chunk.last)
        fields["locators"] = [[row.h_di.hex(), row.position] for row in rows]
        items = [row.item for row in rows]
    return about(election, NAME, fields, *keys, *payloads, *items)


def _payload(connection: Connection, run: Row[Any], name: str, part: int, member: int) -> bytes:
    payload: bytes = connection.execute(
        select(messages.c.payload).where(
            messages.c.election_id == run.election_id,
            messages.c.conversation == run.id,
            messages.c.round == name,
            messages.c.part == part,
            messages.c.sender == member,
        )
    ).scalar_one()
    return payload


def _challenged(connection: Connection, election_id: str, first: int, last: int) -> list[Row[Any]]:
    """Challenged ballots by their number in the list of challenged ballots, in ascending locator."""
    return list(
        connection.execute(
            select(devices.c.h_di, ballots.c.position, ballot_items.c.item)
            .join(devices, devices.c.id == ballots.c.device_id)
            .join(ballot_items, ballot_items.c.number == ballots.c.number)
            .where(
                ballots.c.election_id == election_id,
                ballots.c.ordinal.is_not(None),
                ballots.c.status == CHALLENGED,
            )
            .order_by(ballots.c.ordinal)
            .offset(first)
            .limit(last - first)
        )
    )


def commit(where: Place, chunk: Row[Any], result: Message) -> None:
    """Store what was opened, or set the culprit aside."""
    culprit = result.fields.get("culprit")
    if culprit is not None:
        locks.election(where.connection, where.election.id)
        already = where.connection.execute(
            select(guardians.c.aside).where(
                guardians.c.election_id == where.election.id, guardians.c.number == culprit
            )
        ).scalar_one()
        if already is None:
            running.set_aside(where.connection, where.election.id, culprit, result.fields["sentence"])
        return
    if len(result.parts) != chunk.last - chunk.first:
        raise ChunkRefusedError(
            f"{chunk.last - chunk.first} items were to be opened, {len(result.parts)} came back."
        )
    kind = chunk.spec["kind"]
    # an earlier run may have opened half of the part: what was verified then stands
    of_chunk = select(openings.c.number).where(
        openings.c.election_id == where.election.id,
        openings.c.kind == kind,
        openings.c.number >= chunk.first,
        openings.c.number < chunk.last,
    )
    opened = set(where.connection.execute(of_chunk).scalars())
    pairs = zip(result.parts, result.fields["findings"], strict=True)
    for number, (data, findings) in enumerate(pairs, start=chunk.first):
        if number in opened:
            continue
        where.connection.execute(
            insert(openings).values(
                election_id=where.election.id,
                kind=kind,
                number=number,
                run_id=where.phase.scope,
                findings=findings,
                data=data,
            )
        )


def follow(where: Place) -> None:
    """All is combined: on to the record. Else a new run of those who remain, over the rest."""
    connection, election, run = where.connection, where.election, _run_of(where)
    if not running.not_combined(connection, where.settings, election):
        connection.execute(update(runs).where(runs.c.id == run.id).values(state="done"))
        begin_record(where)
        return
    running.stop(connection, run, "a guardian's share did not hold")
    running.go_on(connection, where.settings, election, run.guardians)


register("respond", Step(_answered, begin_combine))
register(NAME, Step(all_done, follow, load, commit))
