from dataclasses import replace

import pytest
from gmpy2 import mpz, powmod

from amarvote.electionguard.parameters import G, P, Q
from amarvote.electionguard.share_proofs import ShareProof, failing
from guardian_samples import ENGINE

q = int(Q)
MINUS_ONE = P - 1


def proof(secret: int, base_exponent: int, challenge: int, nonce: int = 77) -> ShareProof:
    base = powmod(G, base_exponent, P)
    return ShareProof(
        powmod(G, secret, P),
        base,
        powmod(base, secret, P),
        powmod(G, nonce, P),
        powmod(base, nonce, P),
        challenge,
        (nonce - challenge * secret) % q,
    )


def honest(count: int) -> list[ShareProof]:
    return [proof(5 + i % 2, 100 + i // 2, 1000 + 2 * i, 70 + i) for i in range(count)]


def test_nothing_and_honest_proofs() -> None:
    assert failing(ENGINE, []) == []
    assert failing(ENGINE, honest(7)) == []


def test_zero_challenges_and_a_base_of_one() -> None:
    assert failing(ENGINE, [proof(5, 0, 9), proof(5, 3, 0), proof(5, 100, q - 1)]) == []


@pytest.mark.parametrize(
    "change",
    [
        {"share": powmod(G, 9, P)},
        {"a": powmod(G, 9, P)},
        {"b": powmod(G, 9, P)},
        {"challenge": 3},
        {"response": 3},
        {"guardian_key": powmod(G, 9, P)},
        {"base": powmod(G, 9, P)},
        {"response": -1},
    ],
)
def test_a_wrong_value_is_found_among_honest_ones(change: dict[str, int]) -> None:
    proofs = honest(6)
    proofs[3] = replace(proofs[3], **change)
    assert failing(ENGINE, proofs) == [3]


def test_a_response_is_never_reduced() -> None:
    proofs = honest(3)
    proofs[1] = replace(proofs[1], response=proofs[1].response + q)
    assert failing(ENGINE, proofs) == [1]


def test_all_wrong_ones_are_found() -> None:
    proofs = honest(6)
    for i in (0, 2, 5):
        proofs[i] = replace(proofs[i], response=1)
    assert failing(ENGINE, proofs) == [0, 2, 5]


def test_errors_that_cancel_each_other_are_found() -> None:
    """Without random weights the product of the two would hold."""
    proofs = [proof(5, 100, 1000, 70), proof(5, 100, 1002, 71)]
    proofs[0] = replace(proofs[0], response=(proofs[0].response + 1) % q)
    proofs[1] = replace(proofs[1], response=(proofs[1].response - 1) % q)
    assert failing(ENGINE, proofs) == [0, 1]


@pytest.mark.parametrize("field", ["share", "a", "b"])
def test_elements_outside_the_group_are_found_even_where_the_equations_hold(field: str) -> None:
    """A negated M_i with an even challenge satisfies b = A^v M^c; the sign is caught all the same."""
    one = honest(4)[2]
    assert one.challenge % 2 == 0
    negated = replace(one, **{field: getattr(one, field) * MINUS_ONE % P})
    for _ in range(8):  # a sign passes every second product of random weights
        assert failing(ENGINE, [*honest(2), negated]) == [2]
    for outside in (mpz(0), P, P + 1, mpz(3)):
        assert failing(ENGINE, [replace(one, **{field: outside})]) == [0]
