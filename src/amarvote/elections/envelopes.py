"""What a device sends: vote token (32) ‖ length of the item (4) ‖ item ‖ commitments; read without computing.

The envelope says whose ballot it is and where it belongs; whether its proofs hold is for the workers.
"""

from dataclasses import dataclass, field
from functools import lru_cache

from amarvote.electionguard.ballots import BallotStatus, EncryptedBallot
from amarvote.electionguard.context import Context
from amarvote.electionguard.manifest import Contest, Manifest, NotInManifestError
from amarvote.elections.errors import Unprocessable
from amarvote.pipeline.constants import manifest_of
from amarvote.record.canonical import decode_item
from amarvote.record.codec import read_ballot
from amarvote.record.commitments import commitments_length
from amarvote.record.errors import NotCanonical, StructureProblem

TOKEN_BYTES = 32
LENGTH_BYTES = 4
_MARGIN = 4096
"""Bytes of a ballot beside its contests: identifiers, style, nonce, framing."""

_FIELD_MARGIN = 32
"""Bytes of tags and lengths for each option and each contest."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A submission, taken apart; the token is the voter's secret."""

    token: bytes = field(repr=False)
    item: bytes
    commitments: bytes
    ballot: EncryptedBallot


def read_envelope(context: Context, body: bytes) -> Envelope:
    """Take a submission apart; Unprocessable where it cannot be a ballot of this election."""
    start = TOKEN_BYTES + LENGTH_BYTES
    if len(body) < start:
        raise Unprocessable("A submission is a vote token, the item's length, the item and its commitments.")
    length = int.from_bytes(body[TOKEN_BYTES:start], "big")
    item, commitments = body[start : start + length], body[start + length :]
    if len(item) != length:
        raise Unprocessable(f"The item is announced with {length} bytes, but only {len(item)} follow.")
    try:
        message = decode_item(item)
        if message.WhichOneof("item") != "encrypted_ballot":
            raise Unprocessable("The item is not an encrypted ballot.")
        ballot = read_ballot(message)
        expected = commitments_length(context, ballot.ballot_style)
    except (NotCanonical, StructureProblem, NotInManifestError) as problem:
        raise Unprocessable(f"The ballot cannot be taken: {problem}") from None
    if len(commitments) != expected:
        raise Unprocessable(
            f"The commitments of a ballot of style {ballot.ballot_style!r} have {expected} bytes, "
            f"these have {len(commitments)}."
        )
    if ballot.status not in (BallotStatus.CAST, BallotStatus.CHALLENGED):
        raise Unprocessable("A ballot is submitted as cast or as challenged.")
    if ballot.encrypted_at is not None:
        raise Unprocessable("Ballots of this election carry no time (encrypted_at); the service prescribes none.")
    return Envelope(body[:TOKEN_BYTES], item, commitments, ballot)


def largest_submission(manifest: bytes) -> int:
    """The most bytes that a submission of this election can have; what is longer is not even read."""
    return _largest(manifest)


@lru_cache(maxsize=4)
def _largest(raw: bytes) -> int:
    manifest: Manifest = manifest_of(raw)
    styles = (
        sum(_contest_bytes(manifest.contest(index)) for index in style.contest_indices)
        for style in manifest.styles
    )
    return TOKEN_BYTES + LENGTH_BYTES + _MARGIN + max(styles)


def _contest_bytes(contest: Contest) -> int:
    """Ciphertexts, proofs and commitments of one contest, with what frames them."""
    range_pairs, limit_pairs = contest.option_limit + 1, contest.selection_limit + 1
    option = 2 * 512 + 64 * range_pairs + 2 * 512 * range_pairs + _FIELD_MARGIN
    limit = 64 * limit_pairs + 2 * 512 * limit_pairs + _FIELD_MARGIN
    data = 512 + 32 * contest.contest_data_blocks + 64 + 512 if contest.contest_data_blocks else 0
    return len(contest.options) * option + limit + data + 32 + 2 * _FIELD_MARGIN
