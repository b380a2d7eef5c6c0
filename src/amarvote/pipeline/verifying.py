"""Verify: the written record, read back from its files and checked in chunks; then published, or not (rule 14).

A finding at a challenged ballot that its own nonce does not open is its encryptor's doing, known since the
ballot was combined; it is published and holds nothing back (rule 4). Any other keeps the results closed.
"""

from typing import Any

from sqlalchemy import Row, select, update

from amarvote.pipeline import chunks as life
from amarvote.pipeline import phases as order
from amarvote.pipeline import states, tree
from amarvote.pipeline.chunks import NewChunk
from amarvote.pipeline.messages import Message
from amarvote.pipeline.phases import Place, Step, all_done, register
from amarvote.store.tables import elections, openings

VERIFY = "verify"
MERGE = "verify_merge"
PLAN_LEVEL = 0
TASK_LEVEL = 1


def begin_verify(where: Place) -> None:
    """The record is written: a first chunk plans its verification."""
    states.move(where.connection, where.election.id, states.VERIFYING)
    phase = order.begin(where.connection, where.election.id, VERIFY, where.phase.scope)
    life.add(where.connection, phase, [NewChunk(0, 0, PLAN_LEVEL)])


def load(where: Place, chunk: Row[Any]) -> Message:
    """Nothing but the record's place for the plan; one task of the plan for the others."""
    fields = {"folder": where.election.folder}
    if chunk.level == PLAN_LEVEL:
        return Message("plan", fields)
    return Message(VERIFY, fields, (chunk.spec["task"].encode(),))


def commit(where: Place, chunk: Row[Any], result: Message) -> None:
    """The plan becomes chunks; what a task found stays the chunk's result."""
    if chunk.level == PLAN_LEVEL:
        tasks = [
            NewChunk(number, number + 1, TASK_LEVEL, {"task": task.decode()})
            for number, task in enumerate(result.parts)
        ]
        life.add(where.connection, where.phase, tasks)


def begin_merge(where: Place) -> None:
    """Every task is done; the tree over what they found begins."""
    phase = order.begin(where.connection, where.election.id, MERGE, where.phase.scope)
    tree.grow(Place(where.connection, where.settings, where.election, phase))


def load_merge(where: Place, chunk: Row[Any]) -> Message:
    """The partial results to put together."""
    results = tree.results_of(where.connection, where.phase, chunk)
    fields = {"folder": where.election.folder, "root": chunk.spec == tree.ROOT}
    return Message(MERGE, fields, tuple(one.data for one in results))


def commit_merge(where: Place, chunk: Row[Any], result: Message) -> None:
    """The last one holds the report."""
    if chunk.spec == tree.ROOT:
        report = {"checks": result.fields["checks"], "findings": result.fields["findings"]}
        where.connection.execute(
            update(elections).where(elections.c.id == where.election.id).values(report=report)
        )


def concluded(where: Place) -> bool:
    """The whole tree is there."""
    return all_done(where) and not tree.grow(where)


def follow(where: Place) -> None:
    """Publish, unless something was found that rule 4 does not excuse."""
    findings = where.election.report["findings"]
    serious = [finding for finding in findings if not _excused(where, finding)]
    if not serious:
        states.move(where.connection, where.election.id, states.PUBLISHED)
        return
    first = serious[0]
    note = f"{len(serious)} findings; the first: {first['code']} at {first['where']}: {first['message']}"
    states.move(where.connection, where.election.id, states.VERIFICATION_FAILED, note)


def _excused(where: Place, finding: dict[str, str]) -> bool:
    """Is this a finding of step 13 or 14 at a ballot of which combining found that its nonce does not open it?"""
    if finding["code"].partition(".")[0] not in ("13", "14"):
        return False
    places = where.connection.execute(
        select(openings.c.problem).where(
            openings.c.election_id == where.election.id, openings.c.problem.is_not(None)
        )
    ).scalars()
    return any(finding["where"].startswith(place) for place in places)


register(VERIFY, Step(all_done, begin_merge, load, commit))
register(MERGE, Step(concluded, follow, load_merge, commit_merge))
