from collections.abc import Sequence
from typing import Any

import pytest
from gmpy2 import mpz, powmod
from hypothesis import given, settings
from hypothesis import strategies as st

from amarvote.electionguard.ballots import BallotStatus, Commitment, HashedCiphertext, RangeProof
from amarvote.electionguard.confirmation import (
    chained_field,
    confirmation_code,
    contest_hash,
    device_hash,
    initial_hash,
    unchained_field,
)
from amarvote.electionguard.contest_data import contest_data_challenge, decrypt_with_beta
from amarvote.electionguard.contest_remarks import Remarks, unpack
from amarvote.electionguard.context import Context, identifier_hash
from amarvote.electionguard.encryption import BallotInputError, encrypt_ballot, plan_votes, selection_nonce
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.parameters import G, P, Q
from amarvote.electionguard.range_proofs import limit_challenge, selection_challenge
from ballot_samples import (
    DATA_SECRET,
    JOINT_DATA_KEY,
    JOINT_KEY,
    Made,
    decrypted,
    engine,
    make_ballot,
    sample_context,
)


def values_of(made: Made) -> dict[int, list[int]]:
    """Decrypted with the secret key: contest index -> values in order."""
    return {
        contest.index: [decrypted(selection.alpha, selection.beta) for selection in contest.selections]
        for contest in made.ballot.contests
    }


def remarks_of(made: Made, position: int = 0) -> Remarks:
    contest = made.ballot.contests[position]
    assert contest.contest_data is not None
    beta = powmod(contest.contest_data.c0, DATA_SECRET, P)
    return unpack(decrypt_with_beta(made.ballot.h_i, contest.index, contest.contest_data, beta))


def recomputed(alpha: mpz, beta: mpz, proof: RangeProof) -> tuple[Commitment, ...]:
    """Steps 6.1 and 6.2 (7.3 and 7.4), in the plainest way."""
    return tuple(
        (
            powmod(G, v, P) * powmod(alpha, c, P) % P,
            powmod(JOINT_KEY, (v - j * c) % Q, P) * powmod(beta, c, P) % P,
        )
        for j, (c, v) in enumerate(zip(proof.challenges, proof.responses, strict=True))
    )


def commitment_of(ciphertext: HashedCiphertext) -> mpz:
    return powmod(G, ciphertext.v, P) * powmod(ciphertext.c0, ciphertext.c, P) % P


def check_everything(made: Made) -> None:
    """The ballot as the digest's checks 5.B to 8.B see it, written out plainly, and its companion commitments."""
    ballot, context = made.ballot, sample_context()
    assert ballot.h_i == identifier_hash(context.h_e, ballot.id_b)
    style = context.manifest.style(ballot.ballot_style)
    assert tuple(contest.index for contest in ballot.contests) == style.contest_indices
    for encrypted, committed in zip(ballot.contests, made.commitments.contests, strict=True):
        contest = context.manifest.contest(encrypted.index)
        pairs = [(selection.alpha, selection.beta) for selection in encrypted.selections]
        assert len(pairs) == len(contest.options)
        for option, selection, given_pairs in zip(
            contest.options, encrypted.selections, committed.selections, strict=True
        ):
            assert len(selection.proof.challenges) == contest.option_limit + 1
            again = recomputed(selection.alpha, selection.beta, selection.proof)
            assert again == given_pairs
            c = selection_challenge(
                ballot.h_i, contest.index, option.index, selection.alpha, selection.beta, again
            )
            assert c == sum(selection.proof.challenges) % Q
        alpha, beta = engine().product(a for a, _ in pairs), engine().product(b for _, b in pairs)
        assert len(encrypted.limit_proof.challenges) == contest.selection_limit + 1
        again = recomputed(alpha, beta, encrypted.limit_proof)
        assert again == committed.limit
        c = limit_challenge(ballot.h_i, contest.index, alpha, beta, again)
        assert c == sum(encrypted.limit_proof.challenges) % Q
        data = encrypted.contest_data
        assert (data is not None) == (contest.contest_data_blocks > 0) == (committed.contest_data is not None)
        if data is not None:
            assert len(data.c1) == 32 * contest.contest_data_blocks
            assert commitment_of(data) == committed.contest_data
            challenge = contest_data_challenge(ballot.h_i, contest.index, commitment_of(data), data.c0, data.c1)
            assert challenge == data.c
        assert encrypted.contest_hash == contest_hash(ballot.h_i, contest.index, pairs, data)
    hashes = [contest.contest_hash for contest in ballot.contests]
    assert ballot.confirmation_code == confirmation_code(ballot.h_i, hashes, ballot.chaining_field)
    assert commitment_of(ballot.encrypted_nonce) == made.commitments.nonce


