"""`amarvote verify`: every check over a published record, as a table or as one JSON object."""

import json
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from amarvote.cli import exits
from amarvote.cli.board import audit_board, verifier_key
from amarvote.cli.progress import progress
from amarvote.cli.tables import results
from amarvote.electionguard.errors import Finding
from amarvote.record.errors import UnreadableRecord
from amarvote.record.sections import Phase
from amarvote.record.verifier import CHECKS, Outcome, VerificationReport, verify_record
from amarvote.record.verifier.results import Results

SHOWN_PER_CHECK = 3
"""Findings of one check that the table lists; --json has more."""

_STYLES = {
    Outcome.PASSED: "green",
    Outcome.FAILED: "bold red",
    Outcome.NOT_APPLICABLE: "dim",
    Outcome.NOT_EVALUABLE: "yellow",
}

PHASES = {phase.name.lower(): phase for phase in Phase}


def verify(
    record: Annotated[Path, typer.Argument(metavar="RECORD", help="A record: a folder or a zip archive.")],
    phase: Annotated[
        str, typer.Option(metavar="|".join(PHASES), help="Verify no further than this phase.")
    ] = "final",
    board: Annotated[
        Path | None, typer.Option(help="The board's file, from the service: /elections/ELECTION/board.")
    ] = None,
    signer: Annotated[
        str | None, typer.Option(metavar="KEY", help="The verifier key of the board's signer.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON object.")] = False,
) -> int:
    """Check a published record, without trusting whoever made it.

    Ends with 0 where everything holds, 1 where anything was found, 2 where RECORD is no record.
    """
    if phase not in PHASES:
        raise exits.UsageProblem(f"There is no phase {phase!r}. Choose one of {', '.join(PHASES)}.")
    key = verifier_key(board, signer)
    report = _verified(record, PHASES[phase])
    audited = None if board is None or key is None else audit_board(record, board, key)
    if as_json:
        told = as_object(report) | ({} if audited is None else {"board": audited.as_object()})
        sys.stdout.write(json.dumps(told) + "\n")
    else:
        Console().print(as_table(report))
        if audited is not None:
            Console().print(audited.as_text())
    return exits.OK if report.passed and (audited is None or audited.holds) else exits.FINDINGS


def _verified(record: Path, phase: Phase) -> VerificationReport:
    try:
        with _terminated_as_interrupted(), progress() as reporter:
            return verify_record(record, phase, reporter)
    except UnreadableRecord as problem:
        raise exits.UnreadableInput(str(problem)) from None


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """SIGTERM ends a verification as Ctrl-C does: with its processes."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def as_object(report: VerificationReport) -> dict[str, Any]:
    """The report as `--json` prints it; totals only out of a record that passed through its final phase."""
    told: dict[str, Any] = {
        "passed": report.passed,
        "checks": dict(report.checks),
        "findings": [{"code": one.code, "where": one.where, "message": one.message} for one in report.findings],
        "notes": list(report.notes),
        "roots": {phase.name.lower(): root.hex() for phase, root in report.roots.items()},
    }
    if report.results is not None:
        told["totals"] = {contest: dict(options) for contest, options in report.results.totals.items()}
    return told


def as_table(report: VerificationReport) -> RenderableType:
    """One row for each check, what was found beneath it, then the verdict, and the result if all of it holds."""
    table = Table(box=None, pad_edge=False, expand=True)
    table.add_column("check", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    table.add_column("", ratio=1, overflow="fold")
    for check in CHECKS:
        outcome = report.checks[check.code]
        table.add_row(Text(check.code), Text(outcome, style=_STYLES[outcome]), Text(check.title))
        for line in _found(report, [one for one in report.findings if one.code == check.code], check.code):
            table.add_row("", "", Text(line, style="red"))
    lines = [Text(f"note: {note}", style="yellow") for note in report.notes]
    lines += [Text(f"{phase.name.lower():<10} {root.hex()}") for phase, root in report.roots.items()]
    result = [] if report.results is None else [_result(report.results)]
    return Group(table, Text(), *lines, Text(), *result, _verdict(report))


def _result(found: Results) -> RenderableType:
    """Which election this is, what was cast, and the totals of its contests."""
    weighing = "" if found.weight == found.cast else f", of weight {found.weight} together"
    return Group(
        Text(printable(found.manifest.name), style="bold"),
        Text(f"{found.cast} ballots cast and counted{weighing}; {found.challenged} challenged and opened."),
        Text(),
        results(found.manifest, found.totals),
    )


def _found(report: VerificationReport, findings: Sequence[Finding], code: str) -> list[str]:
    lines = [f"{printable(one.where)}: {printable(one.message)}" for one in findings[:SHOWN_PER_CHECK]]
    more = report.counts.get(code, 0) - len(lines)
    return [*lines, f"and {more} more"] if more > 0 else lines


def printable(text: str) -> str:
    """Text out of a record, with nothing in it that a terminal would obey, and not too long."""
    shown = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
    return shown if len(shown) <= 400 else f"{shown[:399]}…"


def _verdict(report: VerificationReport) -> Text:
    if report.passed:
        return Text(f"The record holds, through its {report.phase.name.lower()} phase.", style="bold green")
    failed = sum(outcome == Outcome.FAILED for outcome in report.checks.values())
    unread = sum(outcome == Outcome.NOT_EVALUABLE for outcome in report.checks.values())
    return Text(
        f"The record does not hold: {failed} checks failed, {unread} could not be evaluated.", style="bold red"
    )
