"""The key ceremony from one guardian's side: section 3.2, eqs. (7)-(14), (24), (28), (29).

Commitments to the public keys go round first (`key_commitment`), then the keys, then the encrypted shares
(`share_encryption`); last, everybody compares H_G (`joint_keys.ceremony_hash`). Whatever does not hold names the
guardian that sent it, and the ceremony starts again from the beginning.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from amarvote.electionguard import randomness
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.errors import Findings
from amarvote.electionguard.guardian_faults import KeyRefused, ShareRefused
from amarvote.electionguard.guardian_proofs import DATA_LABEL, VOTE_LABEL, prove_key
from amarvote.electionguard.guardians import GuardianPublicKey
from amarvote.electionguard.joint_keys import committed_value
from amarvote.electionguard.lagrange import evaluate
from amarvote.electionguard.parameters import G, Q
from amarvote.electionguard.setup_checks import check_guardian_key

_COMMITMENT_PREFIX = b"AmarVote guardian key commitment\0"


@dataclass(frozen=True, slots=True)
class GuardianSecret:
    """What guardian `index` draws: polynomials a_{i,j} and â_{i,j} (7), communication secret zeta_i."""

    index: int
    vote_polynomial: tuple[int, ...] = field(repr=False)
    data_polynomial: tuple[int, ...] = field(repr=False)
    zeta: int = field(repr=False)


@dataclass(frozen=True, slots=True)
class SharePair:
    """P_i(ℓ) and P̂_i(ℓ): what guardian i gives to guardian ℓ."""

    vote: int = field(repr=False)
    data: int = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyShare:
    """z_i and ẑ_i (24) of guardian `index`: all that it keeps after the ceremony."""

    index: int
    vote: int = field(repr=False)
    data: int = field(repr=False)


def generate_secret(index: int, quorum: int) -> GuardianSecret:
    """Fresh secrets for guardian `index` (from 1), polynomials of `quorum` coefficients."""
    if index < 1 or quorum < 1:
        raise ValueError(f"guardian {index} with a quorum of {quorum}")
    return GuardianSecret(
        index,
        tuple(randomness.random_q() for _ in range(quorum)),
        tuple(randomness.random_q() for _ in range(quorum)),
        randomness.random_q(),
    )


def public_key(engine: Engine, h_p: bytes, secret: GuardianSecret) -> GuardianPublicKey:
    """K_{i,j}, K̂_{i,j} (8), kappa_i (9) and both proofs (10)-(13), in constant time."""
    k = len(secret.vote_polynomial)
    exponents = (*secret.vote_polynomial, *secret.data_polynomial, secret.zeta)
    powers = engine.secret_powers([G] * len(exponents), exponents)
    vote, data, kappa = tuple(powers[:k]), tuple(powers[k : 2 * k]), powers[2 * k]
    vote_secrets = (*secret.vote_polynomial, secret.zeta)
    data_secrets = (*secret.data_polynomial, secret.zeta)
    return GuardianPublicKey(
        secret.index,
        vote,
        data,
        kappa,
        prove_key(engine, h_p, VOTE_LABEL, secret.index, vote, kappa, vote_secrets),
        prove_key(engine, h_p, DATA_LABEL, secret.index, data, kappa, data_secrets),
    )


def key_commitment(public_key_bytes: bytes) -> bytes:
    """What a guardian sends before it sees any other's key: a hash of its key's canonical bytes.

    Without it, the last guardian to speak could choose its key after seeing the others' and steer the joint key.
    """
    return hashlib.sha256(_COMMITMENT_PREFIX + public_key_bytes).digest()


def check_key_commitment(guardian: int, commitment: bytes, public_key_bytes: bytes) -> None:
    """KeyRefused unless the key is the one that the guardian had committed to."""
    if key_commitment(public_key_bytes) != commitment:
        raise KeyRefused(guardian, "its public key is not the one it had committed to before seeing the others'.")


def check_public_key(engine: Engine, h_p: bytes, n: int, k: int, key: GuardianPublicKey, sender: int) -> None:
    """Verification 2 on the key that guardian `sender` sent; KeyRefused names it."""
    findings = Findings()
    if key.index != sender or not 1 <= sender <= n:
        raise KeyRefused(sender, f"its public key says that it belongs to guardian {key.index}.")
    check_guardian_key(engine, h_p, k, key, findings)
    if findings.entries:
        first = findings.entries[0]
        raise KeyRefused(sender, f"its public key fails check {first.code}: {first.message}")


def share_for(secret: GuardianSecret, receiver: int) -> SharePair:
    """P_i(ℓ) and P̂_i(ℓ) for guardian `receiver`; also for the guardian itself."""
    return SharePair(evaluate(secret.vote_polynomial, receiver), evaluate(secret.data_polynomial, receiver))


def check_share(engine: Engine, sender_key: GuardianPublicKey, receiver: int, share: SharePair) -> None:
    """(28), (29): the share lies on the polynomials that its sender committed to; else ShareRefused names it."""
    vote, data = engine.secret_powers([G, G], [share.vote, share.data])
    sides = (
        ("votes", vote, sender_key.vote_commitments),
        ("ballot data", data, sender_key.data_commitments),
    )
    for what, power, commitments in sides:
        if power != committed_value(engine, commitments, receiver):
            raise ShareRefused(
                sender_key.index,
                f"the share for {what} that it sent to guardian {receiver} is not on the polynomial that its "
                "public key commits to; the ceremony has to start again.",
            )


def key_share(index: int, n: int, shares: Mapping[int, SharePair]) -> KeyShare:
    """z_i and ẑ_i (24) from the checked shares of all guardians 1..n, its own among them."""
    missing = [sender for sender in range(1, n + 1) if sender not in shares]
    if missing or len(shares) != n:
        raise ShareRefused(
            missing[0] if missing else max(shares),
            f"guardian {index} needs exactly one share from each of {n} guardians.",
        )
    return KeyShare(
        index,
        sum(share.vote for share in shares.values()) % int(Q),
        sum(share.data for share in shares.values()) % int(Q),
    )
