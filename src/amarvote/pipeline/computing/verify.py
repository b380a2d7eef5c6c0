"""Verify the written record as anyone else would: the plan, its tasks, and what spans them.

Fields of every message: `election`, `writing`: whose record, and which writing of it.
"""

from amarvote.pipeline.computing.kit import Kit, plain
from amarvote.pipeline.messages import Message
from amarvote.record.sections import Phase
from amarvote.record.verifier import Partial, Task, conclude, merge, plan, run_task


def make_plan(kit: Kit, message: Message) -> Message:
    """Answers one part for each task."""
    with kit.record(message) as record:
        tasks = plan(record, Phase.FINAL)
    return Message("plan", {}, tuple(task.to_bytes() for task in tasks))


def verify(kit: Kit, message: Message) -> Message:
    """Part: a task. Answers what it found, in one part."""
    with kit.record(message) as record:
        partial = run_task(record, Task.from_bytes(message.parts[0]))
    return Message("verify", {}, (partial.to_bytes(),))


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
