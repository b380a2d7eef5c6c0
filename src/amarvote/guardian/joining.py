"""Becoming a guardian: the invitation is exchanged for a token that this agent drew, and the key is drawn.

Only the token's SHA-256 travels. Everything is on disk before it is sent, so that the same command again, after
whatever happened, ends in the same place.
"""

import hashlib
import math
import secrets
from dataclasses import dataclass
from pathlib import Path

from amarvote.electionguard.engine import Engine
from amarvote.guardian.errors import Alarm, GuardianError
from amarvote.guardian.invitation import Invitation
from amarvote.guardian.key_files import KeyFiles
from amarvote.guardian.membership import Joining, Membership, joining_in, keep, membership_in, service_of
from amarvote.guardian.own_secret import own_secret
from amarvote.guardian.sealing import require_length
from amarvote.guardian.terms import MOST_GUARDIANS, learn_terms
from amarvote.participants.service import AnswerError, Service

TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Joined:
    """What came of it: who this is now, one of `n` guardians with quorum `k` in the election `title`."""

    membership: Membership
    n: int
    k: int
    title: str


def join(home: Path, invitation: Invitation, passphrase: bytes, patience: float = math.inf) -> Joined:
    """Become the guardian that is invited, or find that this home is that guardian's already.

    WrongPassphrase for one that is too short or not that of the key that is here; GuardianError where the home is
    another's; Refused as the service does; Unanswered where it does not within `patience` seconds.
    """
    files = KeyFiles(home, passphrase)
    require_length(passphrase)
    has_key = files.key() is not None
    files.ceremony()
    before = membership_in(home)
    joining = _joining(home, invitation, before)
    service = service_of(home, joining, patience=patience)
    try:
        guardian = _redeem(service, invitation, joining)
        if before is not None and before.guardian != guardian:
            raise Alarm(
                f"This home is guardian {before.guardian}'s, but the service calls its new token guardian "
                f"{guardian}'s. Tell the officer; nothing was changed here."
            )
        terms = learn_terms(service, guardian)
        membership = Membership(joining.address, joining.invited, joining.token, guardian)
        keep(home, membership)
        if not has_key:
            own_secret(Engine(), files, guardian, terms.n, terms.k)
    finally:
        service.close()
    return Joined(membership, terms.n, terms.k, terms.title)


def _joining(home: Path, invitation: Invitation, before: Membership | None) -> Joining:
    """The token for this invitation: the one drawn for it before, or else a new one, on disk."""
    invited = hashlib.sha256(invitation.secret.encode()).hexdigest()
    if before is not None and before.election != invitation.address.rpartition("/")[2]:
        raise GuardianError(
            f"{home} is guardian {before.guardian}'s home of another election ({before.address}). "
            "Use another folder."
        )
    for earlier in (joining_in(home), before):
        if earlier is not None and earlier.invited == invited:
            return Joining(invitation.address, invited, earlier.token)
    drawn = Joining(invitation.address, invited, secrets.token_hex(TOKEN_BYTES))
    keep(home, drawn)
    return drawn


def _redeem(service: Service, invitation: Invitation, joining: Joining) -> int:
    hashed = hashlib.sha256(joining.token.encode()).hexdigest()
    answer = service.post("/join", {"invitation": invitation.secret, "token_sha256": hashed}).json()
    guardian = answer.get("guardian") if isinstance(answer, dict) else None
    if isinstance(guardian, bool) or not isinstance(guardian, int) or not 1 <= guardian <= MOST_GUARDIANS:
        raise AnswerError("The service does not say which guardian this is.")
    return guardian
