"""`amarvote db`: the database's tables."""

import json
import sys
from typing import Annotated

import typer

from amarvote.cli import exits
from amarvote.cli.database import DatabaseUrl
from amarvote.cli.groups import require_command
from amarvote.elections.service import Database, NoDatabaseError

commands = typer.Typer(
    help="Make or update the database's tables.", invoke_without_command=True, rich_markup_mode=None
)

NEXT_WHEN_NEW = (
    "Next: amarvote token operator makes the operator's token; then start amarvote api and amarvote worker."
)
NEXT_WHEN_UPDATED = "Next: start amarvote api and amarvote worker of this version, in place of those that run."


@commands.callback()
def group(context: typer.Context) -> None:
    """Make or update the database's tables."""
    require_command(context)


@commands.command()
def upgrade(
    database: DatabaseUrl,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Bring the tables to this version's form.

    From nothing, or from an older version's; all of it is done, or nothing, and the same command again changes
    nothing. Before updating tables that hold elections, make a backup. API and workers of the version before go on
    with the new tables, unless the schema's first digit changes: then stop them first.
    """
    try:
        opened = Database(database)
        try:
            done = opened.create_schema()
        finally:
            opened.close()
    except NoDatabaseError as problem:
        raise exits.UnreadableInput(str(problem)) from None
    if as_json:
        sys.stdout.write(json.dumps({"database": opened.name, "before": done.before, "after": done.after}) + "\n")
    elif done.before == done.after:
        sys.stdout.write(f"{opened.name} has schema {done.after} already; nothing was done.\n")
    elif done.before is None:
        sys.stdout.write(f"{opened.name} was empty and has schema {done.after} now.\n{NEXT_WHEN_NEW}\n")
    else:
        sys.stdout.write(f"{opened.name}: schema {done.before} became {done.after}.\n{NEXT_WHEN_UPDATED}\n")
    return exits.OK
