"""The roll, and who votes at which device: one voter a ballot of the inputs, each with a random vote token."""

import hashlib
import json
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from amarvote.device.voters import Marks, Voter, voter_line
from amarvote.launch.drawing import challenges_of, draw_marks
from amarvote.launch.inputs import Inputs
from amarvote.launch.options import Options
from amarvote.participants.files import durable_text, private_folder

TOKEN_BYTES = 32
WEIGHT = 1
ROLL = "roll.jsonl"
VOTERS = "voters.jsonl"


def device_names(options: Options) -> list[str]:
    """The devices of a run."""
    return [f"device-{number}" for number in range(1, options.devices + 1)]


def write_electorate(folder: Path, options: Options, inputs: Inputs) -> None:
    """Give every voter a token and a device: `officer/roll.jsonl`, and `devices/NAME/voters.jsonl`, all private.

    The roll knows tokens by their SHA-256 only; a device knows its own voters' tokens and nobody else's.
    """
    names = device_names(options)
    with ExitStack() as stack:
        roll = stack.enter_context(durable_text(private_folder(folder / "officer") / ROLL))
        homes = [private_folder(folder / "devices" / name) for name in names]
        files = [stack.enter_context(durable_text(home / VOTERS)) for home in homes]
        for number, voter in enumerate(_voters(options, inputs)):
            files[number % len(files)].write(voter_line(voter))
            roll.write(_roll_line(voter))


def read_roll(folder: Path) -> Iterator[dict[str, object]]:
    """The entries of the roll, as the officer hands them in."""
    with (folder / "officer" / ROLL).open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _voters(options: Options, inputs: Inputs) -> Iterator[Voter]:
    for number, ballot in enumerate(inputs.ballots()):
        turns = challenges_of(number, inputs.voters, options.challenged)
        challenges = tuple(
            draw_marks(inputs.manifest, ballot.style, options.seed, number, turn) for turn in range(turns)
        )
        token = secrets.token_bytes(TOKEN_BYTES)
        yield Voter(token, ballot.style, WEIGHT, challenges, Marks(ballot.votes, ballot.write_ins))


def _roll_line(voter: Voter) -> str:
    entry = {
        "token_sha256": hashlib.sha256(voter.token).hexdigest(),
        "style": voter.style,
        "weight": voter.weight,
    }
    return json.dumps(entry, ensure_ascii=False) + "\n"
