"""The public part of a guardian's key, as exchanged in the ceremony and published in the record."""

from dataclasses import dataclass

from gmpy2 import mpz


@dataclass(frozen=True, slots=True)
class SchnorrProof:
    """One challenge for a whole polynomial and kappa, and the responses v_0..v_k; eqs. (10)-(13)."""

    challenge: int
    responses: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class GuardianPublicKey:
    """Guardian i: commitments K_{i,j} and K̂_{i,j} (8), j = 0..k-1, communication key kappa_i (9), both proofs."""

    index: int
    vote_commitments: tuple[mpz, ...]
    data_commitments: tuple[mpz, ...]
    kappa: mpz
    vote_proof: SchnorrProof
    data_proof: SchnorrProof


@dataclass(frozen=True, slots=True)
class ElectionKeys:
    """The joint keys K (25), K̂ (26) and the extended base hash H_E (30)."""

    joint_key: mpz
    joint_data_key: mpz
    h_e: bytes