@pytest.mark.parametrize(
    ("style", "votes"),
    [
        ("all", {1: {2: 1}, 2: {1: 1, 3: 1}, 3: {1: 3, 2: 1}}),
        ("all", {}),
        ("mayor only", {1: {1: 1}}),
        ("no board", {3: {2: 3}}),
    ],
)
def test_everything_a_verifier_checks(style: str, votes: dict[int, dict[int, int]]) -> None:
    check_everything(made := make_ballot(votes, style))
    for index, values in values_of(made).items():
        assert values == [votes.get(index, {}).get(option, 0) for option in range(1, len(values) + 1)]


@st.composite
def countable_votes(draw: st.DrawFn) -> dict[int, dict[int, int]]:
    votes: dict[int, dict[int, int]] = {}
    for contest in sample_context().manifest.contests:
        left = contest.selection_limit
        marks: dict[int, int] = {}
        for option in draw(st.permutations(list(contest.options))):
            value = draw(st.integers(0, min(left, contest.option_limit)))
            left -= value
            if value or draw(st.booleans()):
                marks[option.index] = value
        if bool(marks) or draw(st.booleans()):
            votes[contest.index] = marks
    return votes


@settings(max_examples=8, deadline=None)
@given(countable_votes(), st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
def test_any_vote_is_encrypted_as_it_is(votes: dict[int, dict[int, int]], text: str) -> None:
    made = make_ballot(votes, texts={1: text})
    for index, values in values_of(made).items():
        assert values == [votes.get(index, {}).get(option, 0) for option in range(1, len(values) + 1)]
    assert remarks_of(made) == Remarks(None, text)


def test_a_new_ballot_is_undecided() -> None:
    ballot = make_ballot({}).ballot
    assert (ballot.status, ballot.weight, ballot.encrypted_at) == (BallotStatus.UNDECIDED, 1, None)
    assert (ballot.ballot_style, ballot.ballot_ref) == ("all", "")


@pytest.mark.parametrize(
    ("votes", "overvoted", "marks"),
    [
        ({1: {1: 1, 2: 1}}, 1, {"ada": 1, "ben": 1}),
        ({1: {2: 2}}, 1, {"ben": 2}),
        ({2: {1: 1, 2: 1, 3: 1}}, 2, None),
        ({3: {1: 3, 2: 2}}, 3, None),
        ({3: {1: 4}}, 3, None),
    ],
)
def test_overvotes_count_nothing(
    votes: dict[int, dict[int, int]], overvoted: int, marks: dict[str, int] | None
) -> None:
    """More than L in all, or more than R for one option even where L would allow it."""
    made = make_ballot({1: {1: 1}, 2: {2: 1}, 3: {2: 1}} | votes)
    check_everything(made)
    values = values_of(made)
    assert not any(values[overvoted])
    assert [sum(others) for index, others in values.items() if index != overvoted] == [1, 1]
    assert remarks_of(made) == Remarks(marks)


def test_an_overvote_with_a_write_in_keeps_both() -> None:
    made = make_ballot({1: {1: 1, 2: 1}}, texts={1: "Grace Hopper"})
    assert remarks_of(made) == Remarks({"ada": 1, "ben": 1}, "Grace Hopper")


def test_contest_data_shows_neither_presence_nor_length() -> None:
    lengths = set()
    for text in ("", "x", "Grace Hopper"):
        data = make_ballot({}, "mayor only", {1: text}).ballot.contests[0].contest_data
        assert data is not None
        lengths.add(len(data.c1))
    assert lengths == {96}


def test_the_nonce_decides_the_ciphertexts_and_nothing_else() -> None:
    """Same nonce and identifier: same ciphertexts, other proofs, another wrapping of the nonce."""
    first = make_ballot({1: {1: 1}}, "mayor only", id_b=b"\x01" * 32, ballot_nonce=b"\x02" * 32).ballot
    second = make_ballot({1: {1: 1}}, "mayor only", id_b=b"\x01" * 32, ballot_nonce=b"\x02" * 32).ballot
    other = make_ballot({1: {1: 1}}, "mayor only", id_b=b"\x03" * 32, ballot_nonce=b"\x02" * 32).ballot
    xi = selection_nonce(first.h_i, 1, 2, b"\x02" * 32)
    assert first.contests[0].selections[1].alpha == powmod(G, xi, P)
    for one, two, three in zip(*(b.contests[0].selections for b in (first, second, other)), strict=True):
        assert (one.alpha, one.beta) == (two.alpha, two.beta)
        assert not set(one.proof.responses) & set(two.proof.responses)
        assert one.alpha != three.alpha
    assert first.encrypted_nonce.c0 != second.encrypted_nonce.c0


def test_chained_ballots_follow_each_other() -> None:
    context = sample_context()
    h_di = device_hash(context.h_e, "box 1")
    code = initial_hash(context.h_e, h_di)
    for _ in range(3):
        made = make_ballot({}, "mayor only", chaining_field=chained_field(code))
        check_everything(made)
        assert made.ballot.chaining_field == b"\0\0\0\x01" + code
        code = made.ballot.confirmation_code


@pytest.mark.parametrize(
    ("style", "votes", "texts", "message"),
    [
        ("none", {}, {}, "The manifest has no ballot style 'none'"),
        ("mayor only", {2: {1: 1}}, {}, "Contest 2 is not on ballots of style 'mayor only'"),
        ("all", {9: {}}, {}, "Contest 9 is not on ballots"),
        ("mayor only", {}, {3: "x"}, "Contest 3 is not on ballots"),
        ("all", {1: {3: 1}}, {}, r"Contest 1 \(mayor\) has no option 3; it has 2"),
        ("all", {1: {0: 1}}, {}, "has no option 0"),
        ("all", {1: {True: 1}}, {}, "has no option True"),
        ("all", {2: {3: -1}}, {}, r"Contest 2 \(board\), option 3 \(eva\): a value must be a whole number from 0"),
        ("all", {2: {3: True}}, {}, r"option 3 \(eva\): a value must be"),
        ("all", {2: {3: 1.0}}, {}, r"option 3 \(eva\): a value must be"),
        ("all", {2: {3: 2**31}}, {}, r"option 3 \(eva\): a value must be"),
        ("all", {}, {2: "Ada"}, r"Contest 2 \(board\) has no room for a write-in"),
        ("all", {}, {1: "x" * 99}, r"Contest 1 \(mayor\): the write-in needs 114 bytes .* and 92 are there"),
        ("all", {}, {1: "\ud800"}, r"Contest 1 \(mayor\): the write-in is not valid Unicode"),
    ],
)
def test_what_cannot_be_a_ballot(style: str, votes: Any, texts: dict[int, str], message: str) -> None:
    with pytest.raises(BallotInputError, match=message):
        make_ballot(votes, style, texts)


def test_an_empty_text_needs_no_room() -> None:
    planned = plan_votes(sample_context().manifest, "all", {}, {2: ""})
    assert [contest.index for contest, _ in planned] == [1, 2, 3]
    assert [votes.data is None for _, votes in planned] == [False, True, True]


def test_what_a_voter_marked_is_not_shown() -> None:
    """What is planned may stand in a traceback's neighbourhood or a log; votes and texts must not."""
    manifest = sample_context().manifest
    planned = plan_votes(manifest, "all", {1: {1: 1}}, {1: "Ada"})
    assert [repr(votes) for _, votes in planned] == ["ContestVotes()"] * 3


@pytest.mark.parametrize("name", ["id_b", "ballot_nonce", "chaining_field"])
def test_wrong_widths_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"must have \d+ bytes, not 31"):
        make_ballot({}, "all", {}, **{name: bytes(31)})


