"""Which guardian of which election a home belongs to, and how its service is asked.

joining.json      while an invitation is being redeemed: its hash, and the token that was drawn for it
membership.json   afterwards: the election's address, the guardian's number, the token
ca.pem            the certificate authority that vouches for the service; missing: the system's
"""

import json
import math
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from amarvote.guardian.errors import GuardianError
from amarvote.participants.files import read_bounded, write_durably
from amarvote.participants.service import Pause, Service

MEMBERSHIP, JOINING, CA = "membership.json", "joining.json", "ca.pem"
LARGEST_FILE = 1 << 16
LARGEST_CA = 1 << 20


@dataclass(frozen=True, slots=True)
class Joining:
    """The token that is to become a guardian's, for the invitation of this SHA-256 (hex)."""

    address: str
    invited: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Membership:
    """Guardian `guardian` of the election at `address`, who came in by the invitation of this SHA-256 (hex)."""

    address: str
    invited: str
    token: str = field(repr=False)
    guardian: int

    @property
    def election(self) -> str:
        """The election's identifier; the service may move, the election stays."""
        return self.address.rpartition("/")[2]


def membership_in(home: Path) -> Membership | None:
    """Whose home it is; None where nobody has joined from it. GuardianError where the file is damaged."""
    content = _read(home / MEMBERSHIP, {"address": str, "invited": str, "token": str, "guardian": int})
    return None if content is None else Membership(**content)


def joining_in(home: Path) -> Joining | None:
    """The invitation that is being redeemed, if one is."""
    content = _read(home / JOINING, {"address": str, "invited": str, "token": str})
    return None if content is None else Joining(**content)


def keep(home: Path, what: Joining | Membership) -> None:
    """Write it down; after a membership nothing is left of the joining."""
    name = JOINING if isinstance(what, Joining) else MEMBERSHIP
    write_durably(home / name, json.dumps(asdict(what), indent=1).encode() + b"\n")
    if name == MEMBERSHIP:
        (home / JOINING).unlink(missing_ok=True)


def keep_ca(home: Path, given: Path) -> None:
    """Copy the file of the certificate authority into the home; HomeError where it cannot be read."""
    write_durably(home / CA, read_bounded(given, LARGEST_CA))


def service_of(
    home: Path, who: Joining | Membership, pause: Pause = time.sleep, patience: float = math.inf
) -> Service:
    """The election's service, asked as this guardian; UntrustedError, AddressError."""
    ca = home / CA
    return Service(who.address, who.token, pause, ca if ca.exists() else None, patience)


def _read(path: Path, kinds: dict[str, type]) -> dict[str, Any] | None:
    if not path.exists():
        return None
    try:
        content = json.loads(read_bounded(path, LARGEST_FILE))
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or {name: type(value) for name, value in content.items()} != kinds:
        raise GuardianError(f"{path} is damaged. Restore it from your own copy, or remove it and join again.")
    return content
