"""The three rounds in which the guardians of a run open a ciphertext together: sections 3.6.4 and 3.6.6.

The same for a tally (`decryption`) and for contest data (`contest_data_decryption`), which differ in the base X,
the secret, and the hashes. Every list goes ciphertext by ciphertext, in one order that everybody shares.

    begin      u_i, and the reveal (M_i, a_i, b_i); only the hash d_i leaves the guardian
    respond    once every d_j was there: every reveal against its d_j, then c, then v_i = u_i - c w_i z_i
    combine    every d_j, every proof (Note 3.7), then M = Π M_i^{w_i}, (c, v)
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gmpy2 import mpz

from amarvote.electionguard import randomness
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.errors import ElectionGuardError
from amarvote.electionguard.guardian_faults import MessageRefused, ResponseRefused, RevealRefused
from amarvote.electionguard.lagrange import ascending, lagrange_weights
from amarvote.electionguard.parameters import G, P, Q
from amarvote.electionguard.share_proofs import ShareProof, failing

_Q = int(Q)


@dataclass(frozen=True, slots=True)
class Reveal:
    """What guardian i discloses in the second round: M_i = X^{z_i} (84), a_i = g^{u_i}, b_i = X^{u_i} (87)."""

    share: mpz
    a: mpz
    b: mpz


@dataclass(frozen=True, slots=True)
class Beginning:
    """One guardian's first round for one ciphertext: the nonce u_i, the reveal, and d_i that commits to it."""

    nonce: int = field(repr=False)
    reveal: Reveal = field(repr=False)
    commitment: bytes


@dataclass(frozen=True, slots=True)
class Answers:
    """All that one guardian sent in a run: d_i, reveal and v_i for each ciphertext."""

    commitments: Sequence[bytes]
    reveals: Sequence[Reveal]
    responses: Sequence[int]


@dataclass(frozen=True, slots=True)
class JointOpening:
    """M = X^s (86) or (97), and the proof (c, v) of (90), (93) or (101), (103)."""

    power: mpz
    c: int
    v: int


class Ciphertext(Protocol):
    """What the rounds need to know of a ciphertext."""

    @property
    def base(self) -> mpz:
        """X: the element that is raised to the guardians' secret."""

    @property
    def place(self) -> str:
        """Where it stands, for people."""

    def commitment(self, guardian: int, reveal: Reveal, members: Sequence[int]) -> bytes:
        """d_i, eq. (88) or (99)."""

    def challenge(self, a: mpz, b: mpz, power: mpz) -> int:
        """c, eq. (90) or (101)."""


def check_members(members: Iterable[int], n: int, k: int) -> tuple[int, ...]:
    """The guardians of a run in ascending order: distinct, among 1..n, and at least a quorum of k."""
    ordered = ascending(members)
    if ordered[-1] > n:
        raise ElectionGuardError(f"Guardian {ordered[-1]} does not exist; there are {n}.")
    if len(ordered) < k:
        raise ElectionGuardError(
            f"{len(ordered)} guardians are not enough to open anything; it takes {k} of {n}. "
            "Wait for more to check in."
        )
    return ordered


def begin(
    engine: Engine, guardian: int, secret: int, members: Sequence[int], ciphertexts: Sequence[Ciphertext]
) -> list[Beginning]:
    """First round of `guardian`, whose share of the secret is z_i: fresh nonces, all powers in constant time.

    Nothing is raised to the secret that does not lie in Z_p^r; ElectionGuardError names what does not.
    """
    if guardian not in members:
        raise ElectionGuardError(f"Guardian {guardian} does not belong to this run of {list(members)}.")
    for position in engine.outsiders([ciphertext.base for ciphertext in ciphertexts])[:1]:
        raise ElectionGuardError(
            f"The ciphertext of {ciphertexts[position].place} does not lie in the group; it must not be opened."
        )
    beginnings = []
    for ciphertext in ciphertexts:
        nonce = randomness.random_q()
        base = ciphertext.base
        share, a, b = engine.secret_powers([base, G, base], [secret, nonce, nonce])
        reveal = Reveal(share, a, b)
        beginnings.append(Beginning(nonce, reveal, ciphertext.commitment(guardian, reveal, members)))
    return beginnings


