"""Adding ballots up without opening them: eqs. (79) and (80), in parts that merge."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gmpy2 import mpz

from amarvote.electionguard.ballots import BallotStatus, EncryptedBallot, EncryptedContest
from amarvote.electionguard.context import Context
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.parameters import P
from amarvote.electionguard.tallies import EncryptedTallyContest


@dataclass(frozen=True, slots=True)
class PartialTally:
    """The sum of some ballots.

    `products` holds (A, B) per option in manifest order for each contest index that occurred, `contest_weights`
    the weights added into it; `ballots` and `weight` are the number of cast ballots and the sum of their weights.
    """

    products: dict[int, tuple[tuple[mpz, mpz], ...]]
    contest_weights: dict[int, int]
    ballots: int
    weight: int

    @classmethod
    def merge(cls, parts: Iterable["PartialTally"]) -> "PartialTally":
        """The sum of all parts; nothing merges to the empty tally. Their order does not matter."""
        products: dict[int, tuple[tuple[mpz, mpz], ...]] = {}
        contest_weights: dict[int, int] = {}
        ballots = weight = 0
        for part in parts:
            ballots += part.ballots
            weight += part.weight
            for index, pairs in part.products.items():
                products[index] = _multiplied(products[index], pairs) if index in products else pairs
            for index, contest_weight in part.contest_weights.items():
                contest_weights[index] = contest_weights.get(index, 0) + contest_weight
        return cls(products, contest_weights, ballots, weight)


def add_ballots(context: Context, engine: Engine, ballots: Iterable[EncryptedBallot]) -> PartialTally:
    """The sum of those ballots whose status is cast: two modular multiplications a ciphertext of weight 1.

    Trusts nothing and judges nothing: a contest that the manifest does not have, or not with so many options, is
    left out (the ballot checks refuse it), values are taken mod p, a weight of 0 adds the empty vote. Takes the
    ballots one by one, so that memory does not grow with them.
    """
    sums: dict[int, list[mpz]] = {}
    contest_weights: dict[int, int] = {}
    counted = total_weight = 0
    for ballot in ballots:
        if ballot.status != BallotStatus.CAST:
            continue
        counted += 1
        total_weight += ballot.weight
        for contest in ballot.contests:
            if _fits(context, contest):
                _add_contest(engine, sums, contest, ballot.weight)
                contest_weights[contest.index] = contest_weights.get(contest.index, 0) + ballot.weight
    products = {index: tuple(zip(flat[::2], flat[1::2], strict=True)) for index, flat in sums.items()}
    return PartialTally(products, contest_weights, counted, total_weight)


def to_tally(context: Context, partial: PartialTally) -> tuple[EncryptedTallyContest, ...]:
    """The encrypted tally: every contest of the manifest, (1, 1) and weight 0 for those that nobody voted on."""
    return tuple(
        EncryptedTallyContest(
            contest.index,
            partial.products.get(contest.index, ((mpz(1), mpz(1)),) * len(contest.options)),
            partial.contest_weights.get(contest.index, 0),
        )
        for contest in context.manifest.contests
    )


def _fits(context: Context, contest: EncryptedContest) -> bool:
    contests = context.manifest.contests
    return 1 <= contest.index <= len(contests) and len(contest.selections) == len(
        contests[contest.index - 1].options
    )


def _add_contest(engine: Engine, sums: dict[int, list[mpz]], contest: EncryptedContest, weight: int) -> None:
    modulus = P
    elements = [element for chosen in contest.selections for element in (chosen.alpha, chosen.beta)]
    if weight != 1:
        elements = [engine.power(element, weight) for element in elements]
    flat = sums.get(contest.index)
    if flat is None:
        flat = sums[contest.index] = [mpz(1)] * len(elements)
    for i, element in enumerate(elements):
        flat[i] = flat[i] * element % modulus


def _multiplied(left: Sequence[tuple[mpz, mpz]], right: Sequence[tuple[mpz, mpz]]) -> tuple[tuple[mpz, mpz], ...]:
    return tuple((a * c % P, b * d % P) for (a, b), (c, d) in zip(left, right, strict=True))
