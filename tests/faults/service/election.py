"""The election that is broken: one contest of two options, its ballots encrypted once for a session."""

from collections.abc import Iterable
from dataclasses import dataclass

from amarvote.electionguard.ballots import BallotStatus
from staging.people import Vote
from staging.stage import Stage

CHALLENGED = 15
"""Each so-manieth ballot is challenged; of three others two are for the first option."""


@dataclass(frozen=True)
class Ballot:
    """What a device handed in, and what its voter chose."""

    vote: Vote
    option: int

    @property
    def id_b(self) -> bytes:
        return self.vote.ballot.id_b

    @property
    def status(self) -> int:
        return int(self.vote.ballot.status)


def make_ballots(stage: Stage, number: int) -> list[Ballot]:
    """Of the first voters on the roll; where the election chains, one chain in this order."""
    made: list[Ballot] = []
    for index in range(number):
        option, challenge = 2 if index % 3 == 2 else 1, index % CHALLENGED == CHALLENGED - 1
        after = made[-1].vote if made and stage.context.manifest.chaining_mode else None
        made.append(Ballot(stage.make(option, challenge=challenge, after=after), option))
    return made


def expected_totals(ballots: Iterable[Ballot]) -> dict[str, dict[str, int]]:
    """What an undisturbed count says, as results show it."""
    cast = [ballot.option for ballot in ballots if ballot.status == BallotStatus.CAST]
    return {"c1": {f"o{option}": cast.count(option) for option in (1, 2)}}
