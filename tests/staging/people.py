"""Guardians and voters of a staged election: the protocol's functions, without agents or devices."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from amarvote.electionguard import share_encryption
from amarvote.electionguard.ballots import BallotCommitments, BallotStatus, EncryptedBallot
from amarvote.electionguard.challenged_ballots import ChallengedBallot, Question, answer_challenged
from amarvote.electionguard.context import Context, election_base_hash, parameter_base_hash
from amarvote.electionguard.decryption import (
    TallyCiphertext,
    begin_decryption,
    respond_decryption,
)
from amarvote.electionguard.encryption import encrypt_ballot
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.guardian_messages import (
    read_commitments,
    read_reveals,
    write_commitments,
    write_nonce_shares,
    write_responses,
    write_reveals,
)
from amarvote.electionguard.guardians import GuardianPublicKey
from amarvote.electionguard.identifier import challenge_reference, identifier_of, new_secret
from amarvote.electionguard.joint_keys import ceremony_hash, joint_keys
from amarvote.electionguard.joint_rounds import Beginning
from amarvote.electionguard.key_ceremony import (
    GuardianSecret,
    KeyShare,
    SharePair,
    generate_secret,
    key_commitment,
    key_share,
    public_key,
    share_for,
)
from amarvote.electionguard.manifest import manifest_bytes, parse_manifest
from amarvote.electionguard.randomness import random_bytes32
from amarvote.electionguard.tallies import BallotLocator
from amarvote.record.codec import ballot_item, guardian_item
from amarvote.record.commitments import encode_commitments


@dataclass(frozen=True)
class Guardians:
    """What n guardians come to know in a ceremony, all in one place (only a test may)."""

    context: Context
    messages: dict[str, dict[tuple[int, int], bytes]]
    shares: dict[int, KeyShare]
    keys: list[GuardianPublicKey]
    h_g: bytes


def make_manifest(name: str, options: int = 2, contests: int = 1, chaining_mode: int = 0) -> bytes:
    """A manifest of `contests` equal contests with one style, "all"."""
    listed = [
        {"id": f"c{number}", "choices": [f"o{option}" for option in range(1, options + 1)]}
        for number in range(1, contests + 1)
    ]
    styles = [{"id": "all", "contestIds": [contest["id"] for contest in listed]}]
    return manifest_bytes(name, listed, styles, chainingMode=chaining_mode)


def ceremony(manifest: bytes, n: int, k: int) -> Guardians:
    """A whole key ceremony: every message by round, sender and recipient, and what each guardian keeps."""
    engine = Engine()
    h_p = parameter_base_hash(n, k)
    secrets: dict[int, GuardianSecret] = {i: generate_secret(i, k) for i in range(1, n + 1)}
    keys = [public_key(engine, h_p, secrets[i]) for i in sorted(secrets)]
    items = {key.index: guardian_item(key) for key in keys}
    joint, joint_data = joint_keys(engine, keys)
    context = Context.derive(parse_manifest(manifest), n, k, joint, joint_data)
    h_g = ceremony_hash(election_base_hash(h_p, manifest), joint, joint_data, keys)
    confirmed = json.dumps({"h_g": h_g.hex(), "h_e": context.h_e.hex()}).encode()
    given: dict[int, dict[int, SharePair]] = {i: {} for i in secrets}
    sent: dict[tuple[int, int], bytes] = {}
    for sender, secret in secrets.items():
        for receiver in secrets:
            share = share_for(secret, receiver)
            given[receiver][sender] = share
            if sender != receiver:
                encrypted = share_encryption.encrypt_share(
                    engine, h_p, sender, receiver, keys[receiver - 1].kappa, share
                )
                sent[sender, receiver] = encrypted.to_bytes()
    messages = {
        "commit": {(i, 0): key_commitment(item) for i, item in items.items()},
        "key": {(i, 0): item for i, item in items.items()},
        "share": sent,
        "confirm": dict.fromkeys([(i, 0) for i in secrets], confirmed),
    }
    shares = {i: key_share(i, n, given[i]) for i in secrets}
    return Guardians(context, messages, shares, keys, h_g)


@dataclass(frozen=True)
class Vote:
    """One ballot as a device made it, and its voter's token."""

    token: bytes
    ballot: EncryptedBallot
    commitments: BallotCommitments
    secret: bytes

    @property
    def body(self) -> bytes:
        """What is submitted."""
        return submission(self.token, self.ballot, self.commitments)


def submission(token: bytes, ballot: EncryptedBallot, commitments: BallotCommitments) -> bytes:
    """The bytes that a device submits."""
    item = ballot_item(ballot)
    return token + len(item).to_bytes(4, "big") + item + encode_commitments(commitments)


def token_of(number: int) -> bytes:
    """The vote token of a staged voter."""
    return hashlib.sha256(b"voter %d" % number).digest()


def cast(
    context: Context,
    engine: Engine,
    token: bytes,
    votes: dict[int, dict[int, int]],
    chaining_field: bytes,
    *,
    challenge: bool = False,
) -> Vote:
    """Encrypt a vote and decide."""
    secret = new_secret()
    ballot, commitments = encrypt_ballot(
        context,
        engine,
        "all",
        votes,
        {},
        id_b=identifier_of(secret),
        ballot_nonce=random_bytes32(),
        chaining_field=chaining_field,
    )
    if challenge:
        ballot = replace(ballot, status=BallotStatus.CHALLENGED, ballot_ref=challenge_reference(secret))
    else:
        ballot = replace(ballot, status=BallotStatus.CAST)
    return Vote(token, ballot, commitments, secret)


class Member:
    """One guardian in one run."""

    def __init__(
        self, context: Context, share: KeyShare, run: dict, ciphertexts: Sequence[TallyCiphertext]
    ) -> None:
        self.context = context
        self.share = share
        self.run = run
        self.engine = Engine(window_bits=4)
        self._all = ciphertexts
        self._begun: dict[int, list[Beginning]] = {}

    def items(self, part: dict) -> Sequence[TallyCiphertext]:
        return self._all[part["first"] : part["first"] + part["count"]]

    def commitments(self, part: dict) -> bytes:
        begun = begin_decryption(self.context, self.engine, self.share, self.run["guardians"], self.items(part))
        self._begun[part["part"]] = begun
        return write_commitments(one.commitment for one in begun)

    def reveals(self, part: dict) -> bytes:
        return write_reveals(one.reveal for one in self._begun[part["part"]])

    def responses(self, part: dict, shared: dict[int, bytes], revealed: dict[int, bytes]) -> bytes:
        count = part["count"]
        return write_responses(
            respond_decryption(
                self.context,
                self.engine,
                self.share,
                self.run["guardians"],
                self.items(part),
                self._begun[part["part"]],
                {sender: read_commitments(sender, data, count) for sender, data in shared.items()},
                {sender: read_reveals(sender, data, count) for sender, data in revealed.items()},
            )
        )

    def openings(self, ballots: Sequence[tuple[bytes, int, EncryptedBallot]]) -> bytes:
        question = Question(bytes.fromhex(self.run["root"]), bytes.fromhex(self.run["run"]))
        challenged = [ChallengedBallot(BallotLocator(1, h_di, at), ballot) for h_di, at, ballot in ballots]
        return write_nonce_shares(answer_challenged(self.context, self.engine, self.share, question, challenged))
