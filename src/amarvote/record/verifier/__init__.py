"""Verifies records: every check of the specification and of the format, streaming, in chunks that can be spread.

`verify_record` does it all on one machine. The same in pieces, for workers: `plan` cuts a record into tasks of at
most fifty items, `run_task` does one, `merge` puts what they found together, in their order and any grouping,
`conclude` says what it comes to. `catalogue` lists the checks, docs/protocol.md which function makes each.
May import `electionguard` and the rest of `record`.
"""

from amarvote.record.outcome import Outcome
from amarvote.record.reader import Record
from amarvote.record.sections import Phase
from amarvote.record.verifier.catalogue import CHECKS, Check
from amarvote.record.verifier.conclusion import conclude_session
from amarvote.record.verifier.merging import merge
from amarvote.record.verifier.partial import Partial
from amarvote.record.verifier.planning import plan_session, run_session_task
from amarvote.record.verifier.report import VerificationReport
from amarvote.record.verifier.running import verify_record
from amarvote.record.verifier.session import Session
from amarvote.record.verifier.tasks import Task

__all__ = [
    "CHECKS",
    "Check",
    "Outcome",
    "Partial",
    "Task",
    "VerificationReport",
    "conclude",
    "merge",
    "plan",
    "run_task",
    "verify_record",
]


def plan(record: Record, phase: Phase = Phase.FINAL) -> list[Task]:
    """The tasks that verify an open record up to `phase`."""
    return plan_session(Session(record, phase))


def run_task(record: Record, task: Task) -> Partial:
    """Do one task, in this process."""
    return run_session_task(Session(record, Phase(task.phase)), task)


def conclude(record: Record, partial: Partial) -> VerificationReport:
    """The report, from all tasks' partials put together."""
    return conclude_session(Session(record, Phase(partial.phase or Phase.FINAL)), partial)
