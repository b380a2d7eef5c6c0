"""What a group of commands does when none of them is named: it shows its help, as an error of usage."""

import sys

import typer

from amarvote.cli import exits


def require_command(context: typer.Context) -> None:
    """End with the help on standard error where no command follows."""
    if context.invoked_subcommand is None:
        sys.stderr.write(context.get_help() + "\n")
        raise typer.Exit(exits.USAGE)
