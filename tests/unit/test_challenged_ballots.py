from dataclasses import replace

import pytest
from gmpy2 import mpz, powmod

from amarvote.electionguard.ballot_nonce import encrypt_ballot_nonce, nonce_challenge
from amarvote.electionguard.ballots import BallotStatus, HashedCiphertext
from amarvote.electionguard.challenged_ballots import (
    ChallengedBallot,
    MustStayClosed,
    NonceShare,
    Question,
    answer_challenged,
    combine_challenged,
)
from amarvote.electionguard.errors import ElectionGuardError
from amarvote.electionguard.guardian_faults import MessageRefused, ResponseRefused
from amarvote.electionguard.hashing import element_bytes, exponent_bytes, hash_q, index_bytes
from amarvote.electionguard.identifier import ChallengeReferenceError
from amarvote.electionguard.parameters import G, P, Q
from amarvote.electionguard.tallies import ChallengedBallotOpening
from guardian_samples import ENGINE, ceremony, challenged

q = int(Q)
HELD = ceremony()
U = (1, 3)
QUESTION = Question(b"r" * 32, b"u" * 32)
BALLOTS = [
    challenged(HELD, 4, {1: {2: 1}, 2: {1: 3, 3: 1}}),
    challenged(HELD, 9, {}),
]


def shares_of(
    ballots: list[ChallengedBallot] = BALLOTS, question: Question = QUESTION
) -> dict[int, list[NonceShare]]:
    return {i: answer_challenged(HELD.context, ENGINE, HELD.shares[i], question, ballots) for i in U}


SHARES = shares_of()


def combined(
    shares: dict[int, list[NonceShare]],
    ballots: list[ChallengedBallot] = BALLOTS,
    question: Question = QUESTION,
) -> list[ChallengedBallotOpening]:
    return combine_challenged(HELD.context, ENGINE, HELD.keys, U, question, ballots, shares)


def test_a_quorum_opens_the_votes() -> None:
    first, second = combined(SHARES)
    values = [[option.value for option in contest.options] for contest in first.contests]
    assert values == [[0, 1], [3, 0, 1]]
    assert [[option.value for option in contest.options] for contest in second.contests] == [
        [0, 0],
        [0, 0, 0],
    ]
    assert first.ballot == BALLOTS[0].locator
    assert first.h_i == BALLOTS[0].ballot.h_i
    for contest, encrypted in zip(first.contests, BALLOTS[0].ballot.contests, strict=True):
        for option, selection in zip(contest.options, encrypted.selections, strict=True):
            assert powmod(G, option.nonce, P) == selection.alpha


@pytest.mark.parametrize("status", [BallotStatus.CAST, BallotStatus.SPOILED, BallotStatus.UNDECIDED])
def test_only_challenged_ballots_are_opened(status: BallotStatus) -> None:
    cast = replace(BALLOTS[0], ballot=replace(BALLOTS[0].ballot, status=status))
    with pytest.raises(MustStayClosed, match="ballot 4 is not recorded as challenged"):
        answer_challenged(HELD.context, ENGINE, HELD.shares[1], QUESTION, [cast])


@pytest.mark.parametrize("reference", ["", "challenge:", "challenge:" + 64 * "0", "ballot 17"])
def test_no_ballot_is_opened_without_the_secret_behind_its_identifier(reference: str) -> None:
    relabelled = replace(BALLOTS[0], ballot=replace(BALLOTS[0].ballot, ballot_ref=reference))
    with pytest.raises(ChallengeReferenceError, match="stay closed"):
        answer_challenged(HELD.context, ENGINE, HELD.shares[1], QUESTION, [relabelled])


def test_a_ballot_under_another_ballots_hash_stays_closed() -> None:
    """Whoever takes over H_I and the encrypted nonce of a cast ballot takes over its proof (38) as well.

    The identifier is the attacker's own, and its secret is there; only H_I (32) does not follow from it.
    """
    victim = BALLOTS[0].ballot
    wrapped = replace(BALLOTS[1].ballot, h_i=victim.h_i, encrypted_nonce=victim.encrypted_nonce)
    with pytest.raises(MustStayClosed, match="ballot 9 carries another identifier hash"):
        answer_challenged(HELD.context, ENGINE, HELD.shares[1], QUESTION, [replace(BALLOTS[1], ballot=wrapped)])


def with_nonce(**change: object) -> ChallengedBallot:
    ballot = BALLOTS[0].ballot
    return replace(BALLOTS[0], ballot=replace(ballot, encrypted_nonce=replace(ballot.encrypted_nonce, **change)))


@pytest.mark.parametrize(
    "change",
    [
        {"c": q},
        {"v": q},
        {"v": BALLOTS[0].ballot.encrypted_nonce.v + q},
        {"v": 5},
        {"c1": bytes(32)},
        {"c0": mpz(0)},
        {"c0": P},
        {"c0": P - BALLOTS[0].ballot.encrypted_nonce.c0},
    ],
)
def test_no_secret_meets_a_nonce_whose_proof_does_not_hold(change: dict[str, object]) -> None:
    with pytest.raises(MustStayClosed, match=r"no valid proof \(38\)"):
        answer_challenged(HELD.context, ENGINE, HELD.shares[1], QUESTION, [with_nonce(**change)])


