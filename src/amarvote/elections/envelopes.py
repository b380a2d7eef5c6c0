"""What a device sends: vote token (32) ‖ length of the item (4) ‖ item ‖ commitments; read without computing.

The envelope says whose ballot it is and where it belongs; whether its proofs hold is for the workers.
"""

import base64
import json
from dataclasses import dataclass, field

from amarvote.electionguard.ballots import BallotStatus, EncryptedBallot
from amarvote.electionguard.context import Context
from amarvote.electionguard.manifest import Contest, Manifest, NotInManifestError
from amarvote.elections.errors import Unprocessable
from amarvote.elections.values import strict_json
from amarvote.record.canonical import decode_item
from amarvote.record.codec import read_ballot
from amarvote.record.commitments import commitments_length
from amarvote.record.errors import NotCanonical, StructureProblem
from amarvote.record.json_lines import line_to_item

TOKEN_BYTES = 32
LENGTH_BYTES = 4
_MARGIN = 4096
"""Bytes of a ballot beside its contests: identifiers, style, nonce, framing."""

JSON_FACTOR = 3
"""How much longer a submission can be as JSON: a proof of 64 bytes takes 120 characters."""

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


def body_of_json(body: bytes, *, with_token: bool = True) -> bytes:
    """The same submission in bytes, of {"token": hex, "ballot": the item in EGRF's JSON, "commitments": base64}.

    Both without the token where that is the bearer's. The item's JSON is read member by member against the schema,
    so that there is one way to write each ballot.
    """
    content = strict_json(body)
    names = {"ballot", "commitments"} | ({"token"} if with_token else set())
    if not isinstance(content, dict) or set(content) != names:
        raise Unprocessable(f"This submission is a JSON object of {' and '.join(sorted(names))}.")
    token = content.get("token", "")
    ballot, commitments = content["ballot"], content["commitments"]
    if (
        not isinstance(token, str)
        or len(token) != 2 * TOKEN_BYTES * with_token
        or not set(token) <= set("0123456789abcdef")
    ):
        raise Unprocessable(f"The vote token is {2 * TOKEN_BYTES} lower-case hex digits.")
    if not isinstance(ballot, dict) or not isinstance(commitments, str):
        raise Unprocessable("The ballot is a JSON object, its commitments are base64.")
    try:
        item = line_to_item(json.dumps(ballot, ensure_ascii=False, separators=(",", ":")).encode())
        committed = base64.b64decode(commitments, validate=True)
    except NotCanonical as problem:
        raise Unprocessable(f"The ballot cannot be taken: {problem}") from None
    except UnicodeEncodeError:
        raise Unprocessable("The ballot holds half of a character.") from None
    except ValueError:
        raise Unprocessable("The commitments are not standard base64.") from None
    return bytes.fromhex(token) + len(item).to_bytes(LENGTH_BYTES, "big") + item + committed


def largest_submission(manifest: Manifest) -> int:
    """The most bytes that a submission of this election can have; what is longer is not even read."""
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
