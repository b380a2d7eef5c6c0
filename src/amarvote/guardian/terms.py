"""What the service says of an election before there are keys: its guardians, quorum and manifest."""

from dataclasses import dataclass

from amarvote.electionguard.errors import ManifestError
from amarvote.electionguard.manifest import parse_manifest
from amarvote.guardian.errors import GuardianError
from amarvote.participants.service import Service

MOST_GUARDIANS = 1000


@dataclass(frozen=True, slots=True)
class Terms:
    """An election of `n` guardians with quorum `k`; `manifest` are its exact bytes."""

    title: str
    n: int
    k: int
    manifest: bytes


def learn_terms(service: Service, guardian: int) -> Terms:
    """The terms of the election in which this agent is to be guardian `guardian`; GuardianError for odd ones."""
    election = service.get("").json()
    try:
        title, n, k = str(election.get("title", ""))[:200], int(election["n"]), int(election["k"])
        manifest = service.get("/manifest").body
        parse_manifest(manifest)
    except ManifestError as problem:
        raise GuardianError(str(problem)) from None
    except (AttributeError, KeyError, TypeError, ValueError):
        raise GuardianError("The service does not show an election.") from None
    if not (1 <= k <= n <= MOST_GUARDIANS and 1 <= guardian <= n):
        raise GuardianError(f"Guardian {guardian} in an election of {n} guardians with quorum {k}?")
    return Terms("".join(letter if letter.isprintable() else "?" for letter in title), n, k, manifest)
