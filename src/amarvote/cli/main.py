"""`amarvote`: one program, a table of commands."""

import sys
import traceback

import typer
from typer.exceptions import TyperException

from amarvote.cli import exits, import_, record
from amarvote.cli.run import count, demo
from amarvote.cli.verify import verify

app = typer.Typer(
    help="Verifiable elections: ballots are counted without being opened, and anyone can check the record.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(import_.commands, name="import")
app.add_typer(record.commands, name="record")
app.command()(demo)
app.command()(count)
app.command()(verify)


def main() -> None:
    """Run one command and end with its exit code."""
    try:
        code = app(standalone_mode=False)
    except TyperException as problem:
        sys.stderr.write(f"amarvote: {problem.format_message()} (try --help)\n")
        code = exits.USAGE
    except exits.CommandError as problem:
        sys.stderr.write(f"amarvote: {problem}\n")
        code = problem.code
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write("amarvote: interrupted\n")
        code = 130
    except Exception:  # noqa: BLE001 - the last line of defence of a command
        traceback.print_exc()
        sys.stderr.write("amarvote: a defect of AmarVote, not of your input; please report the lines above\n")
        code = exits.INTERNAL
    sys.exit(code or exits.OK)
