"""`amarvote device`: a polling place, whose voters stand in a file."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from amarvote.cli import exits
from amarvote.cli.authority import Authority
from amarvote.cli.groups import require_command
from amarvote.cli.guardian_terminal import plain
from amarvote.cli.stopping import resumable
from amarvote.device.serving import REASONS_TO_STOP, serve
from amarvote.device.voters import VotersError
from amarvote.participants.files import PRIVATE_FOLDER
from amarvote.participants.service import Service, Unanswered

PATIENCE = 30.0
"""Seconds that the service is waited for before the first voter; from then on, for as long as it takes."""

BELONGS_THERE = {
    "token": "the device's token, which POST /elections, or POST /elections/ID/devices, showed once",
    "pin": "the words of H_E as the guardians read them to each other, or its 64 hex digits",
}
"""What the device's officials put into HOME."""

commands = typer.Typer(help="Vote in a polling place.", invoke_without_command=True, rich_markup_mode=None)


@commands.callback()
def group(context: typer.Context) -> None:
    """Vote in a polling place. This stands for the software of a booth: it reads its voters from a file."""
    require_command(context)


@commands.command()
def run(
    home: Annotated[Path, typer.Argument(metavar="HOME", help="The device's folder, with `token` and `pin`.")],
    api: Annotated[
        str, typer.Option("--api", metavar="ADDRESS", help="The election: https://vote.example.org/elections/ID.")
    ],
    voters: Annotated[
        Path, typer.Option("--voters", metavar="FILE", help="Who votes and how, one JSON object a line.")
    ],
    ca: Authority = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as one JSON object.")] = False,
) -> int:
    """Let everybody in a file vote, then close the device.

    Each ballot is encrypted here. Its confirmation code stands in HOME/screen before its voter decides whether to
    cast it or to challenge it; a challenged one is opened for its voter, in HOME/openings. The command may be
    stopped at any time; the same command goes on where it was. A closed device takes no more ballots.

    HOME is for its owner only (chmod 700). Put there `token`, the device's token, which was shown once at POST
    /elections or POST /elections/ID/devices; and `pin`, the words of H_E as the guardians read them to each other,
    or its 64 hex digits. No ballot is encrypted for any other election.

    FILE has a line for each voter, in the order in which they come:

    \b
    {"token": "5f5f…", "style": "member", "weight": 1, "challenges": [],
     "cast": {"votes": {"chair": {"ada": 1}}, "write_ins": {}}}

    `token` is the voter's, in hex as the service shows it; `style` and `weight` are those of the roll; `votes` are
    by contest and option of the manifest, `write_ins` texts by contest. `challenges` are ballots in the form of
    `cast` that this voter challenges first.
    """
    _require(home, voters)
    with _in_words(), resumable():
        _look(api, ca)
        ballots = serve(home, api, ca, voters)
    if as_json:
        sys.stdout.write(json.dumps({"ballots": ballots, "address": api, "home": str(home)}) + "\n")
    else:
        sys.stdout.write(
            f"{ballots} ballots were handed in, cast and challenged ones; the device is closed.\n"
            f"Next, once every device is: the officer closes voting, POST {api}/officer/close\n"
        )
    return exits.OK


def _require(home: Path, voters: Path) -> None:
    """What people put there is there, and others cannot look into it."""
    for name, meaning in BELONGS_THERE.items():
        if not (home / name).is_file():
            raise exits.UnreadableInput(f"{home / name} is missing: put {meaning} there.")
    if home.stat().st_mode & 0o077:
        raise exits.UsageProblem(
            f"Others may look into {home}, where the token is: chmod {PRIVATE_FOLDER:o} {home}"
        )
    try:
        voters.open("rb").close()
    except OSError as problem:
        raise exits.UnreadableInput(f"{voters} cannot be read: {problem.strerror}.") from None


def _look(api: str, ca: Path | None) -> None:
    """Unanswered where nobody is there."""
    service = Service(api, ca=ca, patience=PATIENCE)
    try:
        service.get("")
    finally:
        service.close()


@contextmanager
def _in_words() -> Iterator[None]:
    """Every end of a device as an exit code and a sentence."""
    try:
        yield
    except VotersError as problem:
        raise exits.UnreadableInput(f"{problem} What a line looks like: amarvote device run --help") from None
    except (Unanswered, *REASONS_TO_STOP) as problem:
        raise exits.UnreadableInput(plain(str(problem))) from None
