"""A ballot's identifier, and the secret behind it that lets a challenged ballot be opened.

id_B is SHA-256 of 256 random bits that only the device knows. Submitting a ballot as challenged reveals them in
the record's `ballot_ref`; without them no guardian's agent opens a ballot, so that nobody can relabel a cast one.
"""

import hashlib
import re

from amarvote.electionguard import randomness
from amarvote.electionguard.ballots import EncryptedBallot
from amarvote.electionguard.errors import ElectionGuardError

REFERENCE_PREFIX = "challenge:"

_REFERENCE = re.compile(REFERENCE_PREFIX + "([0-9a-f]{64})")


class ChallengeReferenceError(ElectionGuardError):
    """A ballot does not show the secret behind its identifier, so it must not be opened."""


def new_secret() -> bytes:
    """A fresh secret of 32 bytes for one ballot."""
    return randomness.random_bytes32()


def identifier_of(secret: bytes) -> bytes:
    """id_B: SHA-256 of the secret."""
    return hashlib.sha256(secret).digest()


def challenge_reference(secret: bytes) -> str:
    """The `ballot_ref` of a challenged ballot: the secret in 64 lower-case hex digits."""
    return REFERENCE_PREFIX + secret.hex()


def verify_challenge_reference(ballot: EncryptedBallot) -> None:
    """ChallengeReferenceError unless `ballot_ref` holds the secret whose SHA-256 is the ballot's identifier."""
    name = ballot.id_b.hex()
    match = _REFERENCE.fullmatch(ballot.ballot_ref)
    if match is None:
        raise ChallengeReferenceError(
            f"Ballot {name} carries no challenge secret (challenge: and 64 hex digits); it must stay closed."
        )
    if identifier_of(bytes.fromhex(match[1])) != ballot.id_b:
        raise ChallengeReferenceError(
            f"The challenge secret of ballot {name} is not the one behind its identifier; it must stay closed."
        )
