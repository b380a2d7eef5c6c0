"""`amarvote up`: the whole service on one machine, in one folder."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from amarvote.cli import exits
from amarvote.cli.api import PORT
from amarvote.cli.program import command
from amarvote.cli.stopping import Stopped, stoppable
from amarvote.launch.errors import RunFailed, WrongOptions
from amarvote.launch.supervisor import ProgramFailed
from amarvote.launch.up import SIGNER, Installation


def up(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where its data are kept; made where missing.")],
    workers: Annotated[int, typer.Option("--workers", metavar="N", min=1, max=64, help="How many workers.")] = 2,
    port: Annotated[int, typer.Option("--port", metavar="P", min=1, max=65535)] = PORT,
) -> int:
    """Run the whole service on this machine.

    API, workers and their database, until interrupted. It listens on this machine only. What dies is started
    again; what was under way goes on.
    """
    try:
        with stoppable(), Installation(folder, workers, port) as installation:
            sys.stderr.write(
                f"The service listens on http://127.0.0.1:{port}\n"
                f"The operator's token, with which elections are made, is in {installation.token_file}\n"
                "Ctrl-C ends it.\n"
            )
            for home in installation.unsigned:
                sys.stderr.write(
                    f"The board of election {home.name} is not signed here: its signer's home is not {home}. "
                    "Unless it signs elsewhere, put that folder there, or let a new one "
                    f"sign: {command('signer', 'create', home, '--name', SIGNER)}\n"
                )
            sys.stderr.flush()
            installation.keep()
    except Stopped:
        sys.stderr.write("Ended. The same command goes on.\n")
        return exits.OK
    except WrongOptions as problem:
        raise exits.UsageProblem(str(problem)) from None
    except (RunFailed, ProgramFailed) as problem:
        raise exits.CommandError(str(problem)) from None
    return exits.OK