class CountingEngine(Engine):
    """The real engine, keeping account of the powers it is asked for."""

    def __init__(self) -> None:
        super().__init__(window_bits=4)
        self.prepare(JOINT_KEY, JOINT_DATA_KEY)
        self.asked: dict[int, int] = {}

    def power(self, base: int, exponent: int) -> mpz:
        raise NotImplementedError("encryption asks for lists")

    def powers(self, base: int, exponents: Sequence[int]) -> list[mpz]:
        self.asked[base] = self.asked.get(base, 0) + len(exponents)
        return engine().powers(base, exponents)


def test_six_powers_a_selection() -> None:
    """Two for the ciphertext, four for the proof; the rest belongs to limits, data and nonce."""
    counting, context = CountingEngine(), sample_context()
    field = unchained_field(device_hash(context.h_e, "box 1"))
    inputs: dict[str, bytes] = {"id_b": b"\x01" * 32, "ballot_nonce": b"\x02" * 32, "chaining_field": field}
    encrypt_ballot(context, counting, "mayor only", {1: {1: 1}}, {}, **inputs)
    selections, limit, data, nonce = 2 * 3, 2, 2, 2
    assert counting.asked == {
        G: selections + limit + data + nonce,
        JOINT_KEY: selections + limit,
        JOINT_DATA_KEY: 2,
    }


def test_other_elections_keys_give_other_ballots() -> None:
    context = sample_context()
    other = Context.derive(context.manifest, 3, 2, powmod(G, 77, P), context.joint_data_key)
    field = unchained_field(device_hash(context.h_e, "box 1"))
    inputs: dict[str, bytes] = {"id_b": b"\x01" * 32, "ballot_nonce": b"\x02" * 32, "chaining_field": field}
    ours, _ = encrypt_ballot(context, engine(), "mayor only", {}, {}, **inputs)
    theirs, _ = encrypt_ballot(other, engine(), "mayor only", {}, {}, **inputs)
    assert ours.h_i != theirs.h_i
    assert ours.contests[0].selections[0].alpha != theirs.contests[0].selections[0].alpha
