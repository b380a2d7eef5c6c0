"""The commitments that travel beside a ballot, as bytes: elements of 512 bytes in a fixed order, never published.

Order: for each contest of the ballot's style, in the style's order: (a_j, b_j) for j = 0..R of each option in
manifest order, then (a_j, b_j) for j = 0..L of the limit proof, then a of the contest data's proof (69) if the
contest has data; at the end a of the ballot nonce's proof (38). The manifest alone fixes the length.
"""

from collections.abc import Iterator

from gmpy2 import mpz

from amarvote.electionguard.ballots import BallotCommitments, Commitment, ContestCommitments
from amarvote.electionguard.context import Context
from amarvote.electionguard.errors import ElectionGuardError
from amarvote.electionguard.hashing import element_bytes
from amarvote.electionguard.manifest import Contest
from amarvote.electionguard.parameters import P_BYTES, P


class CommitmentsError(ElectionGuardError):
    """The bytes are not the commitments of a ballot of this style."""


def encode_commitments(commitments: BallotCommitments) -> bytes:
    """All commitments of one ballot in their fixed order."""
    return b"".join(element_bytes(value) for value in _values(commitments))


def commitments_length(context: Context, style_id: str) -> int:
    """How many bytes the commitments of a ballot of this style have."""
    count = 1
    for contest in _contests(context, style_id):
        count += 2 * len(contest.options) * (contest.option_limit + 1) + 2 * (contest.selection_limit + 1)
        count += 1 if contest.contest_data_blocks else 0
    return count * P_BYTES


def decode_commitments(context: Context, style_id: str, data: bytes) -> BallotCommitments:
    """The commitments of a ballot of this style; raises CommitmentsError for any other length or a value >= p."""
    expected = commitments_length(context, style_id)
    if len(data) != expected:
        raise CommitmentsError(
            f"The commitments of a ballot of style {style_id!r} have {expected} bytes, these have {len(data)}"
        )
    elements = _elements(data)
    contests = tuple(_read_contest(contest, elements) for contest in _contests(context, style_id))
    return BallotCommitments(contests, next(elements))


def _contests(context: Context, style_id: str) -> list[Contest]:
    style = context.manifest.style(style_id)
    return [context.manifest.contest(index) for index in style.contest_indices]


def _values(commitments: BallotCommitments) -> Iterator[mpz]:
    for contest in commitments.contests:
        for proof in (*contest.selections, contest.limit):
            for a, b in proof:
                yield a
                yield b
        if contest.contest_data is not None:
            yield contest.contest_data
    yield commitments.nonce


def _elements(data: bytes) -> Iterator[mpz]:
    for number, at in enumerate(range(0, len(data), P_BYTES), start=1):
        value = mpz.from_bytes(data[at : at + P_BYTES], "big")
        if not 0 < value < P:
            raise CommitmentsError(f"Commitment {number} of the ballot is not between 0 and p")
        yield value


def _read_contest(contest: Contest, elements: Iterator[mpz]) -> ContestCommitments:
    selections = tuple(_read_proof(contest.option_limit, elements) for _ in contest.options)
    limit = _read_proof(contest.selection_limit, elements)
    return ContestCommitments(selections, limit, next(elements) if contest.contest_data_blocks else None)


def _read_proof(limit: int, elements: Iterator[mpz]) -> tuple[Commitment, ...]:
    return tuple((next(elements), next(elements)) for _ in range(limit + 1))
