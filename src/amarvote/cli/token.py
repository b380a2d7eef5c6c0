"""`amarvote token`: the one token that is not made over the API."""

import sys
from typing import Annotated

import typer

from amarvote.cli import exits
from amarvote.cli.database import DatabaseUrl
from amarvote.cli.groups import require_command
from amarvote.elections.service import Database, NoDatabaseError
from amarvote.elections.tokens import LIFETIME, OPERATOR, issue_operator

commands = typer.Typer(help="Make the operator's token.", invoke_without_command=True, rich_markup_mode=None)

DAYS = round(LIFETIME[OPERATOR] / 86_400)


@commands.callback()
def group(context: typer.Context) -> None:
    """Tokens. All others are made over the API, by those who may."""
    require_command(context)


@commands.command(help=f"Print a token, good for {DAYS} days, to make elections.")
def operator(
    database: DatabaseUrl,
    revoke_others: Annotated[
        bool, typer.Option("--revoke-others", help="Every operator's token made before is good for nothing.")
    ] = False,
) -> int:
    """It is printed once, on standard output; the database keeps only its SHA-256."""
    try:
        opened = Database(database)
        try:
            issued = issue_operator(opened, revoke_others=revoke_others)
        finally:
            opened.close()
    except NoDatabaseError as problem:
        raise exits.UnreadableInput(str(problem)) from None
    sys.stdout.write(f"{issued.value}\n")
    return exits.OK
