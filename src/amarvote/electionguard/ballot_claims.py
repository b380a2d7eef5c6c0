"""What a ballot claims, once its shape, its ranges and its hashes have been looked at.

`read_ballot` reports everything that needs no exponentiation, and returns the claims that do: membership of
each ciphertext, range proofs, proofs of knowledge. What cannot be evaluated (a value out of range, a proof of
the wrong length) has had its finding and is not claimed any more, so that its consequences are not reported
as well.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from gmpy2 import mpz

from amarvote.electionguard.ballot_nonce import BALLOT_NONCE_BYTES, nonce_challenge
from amarvote.electionguard.ballots import (
    BallotCommitments,
    Commitment,
    ContestCommitments,
    EncryptedBallot,
    EncryptedContest,
    EncryptedSelection,
    HashedCiphertext,
    RangeProof,
)
from amarvote.electionguard.confirmation import CHAINING_FIELD_BYTES, confirmation_code, contest_hash
from amarvote.electionguard.contest_data import BLOCK_BYTES, contest_data_challenge
from amarvote.electionguard.context import Context, identifier_hash
from amarvote.electionguard.errors import Findings
from amarvote.electionguard.manifest import Contest, Manifest, NotInManifestError
from amarvote.electionguard.manifest_json import shown
from amarvote.electionguard.parameters import P, Q
from amarvote.electionguard.range_proofs import limit_challenge, selection_challenge


@dataclass(frozen=True, slots=True)
class RangeClaim:
    """A range proof of the right length with all values in Z_q.

    `challenge` hashes commitments to the c of (59) or (62); `given` are those that came along, None without
    any.
    """

    proof: RangeProof
    challenge: Callable[[Sequence[Commitment]], int]
    given: Sequence[Commitment] | None


@dataclass(frozen=True, slots=True)
class SelectionClaim:
    """(alpha, beta), both below p: they lie in Z_p^r, and hold 0..R if `proof` can be evaluated."""

    findings: Findings
    alpha: mpz
    beta: mpz
    proof: RangeClaim | None


@dataclass(frozen=True, slots=True)
class ContestClaim:
    """Selections, and that their product (alpha, beta) holds 0..L if `limit` can be evaluated."""

    selections: tuple[SelectionClaim, ...]
    findings: Findings
    alpha: mpz
    beta: mpz
    limit: RangeClaim | None


@dataclass(frozen=True, slots=True)
class KnowledgeClaim:
    """C0, below p, lies in Z_p^r, and the proof C2 = (c, v) shows that its exponent is known: (38) or (69)."""

    findings: Findings
    code: str
    subject: str
    ciphertext: HashedCiphertext
    challenge: Callable[[mpz], int]
    given: mpz | None


@dataclass(frozen=True, slots=True)
class BallotClaims:
    """All that is left to prove of one ballot."""

    contests: tuple[ContestClaim, ...]
    knowledge: tuple[KnowledgeClaim, ...]


_NOTHING_GIVEN = ContestCommitments((), (), mpz(0))
"""Stands in for commitments that do not fit the ballot: the proofs that they belong to will not hold with them."""


def read_ballot(
    context: Context, ballot: EncryptedBallot, findings: Findings, commitments: BallotCommitments | None
) -> BallotClaims:
    """Report 5.B, 6.B, 6.C, 7.B, 7.C, 8.A, 8.B, values >= p and the structure; return what is left to prove."""
    if identifier_hash(context.h_e, ballot.id_b) != ballot.h_i:
        findings.add("5.B", "the identifier hash H_I is not that of this identifier in this election")
    due = _check_contest_list(context.manifest, ballot, findings)
    if ballot.weight < 1:
        findings.add("9.structure", f"the weight is {ballot.weight}, and a ballot weighs at least 1")
    _check_code(ballot, findings)
    contests: list[ContestClaim] = []
    knowledge: list[KnowledgeClaim] = []
    read: set[int] = set()
    for contest, given in zip(ballot.contests, _given_contests(ballot, commitments), strict=True):
        if contest.index not in due or contest.index in read:
            continue  # reported with the list; a hostile ballot may hold any contest very often, each at a price
        read.add(contest.index)
        place = findings.at(f"contest {contest.index}")
        stated = _stated_contest(context.manifest, contest, place)
        if stated is None:
            continue
        claim = _read_contest(ballot.h_i, stated, contest, place, given)
        contests.append(claim)
        readable = _read_contest_data(ballot.h_i, stated, contest, place, given, knowledge)
        if readable and len(claim.selections) == len(contest.selections):
            _check_contest_hash(ballot.h_i, contest, place)
    _read_nonce(ballot, findings, commitments, knowledge)
    return BallotClaims(tuple(contests), tuple(knowledge))


def _check_contest_list(manifest: Manifest, ballot: EncryptedBallot, findings: Findings) -> set[int]:
    """Exactly the contests of the style, ascending. Step 6 is the first that goes through them: 6.structure.

    Returns the contests that the style has, none where there is no such style: no other is looked into.
    """
    try:
        expected = list(manifest.style(ballot.ballot_style).contest_indices)
    except NotInManifestError:
        findings.add("6.structure", f"the manifest has no ballot style {shown(ballot.ballot_style)}")
        return set()
    there = [contest.index for contest in ballot.contests]
    due = set(expected)
    if there == expected:
        return due
    present = set(there)
    style = f"a ballot of style {shown(ballot.ballot_style)}"
    missing = [str(index) for index in expected if index not in present]
    foreign = [str(index) for index in dict.fromkeys(there) if index not in due]
    if missing:
        findings.add("6.structure", f"{style} must have contest {_few(missing)}, and this one has not")
    if foreign:
        findings.add("6.structure", f"{style} does not have contest {_few(foreign)}, and this one has")
    if not missing and not foreign:
        findings.add("6.structure", f"{style} has each of its contests once, in ascending order, and this one not")
    return due


def _stated_contest(manifest: Manifest, contest: EncryptedContest, place: Findings) -> Contest | None:
    """The manifest's contest, if this one has its options: what is left of another is not evaluable."""
    try:
        stated = manifest.contest(contest.index)
    except NotInManifestError:
        return None  # not in any style either, and reported as such
    if len(contest.selections) != len(stated.options):
        place.add(
            "6.structure",
            f"the contest has {len(contest.selections)} encrypted options instead of {len(stated.options)}",
        )
        return None
    return stated


