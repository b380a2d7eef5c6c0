from dataclasses import replace

import pytest
from gmpy2 import powmod
from hypothesis import given, settings
from hypothesis import strategies as st

from amarvote.electionguard.ballot_nonce import decrypt_ballot_nonce
from amarvote.electionguard.ballot_opening import BallotNotOpenedError, open_contests, release_contests
from amarvote.electionguard.ballots import EncryptedBallot, EncryptedContest
from amarvote.electionguard.contest_data import contest_data_nonce
from amarvote.electionguard.contest_remarks import Remarks, unpack
from amarvote.electionguard.encryption import selection_nonce
from amarvote.electionguard.parameters import P
from ballot_samples import DATA_SECRET, JOINT_KEY, engine, make_ballot, sample_context

VOTES = {1: {2: 1}, 2: {1: 1, 3: 1}, 3: {1: 3, 2: 1}}


def with_contest(ballot: EncryptedBallot, position: int, contest: EncryptedContest) -> EncryptedBallot:
    contests = list(ballot.contests)
    contests[position] = contest
    return replace(ballot, contests=tuple(contests))


def test_shows_votes_labels_data_and_nonces() -> None:
    made = make_ballot(VOTES, texts={1: "Zoë"})
    opened = open_contests(sample_context(), engine(), made.ballot, made.nonce)
    assert [(contest.index, contest.label) for contest in opened] == [(1, "mayor"), (2, "board"), (3, "points")]
    assert [[option.value for option in contest.options] for contest in opened] == [[0, 1], [1, 0, 1], [3, 1]]
    assert [option.label for option in opened[1].options] == ["cem", "dia", "eva"]
    assert opened[2].options[1].nonce == selection_nonce(made.ballot.h_i, 3, 2, made.nonce)
    assert opened[0].contest_data is not None
    assert unpack(opened[0].contest_data.data) == Remarks(None, "Zoë")
    assert opened[0].contest_data.nonce == contest_data_nonce(made.ballot.h_i, 1, made.nonce)
    assert opened[1].contest_data is None


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2), st.integers(0, 3), st.text(st.characters(exclude_categories=["Cs"]), max_size=10))
def test_what_was_encrypted_is_opened(choice: int, points: int, text: str) -> None:
    """From the ciphertext of the nonce on, as the guardians do it; styles that skip contests included."""
    votes = {1: {choice: 1} if choice else {}, 3: {2: points}}
    made = make_ballot(votes, "no board", {1: text})
    beta = powmod(made.ballot.encrypted_nonce.c0, DATA_SECRET, P)
    nonce = decrypt_ballot_nonce(made.ballot.h_i, made.ballot.encrypted_nonce, beta)
    assert nonce == made.nonce
    mayor, third = open_contests(sample_context(), engine(), made.ballot, nonce)
    assert [option.value for option in mayor.options] == [int(choice == 1), int(choice == 2)]
    assert [option.value for option in third.options] == [0, points]
    assert mayor.contest_data is not None
    assert unpack(mayor.contest_data.data) == Remarks(None, text)


def test_another_nonce_opens_nothing() -> None:
    made = make_ballot({1: {2: 1}}, "mayor only")
    with pytest.raises(BallotNotOpenedError, match=made.ballot.id_b.hex()) as caught:
        open_contests(sample_context(), engine(), made.ballot, bytes(32))
    assert "contest 1, option 1; contest 1, option 2; contest 1, contest data" in str(caught.value)


def test_a_release_says_where_it_does_not_fit() -> None:
    """What must be published all the same carries the nonces that (33) and (64) demand."""
    made = make_ballot(VOTES)
    contest = made.ballot.contests[1]
    selection = contest.selections[1]
    shifted = replace(selection, beta=selection.beta * powmod(JOINT_KEY, 5, P) % P)
    forged = replace(contest, selections=(contest.selections[0], shifted, contest.selections[2]))
    ballot = with_contest(made.ballot, 1, forged)
    release = release_contests(sample_context(), engine(), ballot, made.nonce)
    assert release.misfits == ("contest 2, option 2",)
    assert [option.value for option in release.contests[1].options] == [1, 0, 1]
    honest = open_contests(sample_context(), engine(), made.ballot, made.nonce)
    assert release.contests == honest
    with pytest.raises(BallotNotOpenedError, match="contest 2, option 2"):
        open_contests(sample_context(), engine(), ballot, made.nonce)


@pytest.mark.parametrize("value", [2, -1])
def test_values_out_of_range_do_not_open(value: int) -> None:
    made = make_ballot({}, "mayor only")
    contest = made.ballot.contests[0]
    first = contest.selections[0]
    forged = replace(first, beta=first.beta * powmod(JOINT_KEY, value, P) % P)
    ballot = with_contest(made.ballot, 0, replace(contest, selections=(forged, contest.selections[1])))
    release = release_contests(sample_context(), engine(), ballot, made.nonce)
    assert release.misfits == ("contest 1, option 1",)
    assert release.contests[0].options[0].value == 0


def test_another_alpha_or_c0_does_not_open() -> None:
    made = make_ballot({}, "mayor only")
    contest = made.ballot.contests[0]
    assert contest.contest_data is not None
    first = contest.selections[0]
    negated = replace(contest, selections=(replace(first, alpha=P - first.alpha), contest.selections[1]))
    context = sample_context()
    release = release_contests(context, engine(), with_contest(made.ballot, 0, negated), made.nonce)
    assert release.misfits == ("contest 1, option 1",)
    moved = replace(contest, contest_data=replace(contest.contest_data, c0=contest.contest_data.c0 * 4 % P))
    release = release_contests(context, engine(), with_contest(made.ballot, 0, moved), made.nonce)
    assert release.misfits == ("contest 1, contest data",)


def test_a_ballot_of_another_shape_is_not_opened() -> None:
    made = make_ballot({}, "mayor only")
    contest = made.ballot.contests[0]
    assert contest.contest_data is not None
    for other, message in (
        (replace(contest, index=9), "contest 9 cannot be opened. The manifest has no contest 9"),
        (replace(contest, selections=contest.selections[:1]), "contest 1 cannot be opened: it does not have"),
        (replace(contest, contest_data=None), "contest 1 cannot be opened: it does not have"),
        (
            replace(contest, contest_data=replace(contest.contest_data, c1=bytes(97))),
            "contest 1 cannot be opened: it does not have",
        ),
    ):
        with pytest.raises(BallotNotOpenedError, match=message):
            release_contests(sample_context(), engine(), with_contest(made.ballot, 0, other), made.nonce)