def test_zero_with_a_proof_that_holds_is_not_opened() -> None:
    h_i = BALLOTS[0].ballot.h_i
    zero = HashedCiphertext(mpz(0), bytes(32), nonce_challenge(h_i, mpz(0), mpz(0), bytes(32)), 1)
    ballot = replace(BALLOTS[0], ballot=replace(BALLOTS[0].ballot, encrypted_nonce=zero))
    with pytest.raises(MustStayClosed):
        answer_challenged(HELD.context, ENGINE, HELD.shares[1], QUESTION, [ballot])


def altered(member: int, position: int, **change: object) -> dict[int, list[NonceShare]]:
    shares = {i: list(one) for i, one in SHARES.items()}
    shares[member][position] = replace(shares[member][position], **change)
    return shares


@pytest.mark.parametrize(
    "change",
    [
        {"share": powmod(G, 5, P)},
        {"share": P - SHARES[3][1].share},
        {"share": mpz(0)},
        {"share": P},
        {"c": 5},
        {"v": 5},
        {"c": q},
        {"v": q},
        {"v": SHARES[3][1].v + q},
    ],
)
def test_a_wrong_share_names_guardian_and_ballot(change: dict[str, object]) -> None:
    with pytest.raises(ResponseRefused, match=r"Guardian 3: .*challenged ballot 9") as caught:
        combined(altered(3, 1, **change))
    assert caught.value.culprit == 3


def challenge_of(guardian: int, power: mpz, a: mpz, b: mpz) -> int:
    """c of the module's docstring, for the second ballot."""
    ballot = BALLOTS[1].ballot
    nonce = ballot.encrypted_nonce
    parts = (QUESTION.root, QUESTION.run, ballot.h_i, index_bytes(guardian), element_bytes(nonce.c0), nonce.c1)
    proof = (exponent_bytes(nonce.c), exponent_bytes(nonce.v))
    return hash_q(HELD.context.h_e, 0xA1, *parts, *proof, *map(element_bytes, (power, a, b)))


def test_the_challenge_is_the_documented_hash() -> None:
    c0 = BALLOTS[1].ballot.encrypted_nonce.c0
    for guardian in U:
        part, secret = SHARES[guardian][1], HELD.shares[guardian].data
        nonce = (part.v + part.c * secret) % q
        assert part.c == challenge_of(guardian, part.share, powmod(G, nonce, P), powmod(c0, nonce, P))


def test_a_guardian_cannot_negate_its_share() -> None:
    """With a challenge that it tried until it was even, the sign shows in no equation."""
    c0, secret = BALLOTS[1].ballot.encrypted_nonce.c0, HELD.shares[3].data
    negated = P - powmod(c0, secret, P)
    nonce = c = 1
    while c % 2:
        nonce += 1
        c = challenge_of(3, negated, powmod(G, nonce, P), powmod(c0, nonce, P))
    with pytest.raises(ResponseRefused, match="Guardian 3"):
        combined(altered(3, 1, share=negated, c=c, v=(nonce - c * secret) % q))


def test_shares_of_two_ballots_exchanged() -> None:
    with pytest.raises(ResponseRefused) as caught:
        combined({1: list(reversed(SHARES[1])), 3: SHARES[3]})
    assert caught.value.culprit == 1


@pytest.mark.parametrize("question", [Question(b"x" * 32, QUESTION.run), Question(QUESTION.root, b"x" * 32)])
def test_an_answer_holds_for_its_root_and_run_only(question: Question) -> None:
    with pytest.raises(ResponseRefused):
        combined(SHARES, question=question)


def test_an_answer_holds_for_its_ballot_only() -> None:
    """Another ballot that carries the very same encrypted nonce."""
    twin = replace(BALLOTS[0], ballot=replace(BALLOTS[0].ballot, h_i=BALLOTS[1].ballot.h_i))
    with pytest.raises(ResponseRefused):
        combined(SHARES, [twin, BALLOTS[1]])


def test_a_missing_answer_names_the_guardian() -> None:
    for shares in ({1: SHARES[1]}, {1: SHARES[1], 3: SHARES[3][:1]}):
        with pytest.raises(MessageRefused, match="of 2 challenged ballots") as caught:
            combined(shares)
        assert caught.value.culprit == 3


def test_too_few_guardians() -> None:
    with pytest.raises(ElectionGuardError, match="takes 2 of 3"):
        combine_challenged(HELD.context, ENGINE, HELD.keys, [3], QUESTION, BALLOTS, SHARES)


def test_a_nonce_that_does_not_open_its_ballot_holds_nothing_back() -> None:
    """The encryptor put another nonce into a well-proved ciphertext; the guardians did nothing wrong."""
    ballot = BALLOTS[0].ballot
    wrong, _ = encrypt_ballot_nonce(ENGINE, HELD.context.joint_data_key, ballot.h_i, b"another nonce".ljust(32))
    lying = [replace(BALLOTS[0], ballot=replace(ballot, encrypted_nonce=wrong))]
    (opening,) = combined(shares_of(lying), lying)
    assert [[option.value for option in contest.options] for contest in opening.contests] == [
        [0, 0],
        [0, 0, 0],
    ]


def test_questions_are_bound_to_hashes_of_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Question(b"", b"u" * 32)
    with pytest.raises(ValueError, match="32 bytes"):
        Question(b"r" * 32, b"short")
