"""Opening contest data of cast ballots together: section 3.6.6, eqs. (96)-(106).

This project's elections never do it (it would tie a text to a ballot); the functions serve others' elections and
records. The rounds are those of the tally, with the base C0, the secret ẑ_i and the hashes (99) and (101).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from gmpy2 import mpz

from amarvote.electionguard import joint_rounds
from amarvote.electionguard.ballots import HashedCiphertext
from amarvote.electionguard.contest_data import contest_data_challenge, decrypt_with_beta
from amarvote.electionguard.context import Context
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.errors import ElectionGuardError
from amarvote.electionguard.guardian_proofs import opens
from amarvote.electionguard.guardians import GuardianPublicKey
from amarvote.electionguard.hashing import element_bytes, exponent_bytes, hash_h, hash_q, index_bytes
from amarvote.electionguard.joint_keys import data_share_keys
from amarvote.electionguard.joint_rounds import Answers, Beginning, Reveal, check_members
from amarvote.electionguard.key_ceremony import KeyShare
from amarvote.electionguard.tallies import ContestDataOpening, ContestDataRequest


@dataclass(frozen=True, slots=True)
class ContestDataCiphertext:
    """Contest data (C0, C1, C2) that was requested; hashes have the key H_I of its ballot (register, row 1)."""

    request: ContestDataRequest
    data: HashedCiphertext

    @property
    def base(self) -> mpz:
        """C0, which is raised to the guardians' secret."""
        return self.data.c0

    @property
    def place(self) -> str:
        """The ballot and contest."""
        ballot = self.request.ballot
        return (
            f"device {ballot.h_di.hex()[:16]}, ballot {ballot.position}, contest {self.request.contest_index}, "
            "contest data"
        )

    def commitment(self, guardian: int, reveal: Reveal, members: Sequence[int]) -> bytes:
        """d_i (99); `members` ascending."""
        return hash_h(
            self.request.h_i,
            0x32,
            index_bytes(self.request.contest_index),
            index_bytes(guardian),
            *self._data(),
            *map(element_bytes, (reveal.a, reveal.b, reveal.share)),
            *map(index_bytes, (len(members), *members)),
        )

    def challenge(self, a: mpz, b: mpz, power: mpz) -> int:
        """c (101), with power = beta (97)."""
        return hash_q(
            self.request.h_i,
            0x33,
            index_bytes(self.request.contest_index),
            *self._data(),
            *map(element_bytes, (a, b, power)),
        )

    def _data(self) -> tuple[bytes, ...]:
        data = self.data
        return element_bytes(data.c0), data.c1, exponent_bytes(data.c), exponent_bytes(data.v)


def begin_contest_data(
    context: Context,
    engine: Engine,
    share: KeyShare,
    members: Iterable[int],
    ciphertexts: Sequence[ContestDataCiphertext],
) -> list[Beginning]:
    """First round. Nothing is opened whose proof (69) does not hold: ElectionGuardError names the ballot."""
    ordered = check_members(members, context.n, context.k)
    _check_proofs(engine, ciphertexts)
    return joint_rounds.begin(engine, share.index, share.data, ordered, ciphertexts)


def respond_contest_data(
    context: Context,
    engine: Engine,
    share: KeyShare,
    members: Iterable[int],
    ciphertexts: Sequence[ContestDataCiphertext],
    beginnings: Sequence[Beginning],
    commitments: Mapping[int, Sequence[bytes]],
    reveals: Mapping[int, Sequence[Reveal]],
) -> list[int]:
    """Third round: v_i (102) for each ciphertext, after every member's reveal matched its d_j."""
    ordered = check_members(members, context.n, context.k)
    return joint_rounds.respond(
        engine, share.index, share.data, ordered, ciphertexts, beginnings, commitments, reveals
    )


def combine_contest_data(
    context: Context,
    engine: Engine,
    keys: Sequence[GuardianPublicKey],
    members: Iterable[int],
    ciphertexts: Sequence[ContestDataCiphertext],
    answers: Mapping[int, Answers],
) -> list[ContestDataOpening]:
    """Check every share (a GuardianFault names the culprit), combine beta and the proof, and read D (106)."""
    ordered = check_members(members, context.n, context.k)
    share_keys = data_share_keys(engine, keys, ordered)
    opened = joint_rounds.combine(engine, ordered, share_keys, ciphertexts, answers)
    openings = []
    for ciphertext, opening in zip(ciphertexts, opened, strict=True):
        request = ciphertext.request
        plain = decrypt_with_beta(request.h_i, request.contest_index, ciphertext.data, opening.power)
        openings.append(
            ContestDataOpening(
                request.ballot,
                request.h_i,
                request.contest_index,
                opening.power,
                opening.c,
                opening.v,
                plain,
            )
        )
    return openings


def _check_proofs(engine: Engine, ciphertexts: Sequence[ContestDataCiphertext]) -> None:
    for ciphertext in ciphertexts:
        data, request = ciphertext.data, ciphertext.request
        challenge = partial(contest_data_challenge, request.h_i, request.contest_index, c0=data.c0, c1=data.c1)
        if not opens(engine, data.c0, data.c, data.v, challenge):
            raise ElectionGuardError(
                f"The contest data at {ciphertext.place} does not carry a valid proof (69); it must not be opened."
            )
