import pytest
from gmpy2 import powmod
from hypothesis import given
from hypothesis import strategies as st

from amarvote.electionguard.ballots import Commitment, RangeProof
from amarvote.electionguard.parameters import G, P, Q
from amarvote.electionguard.range_proofs import (
    ValueOutOfRangeError,
    begin,
    finish,
    limit_challenge,
    selection_challenge,
)
from ballot_samples import JOINT_KEY, engine

H_I = b"\x07" * 32
EXPONENT = st.integers(0, int(Q) - 1)


@st.composite
def values_and_limits(draw: st.DrawFn) -> tuple[int, int]:
    limit = draw(st.integers(1, 16))
    return draw(st.integers(0, limit)), limit


@given(values_and_limits(), EXPONENT, EXPONENT)
def test_challenges_add_up_and_responses_fit(value_and_limit: tuple[int, int], challenge: int, nonce: int) -> None:
    value, limit = value_and_limit
    secrets = begin(value, limit)
    proof = finish(secrets, challenge, nonce)
    assert len(proof.challenges) == len(proof.responses) == limit + 1
    assert sum(proof.challenges) % Q == challenge
    for j in range(limit + 1):
        assert 0 <= proof.challenges[j] < Q
        assert 0 <= proof.responses[j] < Q
        # The exponents of a_j = g^{v_j} alpha^{c_j} and b_j = K^{w_j} beta^{c_j}, with w_j = v_j - j c_j:
        c, v = proof.challenges[j], proof.responses[j]
        assert (v + nonce * c) % Q == secrets.u[j]
        assert (v - j * c + (nonce + value) * c) % Q == secrets.t[j]


@given(st.integers(1, 16))
def test_no_proof_of_a_value_out_of_range(limit: int) -> None:
    for value in (-1, limit + 1):
        with pytest.raises(ValueOutOfRangeError, match=f"is not between 0 and {limit}"):
            begin(value, limit)


def test_secrets_are_fresh_and_not_shown() -> None:
    first, second = begin(1, 3), begin(1, 3)
    assert not set(first.u) & set(second.u)
    assert not set(first.challenges) - {0} & set(second.challenges)
    assert repr(first) == repr(second) == repr(begin(0, 3)) == "ProofSecrets()"


def recomputed(alpha: int, beta: int, proof: RangeProof) -> list[Commitment]:
    """The commitments as a verifier without them finds them: steps 6.1 and 6.2."""
    return [
        (
            powmod(G, v, P) * powmod(alpha, c, P) % P,
            powmod(JOINT_KEY, (v - j * c) % Q, P) * powmod(beta, c, P) % P,
        )
        for j, (c, v) in enumerate(zip(proof.challenges, proof.responses, strict=True))
    ]


@pytest.mark.parametrize(("value", "limit"), [(0, 1), (1, 1), (0, 3), (2, 3), (3, 3)])
def test_a_verifier_finds_the_same_challenge(value: int, limit: int) -> None:
    nonce = 123456789
    alpha, beta = powmod(G, nonce, P), powmod(JOINT_KEY, nonce + value, P)
    secrets = begin(value, limit)
    commitments = list(zip(engine().powers(G, secrets.u), engine().powers(JOINT_KEY, secrets.t), strict=True))
    proof = finish(secrets, selection_challenge(H_I, 2, 5, alpha, beta, commitments), nonce)
    again = recomputed(alpha, beta, proof)
    assert again == commitments
    assert selection_challenge(H_I, 2, 5, alpha, beta, again) == sum(proof.challenges) % Q
    wrong = recomputed(alpha, beta * JOINT_KEY % P, proof)
    assert selection_challenge(H_I, 2, 5, alpha, beta, wrong) != sum(proof.challenges) % Q


def test_everything_is_bound_by_the_challenge() -> None:
    one, two, three, four = (powmod(G, n, P) for n in (1, 2, 3, 4))
    pairs = [(one, two), (three, four)]
    challenges = [
        selection_challenge(H_I, 1, 1, one, two, pairs),
        selection_challenge(b"\x08" * 32, 1, 1, one, two, pairs),
        selection_challenge(H_I, 2, 1, one, two, pairs),
        selection_challenge(H_I, 1, 2, one, two, pairs),
        selection_challenge(H_I, 1, 1, two, one, pairs),
        selection_challenge(H_I, 1, 1, one, two, pairs[::-1]),
        selection_challenge(H_I, 1, 1, one, two, [(two, one), (three, four)]),
        selection_challenge(H_I, 1, 1, one, two, pairs[:1]),
        limit_challenge(H_I, 1, one, two, pairs),
        limit_challenge(H_I, 2, one, two, pairs),
    ]
    assert len(set(challenges)) == len(challenges)
    assert all(0 <= challenge < Q for challenge in challenges)