def _read_contest(
    h_i: bytes, stated: Contest, contest: EncryptedContest, place: Findings, given: ContestCommitments | None
) -> ContestClaim:
    selections = []
    for number, selection in enumerate(contest.selections, 1):
        inside = place.at(f"option {number}")
        proof = _read_proof(selection.proof, stated.option_limit, inside, 6)
        if _below_p(selection, inside):
            claim = None
            if proof is not None:
                challenge = partial(
                    selection_challenge, h_i, contest.index, number, selection.alpha, selection.beta
                )
                claim = RangeClaim(proof, challenge, _given_selection(given, contest, number))
            selections.append(SelectionClaim(inside, selection.alpha, selection.beta, claim))
    limit = _read_proof(contest.limit_proof, stated.selection_limit, place, 7)
    if limit is None or len(selections) < len(contest.selections):
        return ContestClaim(tuple(selections), place, mpz(0), mpz(0), None)
    alpha, beta = mpz(1), mpz(1)
    for selection in contest.selections:
        alpha = alpha * selection.alpha % P
        beta = beta * selection.beta % P
    challenge = partial(limit_challenge, h_i, contest.index, alpha, beta)
    claim = RangeClaim(limit, challenge, None if given is None else given.limit)
    return ContestClaim(tuple(selections), place, alpha, beta, claim)


def _below_p(selection: EncryptedSelection, place: Findings) -> bool:
    """A value that is no residue mod p is 6.A alone; membership of the others is a claim, of 6.A and 7.A."""
    beyond = [name for name in ("alpha", "beta") if not 0 <= getattr(selection, name) < P]
    if beyond:
        place.add("6.A", f"{' and '.join(beyond)} must be below p")
    return not beyond


def _read_proof(proof: RangeProof, limit: int, place: Findings, step: int) -> RangeProof | None:
    """Lengths (structure), challenges (B), responses (C) of a range proof (step 6) or a limit proof (step 7)."""
    name = "range proof" if step == 6 else "limit proof"
    challenges, responses = len(proof.challenges), len(proof.responses)
    if challenges != limit + 1 or responses != limit + 1:
        place.add(
            f"{step}.structure",
            f"the {name} has {challenges} challenges and {responses} responses; for values from 0 to {limit} "
            f"it needs {limit + 1} of each",
        )
        return None
    sound = True
    for letter, kind, values in (("B", "challenge", proof.challenges), ("C", "response", proof.responses)):
        beyond = [str(j) for j, value in enumerate(values) if not 0 <= value < Q]
        if beyond:
            place.add(f"{step}.{letter}", f"{kind} {_few(beyond)} of the {name} must be below q")
            sound = False
    return proof if sound else None


