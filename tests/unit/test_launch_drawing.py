import pytest
from hypothesis import given
from hypothesis import strategies as st

from amarvote.inputs.ballot_rules import BallotLine
from amarvote.launch.drawing import challenges_of, draw_cards, draw_marks
from guardian_samples import MANIFEST

CARDS = [BallotLine(n, f"card-{n}", "town", {}) for n in range(1, 6)]


def test_every_card_once_where_they_suffice():
    assert draw_cards(CARDS, 5, 1) == CARDS
    fewer = draw_cards(CARDS, 3, 1)
    assert len({card.ballot_id for card in fewer}) == 3


def test_beyond_that_whole_cards_again_under_names_of_their_own():
    drawn = draw_cards(CARDS, 40, 1)
    assert drawn[:5] == CARDS
    assert len({card.ballot_id for card in drawn}) == 40
    assert {card.ballot_id.split("/")[0] for card in drawn[5:]} == {card.ballot_id for card in CARDS}


def test_a_seed_draws_the_same_voters_again():
    assert draw_cards(CARDS, 40, 7) == draw_cards(CARDS, 40, 7)
    assert draw_cards(CARDS, 40, 7) != draw_cards(CARDS, 40, 8)
    assert draw_marks(MANIFEST, "town", 7, 3, 0) == draw_marks(MANIFEST, "town", 7, 3, 0)


@given(voters=st.integers(1, 300), challenged=st.integers(0, 900))
def test_challenges_are_spread_and_add_up(voters, challenged):
    each = [challenges_of(voter, voters, challenged) for voter in range(voters)]
    assert sum(each) == challenged
    assert max(each) - min(each) <= 1


@given(
    seed=st.integers(),
    voter=st.integers(0, 10**6),
    turn=st.integers(0, 9),
    style=st.sampled_from(["town", "village"]),
)
def test_made_up_marks_are_valid(seed, voter, turn, style):
    marks = draw_marks(MANIFEST, style, seed, voter, turn)
    contests = {contest.id: contest for contest in MANIFEST.contests}
    assert set(marks.votes) == {MANIFEST.contest(i).id for i in MANIFEST.style(style).contest_indices}
    for contest_id, votes in marks.votes.items():
        contest = contests[contest_id]
        assert sum(votes.values()) <= contest.selection_limit
        assert all(0 < value <= contest.option_limit for value in votes.values())
        assert set(votes) <= {option.id for option in contest.options}


def test_made_up_marks_differ():
    assert len({str(draw_marks(MANIFEST, "town", 1, voter, 0)) for voter in range(30)}) > 5


@pytest.mark.parametrize("voters", [1, 3])
def test_nobody_challenges_where_none_is_asked(voters):
    assert all(challenges_of(voter, voters, 0) == 0 for voter in range(voters))
