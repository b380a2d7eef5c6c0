from dataclasses import replace

import pytest
from gmpy2 import powmod
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amarvote.electionguard.decryption import (
    DecryptedTotal,
    TallyNotOpened,
    assemble_tally,
    begin_decryption,
    combine_decryption,
    tally_ciphertexts,
)
from amarvote.electionguard.errors import ElectionGuardError
from amarvote.electionguard.guardian_faults import ResponseRefused
from amarvote.electionguard.parameters import G, P
from amarvote.electionguard.tallies import EncryptedTallyContest
from guardian_samples import ENGINE, answers_of, ceremony, encrypted_tally, first_round

HELD = ceremony()
TOTALS = ((60, 40), (0, 300, 7))
TALLY = encrypted_tally(HELD.context, TOTALS)
ITEMS = tally_ciphertexts(HELD.context, TALLY)


def decrypted(members: tuple[int, ...]) -> list[DecryptedTotal]:
    answers = answers_of(HELD, members, ITEMS)
    return combine_decryption(HELD.context, ENGINE, HELD.keys, members, ITEMS, answers)


def test_ciphertexts_stand_in_order_of_contest_and_option_with_their_greatest_totals() -> None:
    again = tally_ciphertexts(HELD.context, reversed(TALLY))
    assert again == ITEMS
    assert [(item.contest, item.option, item.greatest) for item in ITEMS] == [
        (1, 1, 100),
        (1, 2, 100),
        (2, 1, 300),
        (2, 2, 300),
        (2, 3, 300),
    ]


@pytest.mark.parametrize("members", [(1, 2), (1, 3), (2, 3), (1, 2, 3)])
def test_any_quorum_opens_the_same_totals(members: tuple[int, ...]) -> None:
    opened = assemble_tally(HELD.context, decrypted(members))
    assert [[option.tally for option in contest.options] for contest in opened] == [[60, 40], [0, 300, 7]]
    assert [[option.label for option in contest.options] for contest in opened] == [
        ["ada", "grace"],
        ["red", "green", "blue"],
    ]
    assert [(contest.index, contest.label) for contest in opened] == [(1, "mayor"), (2, "council")]
    for contest in opened:
        for option in contest.options:
            assert option.encoded_tally == powmod(HELD.context.joint_key, option.tally, P)


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(1, 4).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n))), st.integers(0, 300))
def test_any_number_of_guardians_and_any_quorum(numbers: tuple[int, int], total: int) -> None:
    n, k = numbers
    held = ceremony(n, k)
    items = tally_ciphertexts(held.context, encrypted_tally(held.context, ((), (total,))))
    members = range(n - k + 1, n + 1)
    answers = answers_of(held, members, items)
    (opened,) = combine_decryption(held.context, ENGINE, held.keys, members, items, answers)
    assert opened.option.tally == total


def test_the_tally_of_no_ballots_decrypts_to_zero() -> None:
    """The empty product is (1, 1)."""
    one = powmod(G, 0, P)
    items = tally_ciphertexts(HELD.context, [EncryptedTallyContest(1, ((one, one), (one, one)), 0)])
    answers = answers_of(HELD, (1, 2), items)
    opened = combine_decryption(HELD.context, ENGINE, HELD.keys, (1, 2), items, answers)
    assert [total.option.tally for total in opened] == [0, 0]


def test_too_few_guardians_do_not_begin_and_are_not_combined() -> None:
    with pytest.raises(ElectionGuardError, match="takes 2 of 3"):
        begin_decryption(HELD.context, ENGINE, HELD.shares[1], [1], ITEMS)
    with pytest.raises(ElectionGuardError, match="takes 2 of 3"):
        combine_decryption(HELD.context, ENGINE, HELD.keys, [1], ITEMS, {})


def test_an_impossible_total_names_contest_and_option() -> None:
    """More votes than ballots allow: the tally was not made from checked ballots."""
    items = [replace(ITEMS[0], greatest=59), *ITEMS[1:]]
    answers = answers_of(HELD, (1, 2), items)
    with pytest.raises(TallyNotOpened, match=r"contest 1, option 1 .*0 to 59"):
        combine_decryption(HELD.context, ENGINE, HELD.keys, (1, 2), items, answers)


def test_a_part_of_the_ciphertexts_can_be_combined_alone() -> None:
    answers = answers_of(HELD, (1, 2), ITEMS)
    cut = {
        i: replace(
            one,
            commitments=one.commitments[2:4],
            reveals=one.reveals[2:4],
            responses=one.responses[2:4],
        )
        for i, one in answers.items()
    }
    opened = combine_decryption(HELD.context, ENGINE, HELD.keys, (1, 2), ITEMS[2:4], cut)
    assert [(total.contest, total.option.index, total.option.tally) for total in opened] == [
        (2, 1, 0),
        (2, 2, 300),
    ]


def test_answers_for_another_ciphertext_do_not_fit() -> None:
    begun = first_round(HELD, (1, 2), ITEMS[:2])
    answers = answers_of(HELD, (1, 2), ITEMS[:2], begun)
    swapped = {i: replace(one, responses=list(reversed(one.responses))) for i, one in answers.items()}
    with pytest.raises(ResponseRefused):
        combine_decryption(HELD.context, ENGINE, HELD.keys, (1, 2), ITEMS[:2], swapped)


def test_a_tally_with_an_option_missing_or_twice_is_not_assembled() -> None:
    totals = decrypted((1, 2))
    with pytest.raises(TallyNotOpened, match="Contest 2, option 3 has not been opened"):
        assemble_tally(HELD.context, totals[:-1])
    with pytest.raises(TallyNotOpened, match="Contest 1, option 1 was opened twice"):
        assemble_tally(HELD.context, [*totals, totals[0]])


def test_commitments_and_challenges_depend_on_all_that_they_bind() -> None:
    item = ITEMS[0]
    reveal = first_round(HELD, (1, 2), [item])[1][0].reveal
    others = [
        replace(item, h_e=bytes(32)),
        replace(item, contest=2),
        replace(item, option=2),
        replace(item, A=ITEMS[1].A),
        replace(item, B=ITEMS[1].B),
    ]
    plain = item.commitment(1, reveal, (1, 2))
    commitments = [other.commitment(1, reveal, (1, 2)) for other in others]
    commitments += [item.commitment(2, reveal, (1, 2)), item.commitment(1, reveal, (1, 3))]
    commitments += [item.commitment(1, replace(reveal, **{field: G}), (1, 2)) for field in ("share", "a", "b")]
    assert len({plain, *commitments}) == 11
    challenges = {other.challenge(reveal.a, reveal.b, reveal.share) for other in (item, *others)}
    assert len(challenges) == 6