def _read_contest_data(
    h_i: bytes,
    stated: Contest,
    contest: EncryptedContest,
    place: Findings,
    given: ContestCommitments | None,
    knowledge: list[KnowledgeClaim],
) -> bool:
    """Whether the contest data (or their absence) can be read for 8.A; adds the claim of (69) if there are any."""
    data = contest.contest_data
    if data is None:
        if stated.contest_data_blocks:
            place.add("8.structure", "the contest data are missing that the manifest asks for")
        return not stated.contest_data_blocks
    if not stated.contest_data_blocks:
        place.add("8.structure", "the contest carries contest data, and the manifest gives it none")
        return False
    problem = _ciphertext_problem(data, BLOCK_BYTES * stated.contest_data_blocks)
    if problem:
        place.add("8.structure", f"the contest data cannot be read: {problem}")
        return False
    knowledge.append(
        KnowledgeClaim(
            place,
            "12.structure",
            "contest data",
            data,
            lambda a: contest_data_challenge(h_i, contest.index, a, data.c0, data.c1),
            None if given is None else given.contest_data or mpz(0),
        )
    )
    return True


def _read_nonce(
    ballot: EncryptedBallot,
    findings: Findings,
    commitments: BallotCommitments | None,
    knowledge: list[KnowledgeClaim],
) -> None:
    """Adds the claim of (38)."""
    nonce = ballot.encrypted_nonce
    problem = _ciphertext_problem(nonce, BALLOT_NONCE_BYTES)
    if problem:
        findings.add("13.structure", f"the encrypted ballot nonce cannot be read: {problem}")
        return
    knowledge.append(
        KnowledgeClaim(
            findings,
            "13.structure",
            "encrypted ballot nonce",
            nonce,
            lambda a: nonce_challenge(ballot.h_i, a, nonce.c0, nonce.c1),
            None if commitments is None else commitments.nonce,
        )
    )


def _ciphertext_problem(ciphertext: HashedCiphertext, length: int) -> str | None:
    if len(ciphertext.c1) != length:
        return f"C1 has {len(ciphertext.c1)} bytes instead of {length}"
    if not 0 <= ciphertext.c0 < P:
        return "C0 must be below p"
    if not (0 <= ciphertext.c < Q and 0 <= ciphertext.v < Q):
        return "challenge and response must be below q"
    return None


def _check_contest_hash(h_i: bytes, contest: EncryptedContest, place: Findings) -> None:
    pairs = ((selection.alpha, selection.beta) for selection in contest.selections)
    if contest_hash(h_i, contest.index, pairs, contest.contest_data) != contest.contest_hash:
        place.add("8.A", "the contest hash is not that of these ciphertexts")


def _check_code(ballot: EncryptedBallot, findings: Findings) -> None:
    """8.B over the recorded contest hashes, so that a wrong one is 8.A alone."""
    if len(ballot.chaining_field) != CHAINING_FIELD_BYTES:
        findings.add(
            "8.structure",
            f"the chaining field has {len(ballot.chaining_field)} bytes instead of {CHAINING_FIELD_BYTES}",
        )
        return
    hashes = (contest.contest_hash for contest in ballot.contests)
    if confirmation_code(ballot.h_i, hashes, ballot.chaining_field) != ballot.confirmation_code:
        findings.add("8.B", "the confirmation code is not that of these contests and this chaining field")


def _given_contests(
    ballot: EncryptedBallot, commitments: BallotCommitments | None
) -> Sequence[ContestCommitments | None]:
    if commitments is None:
        return [None] * len(ballot.contests)
    if len(commitments.contests) != len(ballot.contests):
        return [_NOTHING_GIVEN] * len(ballot.contests)
    return commitments.contests


def _given_selection(
    given: ContestCommitments | None, contest: EncryptedContest, number: int
) -> Sequence[Commitment] | None:
    if given is None:
        return None
    return given.selections[number - 1] if len(given.selections) == len(contest.selections) else ()


def _few(names: Sequence[str]) -> str:
    """At most five of them: a hostile ballot may have very many."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
