"""`amarvote signer`: the key that signs checkpoints of the board, and the process that signs them."""

import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from amarvote.cli import exits
from amarvote.cli.groups import require_command
from amarvote.cli.stopping import Stopped, stoppable
from amarvote.observability import logs
from amarvote.participants.address import AddressError
from amarvote.participants.files import HomeError, alone_in
from amarvote.participants.service import AnswerError, Refused, Service
from amarvote.signer import agent, home
from amarvote.signer.home import Home, SignerError

commands = typer.Typer(
    help="Sign the board of confirmation codes.",
    invoke_without_command=True,
    rich_markup_mode=None,
)

HomeFolder = Annotated[Path, typer.Argument(metavar="HOME", help="The signer's folder.")]


@commands.callback()
def group(context: typer.Context) -> None:
    """Sign checkpoints of the board (see docs/board.md)."""
    require_command(context)


@commands.command()
def create(
    folder: HomeFolder,
    name: Annotated[str, typer.Option(help="Stands in every signature, for instance board.example.org.")],
) -> int:
    """Make a key; print its verifier key, which the election's officer names and everybody may know.

    The key lies in HOME/key, readable by its owner only, and nowhere else.
    """
    try:
        verifier = home.create(folder, name)
    except HomeError as problem:
        raise exits.UsageProblem(str(problem)) from None
    sys.stdout.write(f"{verifier}\n")
    return exits.OK


@commands.command()
def run(
    folder: HomeFolder,
    api: Annotated[str, typer.Option(metavar="ADDRESS", help="The election: https://HOST/elections/ELECTION.")],
    ca: Annotated[
        Path | None, typer.Option(help="Certificate authorities in PEM; the system's by default.")
    ] = None,
) -> int:
    """Sign the board as it grows, until it is final, with the token that stands in HOME/token.

    Nothing is signed that does not continue what was signed last, which stands in HOME: keep that folder.
    """
    logs.set_up()
    try:
        signing = Home(folder)
        with stoppable(), alone_in(folder), closing(Service(api, signing.token(), ca=ca)) as service:
            agent.run(service, signing)
    except Stopped:
        sys.stderr.write("Ended. The same command goes on.\n")
    except (AddressError, HomeError) as problem:
        raise exits.UnreadableInput(str(problem)) from None
    except (SignerError, Refused, AnswerError) as problem:
        raise exits.CommandError(str(problem)) from None
    return exits.OK
