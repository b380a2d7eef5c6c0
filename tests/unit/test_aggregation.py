import random
from dataclasses import replace

import pytest
from gmpy2 import mpz

from amarvote.electionguard.aggregation import PartialTally, add_ballots, to_tally
from amarvote.electionguard.ballots import BallotStatus, EncryptedBallot
from ballot_samples import decrypted, engine, make_ballot, sample_context

CAST = BallotStatus.CAST


@pytest.fixture(scope="module")
def ballots() -> list[EncryptedBallot]:
    """Weights 1, 3, 1, and one each that was not cast."""
    made = [
        (make_ballot({1: {1: 1}, 2: {1: 1, 3: 1}, 3: {1: 3}}).ballot, CAST, 1),
        (make_ballot({1: {2: 1}}, style="mayor only").ballot, CAST, 3),
        (make_ballot({1: {1: 1}, 3: {1: 1, 2: 2}}, style="no board").ballot, CAST, 1),
        (make_ballot({1: {1: 1}}).ballot, BallotStatus.CHALLENGED, 1),
        (make_ballot({1: {1: 1}}).ballot, BallotStatus.SPOILED, 1),
        (make_ballot({1: {1: 1}}).ballot, BallotStatus.UNDECIDED, 1),
    ]
    return [replace(ballot, status=status, weight=weight) for ballot, status, weight in made]


def test_the_tally_is_the_weighted_sum_of_the_cast_ballots(ballots: list[EncryptedBallot]) -> None:
    partial = add_ballots(sample_context(), engine(), iter(ballots))
    tally = to_tally(sample_context(), partial)
    assert [contest.index for contest in tally] == [1, 2, 3]
    assert [[decrypted(*pair) for pair in contest.ciphertexts] for contest in tally] == [[2, 3], [1, 0, 1], [4, 2]]
    assert [contest.cast_weight for contest in tally] == [5, 1, 2]
    assert (partial.ballots, partial.weight) == (3, 5)


def test_any_split_in_any_order_gives_the_same(ballots: list[EncryptedBallot]) -> None:
    whole = add_ballots(sample_context(), engine(), ballots)
    chooser = random.Random(5)
    for _ in range(5):
        shuffled = chooser.sample(ballots, len(ballots))
        cut = chooser.randrange(len(ballots) + 1)
        parts = [add_ballots(sample_context(), engine(), part) for part in (shuffled[:cut], [], shuffled[cut:])]
        assert PartialTally.merge(parts) == whole


def test_nothing_is_the_empty_tally() -> None:
    empty = PartialTally.merge([])
    assert empty == add_ballots(sample_context(), engine(), []) == PartialTally({}, {}, 0, 0)
    assert [contest.ciphertexts for contest in to_tally(sample_context(), empty)] == [
        ((1, 1),) * 2,
        ((1, 1),) * 3,
        ((1, 1),) * 2,
    ]
    assert {contest.cast_weight for contest in to_tally(sample_context(), empty)} == {0}


def test_what_does_not_fit_the_manifest_is_left_out(ballots: list[EncryptedBallot]) -> None:
    """A hostile record must not break the count; its ballots are refused elsewhere."""
    good = ballots[2]
    first, third = good.contests
    strange = replace(
        good,
        contests=(
            replace(first, selections=first.selections[:1]),
            replace(first, index=0),
            replace(first, index=9),
            third,
        ),
    )
    partial = add_ballots(sample_context(), engine(), [strange])
    assert set(partial.products) == {3}
    assert (partial.ballots, partial.weight) == (1, 1)


def test_weight_zero_adds_the_empty_vote(ballots: list[EncryptedBallot]) -> None:
    partial = add_ballots(sample_context(), engine(), [replace(ballots[1], weight=0)])
    assert partial == PartialTally({1: ((mpz(1), mpz(1)),) * 2}, {1: 0}, 1, 0)


def test_the_parts_of_a_merge_stay_as_they_were(ballots: list[EncryptedBallot]) -> None:
    part = add_ballots(sample_context(), engine(), ballots[:1])
    before = {index: tuple(pairs) for index, pairs in part.products.items()}
    PartialTally.merge([part, part])
    assert part.products == before
