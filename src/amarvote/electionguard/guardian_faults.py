"""Errors that name a guardian: what was wrong with what it sent, and what follows."""

from amarvote.electionguard.errors import ElectionGuardError


class GuardianFault(ElectionGuardError):  # noqa: N818 - a complaint in the sense of the ceremony
    """A guardian sent something that fails a check; `culprit` is its index."""

    def __init__(self, culprit: int, message: str) -> None:
        super().__init__(f"Guardian {culprit}: {message}")
        self.culprit = culprit


class KeyRefused(GuardianFault):
    """Its public key or the proofs of knowledge do not hold; the ceremony has to start again."""


class ShareRefused(GuardianFault):
    """The share of its secret that it sent to another guardian is wrong; the ceremony has to start again."""


class MessageRefused(GuardianFault):
    """What it sent in a round has the wrong length, or holds a value outside its range."""


class RevealRefused(GuardianFault):
    """What it revealed is not what it had committed to; a new run has to start without it."""


class ResponseRefused(GuardianFault):
    """The proof of its partial decryption does not hold; a new run has to start without it."""
