"""Verify the written record as anyone else would: the plan, its tasks, and what spans them.

Fields of every message: `election`, `writing`: whose record, and which writing of it.
"""

from amarvote.pipeline.computing.kit import Kit, plain
from amarvote.pipeline.messages import Message
from amarvote.record.reader import Record
from amarvote.record.sections import Phase
from amarvote.record.verifier import Partial, Task, conclude, merge, plan, run_task
from amarvote.record.verifier.tasks import Kind


def make_plan(kit: Kit, message: Message) -> Message:
    """Answers one part for each task."""
    with kit.record(message) as record:
        tasks = plan(record, Phase.FINAL)
    return Message("plan", {}, tuple(task.to_bytes() for task in tasks))


def verify(kit: Kit, message: Message) -> Message:
    """Part: a task. Answers what it found, in one part, then the confirmation codes of its ballots, one each."""
    task = Task.from_bytes(message.parts[0])
    with kit.record(message) as record:
        partial = run_task(record, task)
        codes = _codes(record, task) if task.kind is Kind.DEVICE else []
    return Message("verify", {}, (partial.to_bytes(), *codes))


def _codes(record: Record, task: Task) -> list[bytes]:
    """The codes as they stand in the record; the board has to have each (rule 22)."""
    items = record.items(record.sections()[task.section], task.start, task.stop)
    found = [raw.item.encrypted_ballot for raw in items if raw.item and raw.item.HasField("encrypted_ballot")]
    return [ballot.confirmation_code for ballot in found]


def verify_merge(kit: Kit, message: Message) -> Message:
    """Fields: `root`; parts: what tasks or merges found, in order. The last one also says what it comes to."""
    partial = merge([Partial.from_bytes(part) for part in message.parts])
    if not message.fields["root"]:
        return Message("verify_merge", {}, (partial.to_bytes(),))
    with kit.record(message) as record:
        report = conclude(record, partial)
    fields = {
        "checks": dict(report.checks),
        "counts": dict(report.counts),
        "findings": [plain(finding) for finding in report.findings],
        "roots": {phase.name.lower(): root.hex() for phase, root in report.roots.items()},
    }
    return Message("verify_merge", fields, (partial.to_bytes(),))
