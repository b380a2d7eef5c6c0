"""Encrypting a ballot with all its proofs: section 3.3. Opening it again is the work of `ballot_opening`.

The order on a ballot is that of the manifest: contests by ascending index, options by ascending index, each option
of a contest whether it was marked or not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gmpy2 import mpz

from amarvote.electionguard.ballot_nonce import BALLOT_NONCE_BYTES, encrypt_ballot_nonce
from amarvote.electionguard.ballots import (
    BallotCommitments,
    BallotStatus,
    Commitment,
    ContestCommitments,
    EncryptedBallot,
    EncryptedContest,
    EncryptedSelection,
    HashedCiphertext,
)
from amarvote.electionguard.confirmation import CHAINING_FIELD_BYTES, confirmation_code, contest_hash
from amarvote.electionguard.contest_data import contest_data_nonce, encrypt_contest_data
from amarvote.electionguard.contest_remarks import Remarks, RemarksTooLongError, pack
from amarvote.electionguard.context import Context, identifier_hash
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.errors import ElectionGuardError
from amarvote.electionguard.hashing import hash_q, index_bytes
from amarvote.electionguard.manifest import Contest, Manifest, NotInManifestError
from amarvote.electionguard.parameters import G, Q
from amarvote.electionguard.range_proofs import (
    ProofSecrets,
    begin,
    finish,
    limit_challenge,
    selection_challenge,
)

_Q = int(Q)

MAX_VALUE = 2**31 - 1
"""The greatest value that may be marked for one option (values above R are overvotes)."""


class BallotInputError(ElectionGuardError):
    """What is to be encrypted cannot be a ballot of this style; the message names contest and option."""


@dataclass(frozen=True, slots=True)
class ContestVotes:
    """One contest as it will be encrypted: a value per option in manifest order (all 0 for an overvote), and D."""

    values: tuple[int, ...] = field(repr=False)
    data: bytes | None = field(repr=False)


def selection_nonce(h_i: bytes, contest_index: int, option_index: int, ballot_nonce: bytes) -> int:
    """xi_{i,j} of one selection, eq. (33)."""
    return hash_q(h_i, 0x21, index_bytes(contest_index), index_bytes(option_index), ballot_nonce)


def encrypt_ballot(
    context: Context,
    engine: Engine,
    style_id: str,
    votes: Mapping[int, Mapping[int, int]],
    texts: Mapping[int, str],
    *,
    id_b: bytes,
    ballot_nonce: bytes,
    chaining_field: bytes,
) -> tuple[EncryptedBallot, BallotCommitments]:
    """Encrypt `votes` (contest index -> option index -> value) and write-in `texts` (contest index -> text).

    What is not mentioned is not marked. A contest with more than L in all, or more than R for one option, is an
    overvote: every option is encrypted as 0, and what was marked goes into the contest data if there is any.
    `id_b` and `ballot_nonce` are 32 bytes each that nobody can guess and that were never used before (id_B comes
    from `identifier`), `chaining_field` the 36 bytes of B_C. The ballot comes UNDECIDED, with weight 1 and without
    a time, beside the commitments of its proofs. BallotInputError names the contest and the option at fault.
    """
    for name, value, length in (
        ("id_B", id_b, 32),
        ("ballot nonce", ballot_nonce, BALLOT_NONCE_BYTES),
        ("chaining field", chaining_field, CHAINING_FIELD_BYTES),
    ):
        if len(value) != length:
            raise ValueError(f"The {name} must have {length} bytes, not {len(value)}.")
    planned = plan_votes(context.manifest, style_id, votes, texts)
    h_i = identifier_hash(context.h_e, id_b)
    contests = []
    commitments = []
    for contest, contest_votes in planned:
        encrypted, committed = _encrypt_contest(context, engine, h_i, contest, contest_votes, ballot_nonce)
        contests.append(encrypted)
        commitments.append(committed)
    encrypted_nonce, nonce_commitment = encrypt_ballot_nonce(engine, context.joint_data_key, h_i, ballot_nonce)
    ballot = EncryptedBallot(
        id_b=id_b,
        h_i=h_i,
        ballot_style=style_id,
        status=BallotStatus.UNDECIDED,
        weight=1,
        encrypted_at=None,
        contests=tuple(contests),
        confirmation_code=confirmation_code(h_i, (c.contest_hash for c in contests), chaining_field),
        chaining_field=chaining_field,
        encrypted_nonce=encrypted_nonce,
    )
    return ballot, BallotCommitments(tuple(commitments), nonce_commitment)


def plan_votes(
    manifest: Manifest, style_id: str, votes: Mapping[int, Mapping[int, int]], texts: Mapping[int, str]
) -> list[tuple[Contest, ContestVotes]]:
    """Every contest of the style with what will be encrypted for it; BallotInputError where that cannot be."""
    try:
        on_style = manifest.style(style_id).contest_indices
    except NotInManifestError as error:
        raise BallotInputError(str(error)) from None
    for index in (*votes, *texts):
        if index not in on_style:
            raise BallotInputError(f"Contest {index!r} is not on ballots of style {style_id!r}.")
    contests = [manifest.contest(index) for index in on_style]
    return [(c, _plan_contest(c, votes.get(c.index, {}), texts.get(c.index, ""))) for c in contests]


def _plan_contest(contest: Contest, marks: Mapping[int, int], text: str) -> ContestVotes:
    name = f"Contest {contest.index} ({contest.id})"
    for option_index, value in marks.items():
        if type(option_index) is not int or not 1 <= option_index <= len(contest.options):
            raise BallotInputError(f"{name} has no option {option_index!r}; it has {len(contest.options)}.")
        if type(value) is not int or not 0 <= value <= MAX_VALUE:
            raise BallotInputError(
                f"{name}, option {option_index} ({contest.options[option_index - 1].id}): "
                f"a value must be a whole number from 0 to {MAX_VALUE}."
            )
    values = tuple(marks.get(option.index, 0) for option in contest.options)
    overvoted = sum(values) > contest.selection_limit or max(values) > contest.option_limit
    marked = {option.id: value for option, value in zip(contest.options, values, strict=True) if value}
    return ContestVotes(
        values=(0,) * len(values) if overvoted else values,
        data=_contest_data(contest, name, Remarks(marked if overvoted else None, text)),
    )


def _contest_data(contest: Contest, name: str, remarks: Remarks) -> bytes | None:
    if not contest.contest_data_blocks:
        if remarks.write_in:
            raise BallotInputError(f"{name} has no room for a write-in: its manifest declares no contest data.")
        return None
    try:
        return pack(remarks, contest.contest_data_blocks)
    except RemarksTooLongError as error:
        raise BallotInputError(f"{name}: {error}.") from None
    except UnicodeEncodeError:
        raise BallotInputError(f"{name}: the write-in is not valid Unicode text.") from None


def _encrypt_contest(
    context: Context,
    engine: Engine,
    h_i: bytes,
    contest: Contest,
    votes: ContestVotes,
    ballot_nonce: bytes,
) -> tuple[EncryptedContest, ContestCommitments]:
    nonces = [selection_nonce(h_i, contest.index, option.index, ballot_nonce) for option in contest.options]
    secrets = [begin(value, contest.option_limit) for value in votes.values]
    limit_secrets = begin(sum(votes.values), contest.selection_limit)
    ciphertexts, commitments = _powers(context, engine, votes.values, nonces, [*secrets, limit_secrets])
    selections = []
    for position, option in enumerate(contest.options):
        alpha, beta = ciphertexts[position]
        challenge = selection_challenge(h_i, contest.index, option.index, alpha, beta, commitments[position])
        selections.append(EncryptedSelection(alpha, beta, finish(secrets[position], challenge, nonces[position])))
    challenge = limit_challenge(
        h_i,
        contest.index,
        engine.product([alpha for alpha, _ in ciphertexts]),
        engine.product([beta for _, beta in ciphertexts]),
        commitments[-1],
    )
    limit_proof = finish(limit_secrets, challenge, sum(nonces) % _Q)
    contest_data, data_commitment = _encrypt_data(context, engine, h_i, contest, votes.data, ballot_nonce)
    encrypted = EncryptedContest(
        index=contest.index,
        selections=tuple(selections),
        limit_proof=limit_proof,
        contest_data=contest_data,
        contest_hash=contest_hash(h_i, contest.index, ciphertexts, contest_data),
    )
    return encrypted, ContestCommitments(tuple(commitments[:-1]), commitments[-1], data_commitment)


def _powers(
    context: Context,
    engine: Engine,
    values: tuple[int, ...],
    nonces: list[int],
    proofs: list[ProofSecrets],
) -> tuple[list[tuple[mpz, mpz]], list[tuple[Commitment, ...]]]:
    """All powers of g and of K that a contest needs, in one call each: the ciphertexts and the commitments."""
    shifted = [(nonce + value) % _Q for nonce, value in zip(nonces, values, strict=True)]
    alphas = iter(engine.powers(G, [*nonces, *(u for proof in proofs for u in proof.u)]))
    betas = iter(engine.powers(context.joint_key, [*shifted, *(t for proof in proofs for t in proof.t)]))
    pairs = zip(alphas, betas, strict=True)
    ciphertexts = [next(pairs) for _ in nonces]
    return ciphertexts, [tuple(next(pairs) for _ in proof.u) for proof in proofs]


def _encrypt_data(
    context: Context, engine: Engine, h_i: bytes, contest: Contest, data: bytes | None, ballot_nonce: bytes
) -> tuple[HashedCiphertext | None, mpz | None]:
    if data is None:
        return None, None
    nonce = contest_data_nonce(h_i, contest.index, ballot_nonce)
    return encrypt_contest_data(engine, context.joint_data_key, h_i, contest.index, data, nonce)
