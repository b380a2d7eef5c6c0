"""Proofs that a ciphertext holds a number from 0 to R: section 3.3.7, eqs. (57) to (62).

A proof is made in three steps, so that a caller may raise one base to many exponents at once:
`begin` draws the secrets, the caller computes the commitments, `finish` answers the challenge.
The bounds of a selection are 0..R, of a contest's sum 0..L; the challenges differ, the rest does not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gmpy2 import mpz

from amarvote.electionguard import randomness
from amarvote.electionguard.ballots import Commitment, RangeProof
from amarvote.electionguard.errors import ElectionGuardError
from amarvote.electionguard.hashing import element_bytes, hash_q, index_bytes
from amarvote.electionguard.parameters import Q

_Q = int(Q)


class ValueOutOfRangeError(ElectionGuardError):
    """What is to be proved in range is not; no proof can be made."""


@dataclass(frozen=True, slots=True)
class ProofSecrets:
    """What the prover keeps between commitment and response; all exponents in Z_q, one per j = 0..limit.

    `u` are the exponents of g in a_j, `t` those of K in b_j; `challenges` holds c_j for j != value and 0 there.
    """

    value: int = field(repr=False)
    u: tuple[int, ...] = field(repr=False)
    t: tuple[int, ...] = field(repr=False)
    challenges: tuple[int, ...] = field(repr=False)


def begin(value: int, limit: int) -> ProofSecrets:
    """Draw u_j and the c_j of all j != value, and derive t_j = u_j + (value - j) c_j, eqs. (57), (58).

    The commitments are a_j = g^{u_j} and b_j = K^{t_j}. ValueOutOfRangeError unless 0 <= value <= limit.
    """
    if not 0 <= value <= limit:
        raise ValueOutOfRangeError(f"A value is not between 0 and {limit}; it cannot be proved to be.")
    u = tuple(randomness.random_q() for _ in range(limit + 1))
    challenges = tuple(0 if j == value else randomness.random_q() for j in range(limit + 1))
    t = tuple((u[j] + (value - j) * challenges[j]) % _Q for j in range(limit + 1))
    return ProofSecrets(value, u, t, challenges)


def finish(secrets: ProofSecrets, challenge: int, nonce: int) -> RangeProof:
    """Answer the challenge c of eq. (59) or (62) with c_value (60) and all v_j (61); `nonce` is the xi of (31)."""
    challenges = list(secrets.challenges)
    challenges[secrets.value] = (challenge - sum(challenges)) % _Q
    responses = tuple((u - c * nonce) % _Q for u, c in zip(secrets.u, challenges, strict=True))
    return RangeProof(tuple(challenges), responses)


def selection_challenge(
    h_i: bytes, contest_index: int, option_index: int, alpha: mpz, beta: mpz, commitments: Sequence[Commitment]
) -> int:
    """c of the proof of one selection, eq. (59), over the pairs (a_j, b_j), j = 0..R."""
    return hash_q(
        h_i, 0x24, index_bytes(contest_index), index_bytes(option_index), *_elements(alpha, beta, commitments)
    )


def limit_challenge(
    h_i: bytes, contest_index: int, alpha: mpz, beta: mpz, commitments: Sequence[Commitment]
) -> int:
    """c of the limit proof of a contest, eq. (62); alpha, beta are the products over its options."""
    return hash_q(h_i, 0x24, index_bytes(contest_index), *_elements(alpha, beta, commitments))


def _elements(alpha: mpz, beta: mpz, commitments: Sequence[Commitment]) -> Iterable[bytes]:
    yield element_bytes(alpha)
    yield element_bytes(beta)
    for a, b in commitments:
        yield element_bytes(a)
        yield element_bytes(b)
