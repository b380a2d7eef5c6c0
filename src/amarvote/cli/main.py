"""`amarvote`: one program, a table of commands."""

import json
import sys
import traceback
from importlib import import_module
from importlib.metadata import version as version_of
from typing import Annotated

import typer
from typer.exceptions import TyperException

from amarvote.cli import exits
from amarvote.cli.groups import require_command

COMMANDS = {
    "import": "import_",
    "record": "record",
    "guardian": "guardian",
    "device": "device",
    "db": "db",
    "token": "token",
    "signer": "signer",
    "demo": "run",
    "count": "run",
    "verify": "verify",
    "up": "up",
    "api": "api",
    "worker": "worker",
    "doctor": "doctor",
    "backup": "backup",
    "restore": "backup",
}
"""The module of each command. Only that of the one that is asked for is read: all of them take seconds."""

CODES = (
    "Ends with 0 where all is done, 1 where something was found or totals differ, 2 where the input is not "
    "readable, 64 where it was called wrongly, 70 by a fault of its own."
)
CODES_OF_RUNS = f"{CODES} And with 130 (Ctrl-C) or 143 (SIGTERM) where it was interrupted; --out resumes the run."

EPILOGS = {"demo": CODES_OF_RUNS, "count": CODES_OF_RUNS}


def program(asked: str | None = None) -> typer.Typer:
    """With the command that is asked for; with all of them where that is none."""
    app = typer.Typer(
        help="Verifiable elections: ballots are counted without being opened, and anyone can check the record.",
        epilog=CODES,
        invoke_without_command=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_program)
    for name in [asked] if asked in COMMANDS else COMMANDS:
        module = import_module(f"amarvote.cli.{COMMANDS[name]}")
        if hasattr(module, "commands"):
            app.add_typer(module.commands, name=name)
        else:
            app.command(epilog=EPILOGS.get(name))(getattr(module, name))
    return app


def _program(
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
        code, sentence = program(sys.argv[1] if len(sys.argv) > 1 else None)(standalone_mode=False), None
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