def check_reveals(
    guardian: int,
    members: Sequence[int],
    ciphertexts: Sequence[Ciphertext],
    commitments: Sequence[bytes],
    reveals: Sequence[Reveal],
) -> None:
    """Every reveal of `guardian` is what its d_i committed to, else RevealRefused names it and the place."""
    if not len(ciphertexts) == len(commitments) == len(reveals):
        raise MessageRefused(
            guardian,
            f"it sent {len(commitments)} commitments and {len(reveals)} reveals for "
            f"{len(ciphertexts)} ciphertexts.",
        )
    for ciphertext, commitment, reveal in zip(ciphertexts, commitments, reveals, strict=True):
        if not all(0 < element < P for element in (reveal.share, reveal.a, reveal.b)):
            raise RevealRefused(guardian, f"its reveal for {ciphertext.place} is out of range.")
        if ciphertext.commitment(guardian, reveal, members) != commitment:
            raise RevealRefused(
                guardian,
                f"what it revealed for {ciphertext.place} is not what it had committed to before seeing "
                "the others'.",
            )


def respond(
    engine: Engine,
    guardian: int,
    secret: int,
    members: Sequence[int],
    ciphertexts: Sequence[Ciphertext],
    beginnings: Sequence[Beginning],
    commitments: Mapping[int, Sequence[bytes]],
    reveals: Mapping[int, Sequence[Reveal]],
) -> list[int]:
    """Third round of `guardian`: v_i (92) for each ciphertext, once everybody's reveals match their commitments.

    A nonce answers one challenge, ever (two answers give the secret away): the caller stores this answer, erases
    the nonces, and sends the stored one whenever it is asked again.
    """
    for member in members:
        if member not in commitments or member not in reveals:
            raise MessageRefused(member, "it has not delivered its part of this round.")
        check_reveals(member, members, ciphertexts, commitments[member], reveals[member])
    own = [(beginning.commitment, beginning.reveal) for beginning in beginnings]
    if own != list(zip(commitments[guardian], reveals[guardian], strict=True)):
        raise RevealRefused(
            guardian, "the service relays other values under its name than it sent; it must not answer."
        )
    weight = lagrange_weights(members)[guardian]
    opened = _joint_challenges(engine, members, ciphertexts, reveals)
    return [
        (beginning.nonce - challenge * weight * secret) % _Q
        for beginning, (_, challenge) in zip(beginnings, opened, strict=True)
    ]


def combine(
    engine: Engine,
    members: Sequence[int],
    share_keys: Mapping[int, mpz],
    ciphertexts: Sequence[Ciphertext],
    answers: Mapping[int, Answers],
) -> list[JointOpening]:
    """Check all that the members sent, then bring it together; `share_keys[i]` is g^{z_i} (`joint_keys`).

    MessageRefused, RevealRefused or ResponseRefused names the first guardian whose part does not hold, and where.
    `answers` must hold the very commitments and reveals that the members saw when they responded: with others, the
    challenge is another, and an honest guardian would be named.
    """
    for member in members:
        if member not in answers:
            raise MessageRefused(member, "it has not delivered its part of this run.")
        answer = answers[member]
        check_reveals(member, members, ciphertexts, answer.commitments, answer.reveals)
        if len(answer.responses) != len(ciphertexts):
            raise MessageRefused(
                member, f"it sent {len(answer.responses)} responses for {len(ciphertexts)} ciphertexts."
            )
    weights = lagrange_weights(members)
    reveals = {member: answers[member].reveals for member in members}
    opened = _joint_challenges(engine, members, ciphertexts, reveals)
    cases = [(position, member) for position in range(len(ciphertexts)) for member in members]
    proofs = [
        ShareProof(
            share_keys[member],
            ciphertexts[position].base,
            reveals[member][position].share,
            reveals[member][position].a,
            reveals[member][position].b,
            opened[position][1] * weights[member] % _Q,
            answers[member].responses[position],
        )
        for position, member in cases
    ]
    for case in failing(engine, proofs)[:1]:
        position, culprit = cases[case]
        raise ResponseRefused(
            culprit,
            f"its share of {ciphertexts[position].place} does not fit its public key; it is set aside, and the "
            "others go on in a new run.",
        )
    return [
        JointOpening(power, challenge, sum(answers[member].responses[position] for member in members) % _Q)
        for position, (power, challenge) in enumerate(opened)
    ]


def _joint_challenges(
    engine: Engine,
    members: Sequence[int],
    ciphertexts: Sequence[Ciphertext],
    reveals: Mapping[int, Sequence[Reveal]],
) -> list[tuple[mpz, int]]:
    """(M, c) for each ciphertext: (86) or (97), (89), (90) or (101)."""
    weights = lagrange_weights(members)
    exponents = [weights[member] for member in members]
    opened = []
    for position, ciphertext in enumerate(ciphertexts):
        parts = [reveals[member][position] for member in members]
        power = engine.multi_power([part.share for part in parts], exponents)
        a = engine.product(part.a for part in parts)
        b = engine.product(part.b for part in parts)
        opened.append((power, ciphertext.challenge(a, b, power)))
    return opened
