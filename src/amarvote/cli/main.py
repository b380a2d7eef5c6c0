"""`amarvote`: one program, a table of commands."""

import json
import sys
import traceback
from importlib.metadata import version as version_of
from typing import Annotated

import typer
from typer.exceptions import TyperException

from amarvote.cli import db, device, exits, guardian, import_, record, signer, token
from amarvote.cli.api import api
from amarvote.cli.backup import backup, restore
from amarvote.cli.doctor import doctor
from amarvote.cli.groups import require_command
from amarvote.cli.run import count, demo
from amarvote.cli.up import up
from amarvote.cli.verify import verify
from amarvote.cli.worker import worker

CODES = (
    "Ends with 0 where all is done, 1 where something was found or totals differ, 2 where the input is not "
    "readable, 64 where it was called wrongly, 70 by a fault of its own."
)
CODES_OF_RUNS = f"{CODES} And with 130 (Ctrl-C) or 143 (SIGTERM) where it was interrupted; --out resumes the run."

app = typer.Typer(
    help="Verifiable elections: ballots are counted without being opened, and anyone can check the record.",
    epilog=CODES,
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(import_.commands, name="import")
app.add_typer(record.commands, name="record", short_help="Fetch a record, convert it, or look into it.")
app.add_typer(guardian.commands, name="guardian")
app.add_typer(device.commands, name="device")
app.add_typer(db.commands, name="db")
app.add_typer(token.commands, name="token")
app.add_typer(signer.commands, name="signer")
app.command(epilog=CODES_OF_RUNS)(demo)
app.command(epilog=CODES_OF_RUNS)(count)
app.command()(verify)
app.command()(up)
app.command()(api)
app.command()(worker)
app.command()(doctor)
app.command()(backup)
app.command()(restore)


@app.callback()
def program(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Verifiable elections: ballots are counted without being opened, and anyone can check the record."""
    if version:
        sys.stdout.write(f"amarvote {version_of('amarvote')}\n")
        raise typer.Exit
    require_command(context)


def main() -> None:
    """Run one command and end with its exit code; with --json an error is an object on standard output, too."""
    try:
        code, sentence = app(standalone_mode=False), None
    except TyperException as problem:
        code, sentence = exits.USAGE, f"{problem.format_message()} (try --help)"
    except exits.CommandError as problem:
        code, sentence = problem.code, str(problem)
    except (KeyboardInterrupt, typer.Abort):
        code, sentence = exits.INTERRUPTED, "Interrupted."
    except Exception:  # noqa: BLE001 - the last line of defence of a command
        traceback.print_exc()
        sentence = "A defect of AmarVote, not of your input; please report what stands above on standard error."
        code = exits.INTERNAL
    if sentence is not None:
        sys.stderr.write(f"amarvote: {sentence}\n")
        if "--json" in sys.argv[1:]:
            sys.stdout.write(json.dumps({"error": sentence}) + "\n")
    sys.exit(code or exits.OK)
