"""Who votes at a device, and what they do there: a private file of JSON lines, one voter a line, in order."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amarvote.electionguard.manifest import Manifest, NotInManifestError

LONGEST_LINE = 4 << 20
"""Bytes of one voter's line."""


class VotersError(Exception):
    """The voters file is not one of ours; the message names the line."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What a voter marks: values by contest id and option id, and texts by contest id."""

    votes: Mapping[str, Mapping[str, int]]
    write_ins: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Voter:
    """One entry of the roll at this device: first the ballots that this voter challenges, then the one to cast."""

    token: bytes
    style: str
    weight: int
    challenges: tuple[Marks, ...]
    cast: Marks


@dataclass(frozen=True, slots=True)
class Act:
    """One ballot to make: the `number`-th of this device, from 1; `again` where its voter has challenged one."""

    number: int
    token: bytes
    style: str
    weight: int
    marks: Marks
    challenged: bool
    again: bool


def voter_line(voter: Voter) -> str:
    """One voter as a line of the file."""

    def plain(marks: Marks) -> dict[str, Any]:
        votes = {contest: dict(options) for contest, options in marks.votes.items()}
        return {"votes": votes, "write_ins": dict(marks.write_ins)}

    entry = {
        "token": voter.token.hex(),
        "style": voter.style,
        "weight": voter.weight,
        "challenges": [plain(marks) for marks in voter.challenges],
        "cast": plain(voter.cast),
    }
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n"


def read_voters(path: Path) -> Iterator[Voter]:
    """The voters of a file, one line in memory at a time; raises VotersError."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise VotersError(f"{path.name}, line {number} is too long.")
            try:
                yield _voter(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                raise VotersError(f"{path.name}, line {number} is not a voter.") from None


def acts(path: Path) -> Iterator[Act]:
    """All ballots of the voters of a file, in the order in which the device makes them.

    Whoever challenges queues up again, behind all others: the next ballot is taken once the challenged one is
    recorded.
    """
    number = turn = 0
    queued = True
    while queued:
        queued = False
        for voter in read_voters(path):
            if turn <= len(voter.challenges):
                challenged = turn < len(voter.challenges)
                queued = queued or challenged
                number += 1
                marks = voter.challenges[turn] if challenged else voter.cast
                yield Act(number, voter.token, voter.style, voter.weight, marks, challenged, turn > 0)
        turn += 1


def by_index(manifest: Manifest, marks: Marks) -> tuple[dict[int, dict[int, int]], dict[int, str]]:
    """Votes and texts by contest and option index, for encryption; NotInManifestError for what is not there."""
    votes: dict[int, dict[int, int]] = {}
    for contest_id, marked in marks.votes.items():
        contest = manifest.contest_by_id(contest_id)
        indices = {option.id: option.index for option in contest.options}
        unknown = [option for option in marked if option not in indices]
        if unknown:
            raise NotInManifestError(f"Contest {contest_id!r} has no option {unknown[0]!r}.")
        votes[contest.index] = {indices[option]: value for option, value in marked.items()}
    texts = {manifest.contest_by_id(contest_id).index: text for contest_id, text in marks.write_ins.items()}
    return votes, texts


def _voter(entry: dict[str, Any]) -> Voter:
    def marks(value: dict[str, Any]) -> Marks:
        return Marks(
            {str(contest): dict(options) for contest, options in value["votes"].items()},
            {str(contest): str(text) for contest, text in value["write_ins"].items()},
        )

    token = bytes.fromhex(entry["token"])
    if len(token) != 32 or not isinstance(entry["weight"], int) or not isinstance(entry["style"], str):
        raise ValueError("not a voter")
    challenges = tuple(marks(value) for value in entry["challenges"])
    return Voter(token, entry["style"], entry["weight"], challenges, marks(entry["cast"]))
