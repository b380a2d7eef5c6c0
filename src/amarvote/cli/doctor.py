"""`amarvote doctor`: the checklist before an election, as a table or as one JSON object."""

import json
import logging
import os
import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from amarvote.cli import exits
from amarvote.cli.database import DatabaseUrl
from amarvote.doctor.database import why_not_reached
from amarvote.doctor.examination import all_well, answers, examine, next_step
from amarvote.doctor.findings import Finding, Line, State
from amarvote.doctor.system import System
from amarvote.elections.service import Database, NoDatabaseError
from amarvote.worker.addresses import BROKER, DATABASE, AddressSettingError, address, file_of

_STYLES = {
    State.NOT_HERE: "dim",
    State.OK: "green",
    State.NOT_CHECKED: "dim",
    State.ATTENTION: "yellow",
    State.FAILED: "bold red",
}


def doctor(
    database: DatabaseUrl,
    api: Annotated[
        str | None, typer.Option(metavar="URL", help="The public address, https://vote.example.org.")
    ] = None,
    ca: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Whose certificates hold there, where not the system's.")
    ] = None,
    backups: Annotated[Path | None, typer.Option(metavar="DIR", help="Where amarvote backup writes.")] = None,
    rabbitmq: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="RabbitMQ's own metrics.", show_default="port 15692 of the broker's machine"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Look whether everything is ready for an election.

    Each line is held against the running system, and changes nothing in it; one chunk is sent through it and taken
    away again. May be run at any time, in the middle of a count as well.

    Ends with 0 where every line is well or does not apply, 1 where one is not or could not be looked at, 2 where
    the database is not reached: without it nothing else is looked at.
    """
    try:
        opened = Database(database)
        broker = address(BROKER)
    except NoDatabaseError as problem:
        raise exits.UnreadableInput(str(problem)) from None
    except AddressSettingError as problem:
        raise exits.UsageProblem(str(problem)) from None
    named = (os.environ.get(file_of(setting)) for setting in (DATABASE, BROKER))
    system = System(
        opened,
        broker,
        rabbitmq,
        api,
        ca,
        backups,
        tuple(Path(name).absolute() for name in named if name),
    )
    for name in ("pika", "amarvote"):
        logging.getLogger(name).addHandler(logging.NullHandler())  # what goes wrong stands in the list
    with closing(opened):
        trouble = why_not_reached(system)
        if trouble is not None:
            todo = "Start it, or put" if system.database_file is None else "Put"
            raise exits.UnreadableInput(
                f"{trouble}. {todo} its address right (--database, {DATABASE}, {file_of(DATABASE)}); "
                "nothing else was looked at."
            )
        lines = list(examine(system))
    if as_json:
        sys.stdout.write(json.dumps(as_object(lines)) + "\n")
    else:
        Console().print(as_table(lines))
    if not answers(lines):
        return exits.UNREADABLE
    return exits.OK if all_well(lines) else exits.FINDINGS


def as_object(lines: list[Line]) -> dict[str, Any]:
    """As `--json` prints it."""
    return {
        "checks": [
            {
                "check": line.check.name,
                "state": line.state,
                "meaning": line.check.meaning,
                "findings": [{"state": one.state, "seen": one.seen, "todo": one.todo} for one in line.findings],
            }
            for line in lines
        ],
        "next": next_step(lines),
    }


def as_table(lines: list[Line]) -> RenderableType:
    """A row for each check, beneath it what was seen and what to do; then what comes next."""
    table = Table(box=None, pad_edge=False, expand=True)
    table.add_column("check", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("what was looked at", ratio=1, overflow="fold")
    for line in lines:
        table.add_row(
            Text(line.check.name, style="bold"),
            Text(line.state, style=_STYLES[line.state]),
            Text(line.check.meaning, style="dim"),
        )
        for finding in line.findings:
            table.add_row("", "", _explained(finding))
    sentence = next_step(lines)
    return Group(table, Text(), Text(sentence, style="bold green" if all_well(lines) else "bold"))


def _explained(finding: Finding) -> Text:
    text = Text(finding.seen, style="" if finding.state is State.OK else _STYLES[finding.state])
    if finding.state is not State.OK and finding.todo:
        text.append(f"\n→ {finding.todo}", style="bold")
    return text
