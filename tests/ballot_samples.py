"""A small election whose secret keys the tests know, for whoever needs real encrypted ballots."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from gmpy2 import mpz, powmod

from amarvote.electionguard import randomness
from amarvote.electionguard.ballots import BallotCommitments, EncryptedBallot
from amarvote.electionguard.confirmation import device_hash, unchained_field
from amarvote.electionguard.context import Context
from amarvote.electionguard.encryption import encrypt_ballot
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.manifest import manifest_bytes, parse_manifest
from amarvote.electionguard.parameters import G, P

SECRET, DATA_SECRET = randomness.random_q(), randomness.random_q()
JOINT_KEY, JOINT_DATA_KEY = powmod(G, SECRET, P), powmod(G, DATA_SECRET, P)

CONTESTS: list[dict[str, Any]] = [
    {"id": "mayor", "choices": ["ada", "ben"], "contestDataBlocks": 3},
    {"id": "board", "choices": ["cem", "dia", "eva"], "selectionLimit": 2},
    {"id": "points", "choices": ["fox", "gnu"], "selectionLimit": 4, "optionSelectionLimit": 3},
]
STYLES: list[dict[str, Any]] = [
    {"id": "all", "contestIds": ["points", "mayor", "board"]},
    {"id": "mayor only", "contestIds": ["mayor"]},
    {"id": "no board", "contestIds": ["mayor", "points"]},
]


@cache
def engine() -> Engine:
    """One engine with small tables for a whole test run."""
    made = Engine(window_bits=5)
    made.prepare(JOINT_KEY, JOINT_DATA_KEY)
    return made


@cache
def sample_context() -> Context:
    """Three contests: 0/1 with contest data; L = 2; R = 3 and L = 4. Styles that skip contests."""
    manifest = parse_manifest(manifest_bytes("sample", CONTESTS, STYLES))
    return Context.derive(manifest, 3, 2, JOINT_KEY, JOINT_DATA_KEY)


@dataclass(frozen=True)
class Made:
    ballot: EncryptedBallot
    commitments: BallotCommitments
    nonce: bytes


def make_ballot(
    votes: dict[int, dict[int, int]], style: str = "all", texts: dict[int, str] | None = None, **given: bytes
) -> Made:
    """A fresh ballot of the sample election; `given` overrides id_b, ballot_nonce or chaining_field."""
    context = sample_context()
    inputs = {
        "id_b": randomness.random_bytes32(),
        "ballot_nonce": randomness.random_bytes32(),
        "chaining_field": unchained_field(device_hash(context.h_e, "box 1")),
        **given,
    }
    ballot, commitments = encrypt_ballot(context, engine(), style, votes, texts or {}, **inputs)
    return Made(ballot, commitments, inputs["ballot_nonce"])


def decrypted(alpha: mpz, beta: mpz) -> int:
    """The small number in a ciphertext, found with the secret key that only tests have."""
    encoded = beta * powmod(alpha, -SECRET, P) % P
    value, power = 0, mpz(1)
    while power != encoded:
        value, power = value + 1, power * JOINT_KEY % P
        if value > 100:
            raise ValueError("no small number")
    return value
