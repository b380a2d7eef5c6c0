"""Schnorr proofs around guardians: of a whole polynomial and zeta, and what must hold before a secret is used.

A guardian proves that it knows its polynomial and zeta with one challenge for all, eqs. (10)-(13). It raises a
ballot's C0 to its secret only if `opens` says that the exponent of C0 is known: (38), (69).
"""

from collections.abc import Callable, Sequence

from gmpy2 import mpz

from amarvote.electionguard import randomness
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.guardians import SchnorrProof
from amarvote.electionguard.hashing import element_bytes, hash_q, index_bytes
from amarvote.electionguard.parameters import G, Q

VOTE_LABEL = b"pk_vote"
"""In the challenge (11) over K_{i,j}."""

DATA_LABEL = b"pk_data"
"""In the challenge (13) over K̂_{i,j}."""


def key_challenge(
    h_p: bytes,
    label: bytes,
    guardian: int,
    commitments: Sequence[mpz],
    kappa: mpz,
    announcements: Sequence[mpz],
) -> int:
    """c_i (11) or ĉ_i (13): commitments K_{i,0..k-1}, then kappa_i, then the announcements h_{i,0..k}."""
    elements = (*commitments, kappa, *announcements)
    return hash_q(h_p, 0x10, label, index_bytes(guardian), *map(element_bytes, elements))


def prove_key(
    engine: Engine,
    h_p: bytes,
    label: bytes,
    guardian: int,
    commitments: Sequence[mpz],
    kappa: mpz,
    secrets: Sequence[int],
) -> SchnorrProof:
    """The proof over `secrets`, the k coefficients and then zeta, all in constant time."""
    nonces = [randomness.random_q() for _ in secrets]
    announcements = engine.secret_powers([G] * len(nonces), nonces)
    challenge = key_challenge(h_p, label, guardian, commitments, kappa, announcements)
    responses = ((u - challenge * secret) % int(Q) for u, secret in zip(nonces, secrets, strict=True))
    return SchnorrProof(challenge, tuple(responses))


def announcements_of(engine: Engine, commitments: Sequence[mpz], kappa: mpz, proof: SchnorrProof) -> list[mpz]:
    """h_{i,j} = g^{v_{i,j}} K_{i,j}^{c_i}, and the last one with kappa_i: steps 2.1 to 2.4."""
    fixed = engine.powers(G, proof.responses)
    bases = (*commitments, kappa)
    return [
        engine.product((power, engine.power(base, proof.challenge)))
        for power, base in zip(fixed, bases, strict=True)
    ]


def opens(engine: Engine, c0: mpz, c: int, v: int, challenge: Callable[[mpz], int]) -> bool:
    """Whether C0 lies in Z_p^r and (c, v), both below q, prove its exponent: c is the hash of a = g^v C0^c.

    Outside the group a power of C0 would tell about the secret in its exponent; C0 = 0 passes every equation.
    """
    if c >= Q or v >= Q or engine.outsiders([c0]):
        return False
    return challenge(engine.product((engine.power(G, v), engine.power(c0, c)))) == c
