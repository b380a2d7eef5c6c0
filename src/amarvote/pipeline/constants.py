"""The election's public constants, as they travel to the child with every chunk (it keeps what it made of them)."""

from functools import lru_cache
from typing import Any

from sqlalchemy import Row

from amarvote.electionguard.manifest import Manifest, parse_manifest
from amarvote.pipeline.messages import Message

PARTS = 3
"""manifest, K, K̂: the first parts of every message about an election whose keys are known."""


def about(election: Row[Any], kind: str, fields: dict[str, Any], *parts: bytes) -> Message:
    """A message about an election with joint keys."""
    constants = {"n": election.n, "k": election.k, "h_e": election.h_e.hex(), "folder": election.folder}
    return Message(
        kind, {**constants, **fields}, (election.manifest, election.joint_key, election.joint_data_key, *parts)
    )


@lru_cache(maxsize=4)
def manifest_of(raw: bytes) -> Manifest:
    """The manifest read from its bytes; a few are kept."""
    return parse_manifest(raw)
