"""`amarvote import`: from an election office's export to what `amarvote count` takes."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from amarvote.cli.exits import UnreadableInput, UsageProblem
from amarvote.cli.groups import require_command
from amarvote.cli.program import command
from amarvote.cli.progress import progress
from amarvote.cli.targets import check_parent
from amarvote.inputs.dominion import BALLOTS, MANIFEST, REPORT, import_dominion
from amarvote.inputs.dominion_report import ImportReport
from amarvote.inputs.errors import InputError, OutputError
from amarvote.launch.wording import number_of

commands = typer.Typer(invoke_without_command=True)


@commands.callback()
def formats(context: typer.Context) -> None:
    """Turn an election office's export into ballots to count."""
    require_command(context)


@commands.command()
def dominion(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a Dominion CVR export (JSON).")],
    out: Annotated[
        Path,
        typer.Option("--out", metavar="DIR", help="Folder for what is made; the one around it must be there."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON object.")] = False,
) -> None:
    """Read a Dominion CVR export (JSON).

    That is ContestManifest.json, CandidateManifest.json and every CvrExport_….json of DIR.
    """
    if (out / REPORT).exists():
        raise UsageProblem(f"{out} holds a finished import. Name another folder, or remove this one.")
    check_parent(out)
    try:
        with progress() as reporter:
            report = import_dominion(directory, out, lambda done, total: reporter.update("import", done, total))
    except OutputError as problem:
        raise UsageProblem(str(problem)) from None
    except InputError as problem:
        raise UnreadableInput(str(problem)) from None
    sys.stdout.write(json.dumps(report.as_json()) + "\n" if as_json else _summary(report, out))


def _summary(report: ImportReport, out: Path) -> str:
    styles = sum(style.id is not None for style in report.styles)
    lines = [
        f"{report.election}: {number_of(report.sessions, 'session')}, "
        f"{report.modified} of them modified by the office.",
        f"{number_of(report.ballots, 'ballot')} of {number_of(styles, 'style')}, "
        f"{number_of(report.contests_kept, 'contest')}.",
        f"{number_of(report.overvotes, 'overvote')} and {number_of(report.blank, 'blank')} "
        f"in {report.contest_instances} contests on cards.",
    ]
    if report.left_out:
        lines.append(f"Left out, because they are on fewer than {report.smallest_group} cards:")
        lines += [f"  {contest}" for contest in report.left_out]
    if report.alike:
        lines += ["Styles that look alike:", *(f"  {sentence}" for sentence in report.alike)]
    lines.append(f"Written: {out / MANIFEST}, {out / BALLOTS}, {out / REPORT}")
    files = ("--manifest", out / MANIFEST, "--ballots", out / BALLOTS)
    lines.append(f"Count it: {command('count', *files)}")
    return "\n".join(lines) + "\n"
