"""Drawing voters: which cards they bring, and what they mark on ballots that they only challenge.

Seeded, so that a run can be repeated with the same voters. Nothing secret is ever drawn here (rule 20): keys,
nonces, tokens and weights come from the operating system.
"""

import random
from collections.abc import Sequence
from dataclasses import replace

from amarvote.device.voters import Marks
from amarvote.electionguard.manifest import Contest, Manifest
from amarvote.inputs.ballot_rules import BallotLine


def draw_cards(cards: Sequence[BallotLine], number: int, seed: int) -> list[BallotLine]:
    """So many voters, each with one card: every card once, and beyond that whole cards with replacement."""
    draw = _random(seed)
    if number < len(cards):
        return draw.sample(cards, number)
    drawn = list(cards)
    for again in range(number - len(cards)):
        card = draw.choice(cards)
        drawn.append(replace(card, ballot_id=f"{card.ballot_id}/{again + 1}"))
    return drawn


def challenges_of(voter: int, voters: int, challenged: int) -> int:
    """How many ballots voter number `voter` (from 0) challenges, so that all together challenge `challenged`.

    They are spread evenly over the voters.
    """
    return challenged * (voter + 1) // voters - challenged * voter // voters


def draw_marks(manifest: Manifest, style: str, seed: int, voter: int, turn: int) -> Marks:
    """Made-up marks for a ballot that will be challenged and so be shown to all: nobody's real vote.

    Valid ones: at most L in a contest and R for an option.
    """
    draw = _random(seed, voter, turn)
    contests = [manifest.contest(index) for index in manifest.style(style).contest_indices]
    return Marks({contest.id: _marks(draw, contest) for contest in contests}, {})


def _marks(draw: random.Random, contest: Contest) -> dict[str, int]:
    marks: dict[str, int] = {}
    for _ in range(draw.randint(0, contest.selection_limit)):
        option = draw.choice(contest.options).id
        if marks.get(option, 0) < contest.option_limit:
            marks[option] = marks.get(option, 0) + 1
    return marks


def _random(*seeds: int) -> random.Random:
    return random.Random(",".join(map(str, seeds)))  # noqa: S311 - draws voters, nothing secret
