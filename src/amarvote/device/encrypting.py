"""From marks to a ballot that may be submitted: encrypted first, its code shown, then decided (rule 2)."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from amarvote.device.journal import Submission, Unopened
from amarvote.device.voters import Act, by_index
from amarvote.electionguard import randomness
from amarvote.electionguard.ballots import BallotCommitments, BallotStatus, EncryptedBallot
from amarvote.electionguard.context import Context
from amarvote.electionguard.encryption import encrypt_ballot
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.hashing import index_bytes
from amarvote.electionguard.identifier import challenge_reference, identifier_of, new_secret
from amarvote.record.codec import ballot_item
from amarvote.record.commitments import encode_commitments

Decide = Callable[[bytes], bool]
"""Shows a voter the confirmation code, returns True where the voter then challenges the ballot."""


@dataclass(frozen=True, slots=True)
class UndecidedBallot:
    """An encrypted ballot whose voter has not yet seen its code, with the secrets that stay in the device."""

    ballot: EncryptedBallot
    commitments: BallotCommitments
    secret: bytes = field(repr=False)
    nonce: bytes = field(repr=False)


def encrypt(context: Context, engine: Engine, act: Act, chaining_field: bytes) -> UndecidedBallot:
    """Encrypt what a voter marked, under a fresh identifier and nonce, with the weight of the roll."""
    secret, nonce = new_secret(), randomness.random_bytes32()
    votes, texts = by_index(context.manifest, act.marks)
    ballot, commitments = encrypt_ballot(
        context,
        engine,
        act.style,
        votes,
        texts,
        id_b=identifier_of(secret),
        ballot_nonce=nonce,
        chaining_field=chaining_field,
    )
    return UndecidedBallot(replace(ballot, weight=act.weight), commitments, secret, nonce)


def decide(undecided: UndecidedBallot, act: Act, decision: Decide) -> tuple[Submission, Unopened | None]:
    """Show the code, take the decision, and make what is submitted; for a challenged ballot also what opens it."""
    ballot = undecided.ballot
    if decision(ballot.confirmation_code):
        challenged = replace(
            ballot, status=BallotStatus.CHALLENGED, ballot_ref=challenge_reference(undecided.secret)
        )
        item = ballot_item(challenged)
        unopened = Unopened(act.number, ballot.id_b, ballot.confirmation_code, undecided.nonce, item)
    else:
        item = ballot_item(replace(ballot, status=BallotStatus.CAST))
        unopened = None
    body = submission_body(act.token, item, encode_commitments(undecided.commitments))
    return Submission(act.number, ballot.id_b, ballot.confirmation_code, body), unopened


def submission_body(token: bytes, item: bytes, commitments: bytes) -> bytes:
    """What is PUT to /ballots: vote token (32) ‖ length of the item (4) ‖ item ‖ commitments."""
    return token + index_bytes(len(item)) + item + commitments
