"""The election's public constants, as they travel to the child with every chunk; it keeps what it made of them."""

from functools import lru_cache
from typing import Any

from gmpy2 import mpz
from sqlalchemy import Row

from amarvote.electionguard.context import Context
from amarvote.electionguard.manifest import Manifest, parse_manifest
from amarvote.pipeline.messages import Message


def about(election: Row[Any], kind: str, fields: dict[str, Any], *parts: bytes) -> Message:
    """A message about an election with joint keys."""
    constants = {"n": election.n, "k": election.k, "h_e": election.h_e.hex()}
    return Message(
        kind, {**constants, **fields}, (election.manifest, election.joint_key, election.joint_data_key, *parts)
    )


@lru_cache(maxsize=4)
def manifest_of(raw: bytes) -> Manifest:
    """The manifest read from its bytes; a few are kept."""
    return parse_manifest(raw)


def context_of(election: Row[Any]) -> Context:
    """The constants of an election with joint keys, for what only hashes."""
    joint_key = mpz.from_bytes(election.joint_key, "big")
    joint_data_key = mpz.from_bytes(election.joint_data_key, "big")
    return Context.derive(manifest_of(election.manifest), election.n, election.k, joint_key, joint_data_key)
