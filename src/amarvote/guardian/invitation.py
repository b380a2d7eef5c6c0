"""An invitation: the election's address and a one-time secret, in one line that the officer hands over.

    https://vote.example.org/elections/ID#SECRET

What stands behind the # is never sent by a browser into which somebody pastes it.
"""

import re
from dataclasses import dataclass, field

from amarvote.guardian.errors import GuardianError
from amarvote.participants import address as addresses

LARGEST = 4096
_ELECTION = re.compile(r"/elections/[A-Za-z0-9._~-]+$")
_SECRET = re.compile(r"[0-9A-Fa-f]{64}")


class NoInvitation(GuardianError):  # noqa: N818 - reads as what happened
    """A text is no invitation."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation to become a guardian of the election at `address`."""

    address: str
    secret: str = field(repr=False)


def read_invitation(text: str) -> Invitation:
    """The invitation in `text`, in which lines may have been broken on its way; NoInvitation, AddressError."""
    joined = "".join(text.split())
    address, _, secret = joined.partition("#")
    if len(text) > LARGEST or not _SECRET.fullmatch(secret):
        raise NoInvitation(
            "This is no invitation: one looks like https://vote.example.org/elections/ID# and 64 digits "
            "and letters. Ask the officer for the whole of it."
        )
    addresses.parse(address)
    if not _ELECTION.search(address.rstrip("/")):
        raise NoInvitation(
            f"{address} is not the address of an election. Ask the officer for the whole invitation."
        )
    return Invitation(address.rstrip("/"), secret.lower())
