"""Encrypted ballots as they stand in the record, and the commitments that travel beside them.

Values are kept as read: whether they lie in their range is for the checks to say, each under its own code.
"""

from dataclasses import dataclass
from enum import IntEnum

from gmpy2 import mpz


class BallotStatus(IntEnum):
    """What became of a ballot; numbers as in the record."""

    UNDECIDED = 0
    CAST = 1
    CHALLENGED = 2
    SPOILED = 3


@dataclass(frozen=True, slots=True)
class HashedCiphertext:
    """C0 = alpha, C1 = the masked data (32 bytes a block), C2 = (c, v) its Schnorr proof (37), (38), (67)-(69)."""

    c0: mpz
    c1: bytes
    c: int
    v: int


@dataclass(frozen=True, slots=True)
class RangeProof:
    """Challenges c_0..c_R and responses v_0..v_R of eqs. (57)-(61), or 0..L of a limit proof."""

    challenges: tuple[int, ...]
    responses: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class EncryptedSelection:
    """One option: Enc(sigma, xi) = (alpha, beta), eq. (31), with its range proof."""

    alpha: mpz
    beta: mpz
    proof: RangeProof


@dataclass(frozen=True, slots=True)
class EncryptedContest:
    """One contest: its options in manifest order, limit proof, optional contest data, contest hash chi (70)."""

    index: int
    selections: tuple[EncryptedSelection, ...]
    limit_proof: RangeProof
    contest_data: HashedCiphertext | None
    contest_hash: bytes


@dataclass(frozen=True, slots=True)
class EncryptedBallot:
    """A ballot as published. `encrypted_at` is in whole milliseconds since 1970, None where absent."""

    id_b: bytes
    h_i: bytes
    ballot_style: str
    status: BallotStatus
    weight: int
    encrypted_at: int | None
    contests: tuple[EncryptedContest, ...]
    confirmation_code: bytes
    chaining_field: bytes
    encrypted_nonce: HashedCiphertext
    ballot_ref: str = ""


Commitment = tuple[mpz, mpz]
"""One pair (a_j, b_j) of a range proof."""


@dataclass(frozen=True, slots=True)
class ContestCommitments:
    """The commitments of one contest: (a_j, b_j) j=0..R per option, j=0..L of the limit, and a of eq. (69)."""

    selections: tuple[tuple[Commitment, ...], ...]
    limit: tuple[Commitment, ...]
    contest_data: mpz | None


@dataclass(frozen=True, slots=True)
class BallotCommitments:
    """What the prover committed to: a whole chunk is then checked in one multi-exponentiation. Never published."""

    contests: tuple[ContestCommitments, ...]
    nonce: mpz
