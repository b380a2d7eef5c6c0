"""Verify: the written record, read back from its files and checked in chunks; then published, or not (rule 14).

Every confirmation code of the record has to be on the board, and no other (rule 22).

A finding at a challenged ballot that its own nonce does not open is its encryptor's doing, known since the
ballot was combined; it is published and holds nothing back (rule 4). Any other keeps the results closed.
"""

from collections import Counter
from typing import Any

from sqlalchemy import Connection, Row, select, update

from amarvote.pipeline import chunks as life
from amarvote.pipeline import phases as order
from amarvote.pipeline import sequencing, states, tree
from amarvote.pipeline.chunks import NewChunk
from amarvote.pipeline.messages import Message
from amarvote.pipeline.phases import Place, Step, all_done, register
from amarvote.pipeline.record_files import writing_of
from amarvote.record.outcome import Outcome
from amarvote.store.tables import elections, openings

VERIFY = "verify"
MERGE = "verify_merge"
NEEDS_NO_KEY = frozenset({"R.signature", "R.attestation"})
"""Checks that may stay open: signatures of a kind that the verifier has no key for."""

PLAN_LEVEL = 0
TASK_LEVEL = 1


def begin_verify(where: Place) -> None:
    """The record is written: a first chunk plans its verification."""
    sequencing.compare_again(where.connection, where.election.id)
    states.move(where.connection, where.election.id, states.VERIFYING)
    phase = order.begin(where.connection, where.election.id, VERIFY, where.phase.scope)
    life.add(where.connection, phase, [NewChunk(0, 0, PLAN_LEVEL)])


def load(where: Place, chunk: Row[Any]) -> Message:
    """Nothing but whose record it is for the plan; one task of the plan for the others. Files are asked for."""
    if chunk.level == PLAN_LEVEL:
        return Message("plan", _whose(where))
    return Message(VERIFY, _whose(where), (chunk.spec["task"].encode(),))


def _whose(where: Place) -> dict[str, Any]:
    return {"election": where.election.id, "writing": writing_of(where.phase)}


def commit(where: Place, chunk: Row[Any], result: Message) -> None:
    """The plan becomes chunks; what a task found stays the chunk's result. Every code has to be on the board."""
    if chunk.level == PLAN_LEVEL:
        tasks = [
            NewChunk(number, number + 1, TASK_LEVEL, {"task": task.decode()})
            for number, task in enumerate(result.parts)
        ]
        life.add(where.connection, where.phase, tasks)
        return
    sequencing.compare(where.connection, where.election.id, result.parts[1:])


def begin_merge(where: Place) -> None:
    """Every task is done; the tree over what they found begins."""
    phase = order.begin(where.connection, where.election.id, MERGE, where.phase.scope)
    tree.grow(Place.of(where.connection, where.settings, phase))


def load_merge(where: Place, chunk: Row[Any]) -> Message:
    """The partial results to put together."""
    results = tree.results_of(where.connection, where.phase, chunk)
    fields = {**_whose(where), "root": chunk.spec == tree.ROOT}
    return Message(MERGE, fields, tuple(one.data for one in results))


def commit_merge(where: Place, chunk: Row[Any], result: Message) -> None:
    """The last one holds the report."""
    if chunk.spec == tree.ROOT:
        where.connection.execute(
            update(elections).where(elections.c.id == where.election.id).values(report=result.fields)
        )


def concluded(where: Place) -> bool:
    """The whole tree is there."""
    return all_done(where) and not tree.grow(where)


def follow(where: Place) -> None:
    """Publish, unless something was found that rule 4 does not excuse."""
    election = where.election
    problem = _first_problem(election, known_misfits(where.connection, election.id))
    problem = problem or sequencing.problem(where.connection, election)
    if problem is None:
        states.move(where.connection, election.id, states.PUBLISHED)
    else:
        states.move(where.connection, election.id, states.VERIFICATION_FAILED, problem)


def known_misfits(connection: Connection, election_id: str) -> list[dict[str, str]]:
    """What combining found of challenged ballots that their own nonces do not open."""
    rows = connection.execute(
        select(openings.c.findings).where(openings.c.election_id == election_id, openings.c.findings.is_not(None))
    ).scalars()
    return [finding for found in rows for finding in found]


def _first_problem(election: Row[Any], known: list[dict[str, str]]) -> str | None:
    """What keeps the results closed, in a sentence; None where nothing does."""
    report = election.report
    excused = {(finding["code"], finding["where"]) for finding in known}
    for finding in report["findings"]:
        if (finding["code"], finding["where"]) not in excused:
            return f"{finding['code']} at {finding['where']}: {finding['message']}"
    # the report lists the first findings of each code only, and counts them all
    expected = Counter(finding["code"] for finding in known)
    for code, count in report["counts"].items():
        if count > expected[code]:
            return f"{code} failed {count} times, of which {expected[code]} are known from challenged ballots"
    for code, outcome in report["checks"].items():
        if outcome == Outcome.NOT_EVALUABLE and code not in NEEDS_NO_KEY:
            return f"{code} could not be evaluated"
    sealed = {"setup": election.setup_root, "aggregated": election.aggregated_root, "final": election.final_root}
    for phase, root in sealed.items():
        if report["roots"].get(phase) != root.hex():
            return f"the {phase} root of the files is not the one that was fixed when they were written"
    return None


register(VERIFY, Step(all_done, begin_merge, load, commit, keeps=True))
register(MERGE, Step(concluded, follow, load_merge, commit_merge, keeps=True))
