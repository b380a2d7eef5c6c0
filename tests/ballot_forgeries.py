"""Ballots as an attacker makes them: any value in any place, the best proof to be had for it, hashes that fit.

The attacker holds all secrets of the ballot and may try as often as he likes, but finds no hash that suits him.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from gmpy2 import mpz

from amarvote.electionguard import randomness
from amarvote.electionguard.ballot_nonce import nonce_challenge
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
from amarvote.electionguard.confirmation import confirmation_code, contest_hash
from amarvote.electionguard.contest_data import contest_data_challenge
from amarvote.electionguard.manifest import Contest
from amarvote.electionguard.parameters import G, P, Q
from amarvote.electionguard.range_proofs import limit_challenge, selection_challenge
from ballot_samples import JOINT_KEY, Made, engine, make_ballot, sample_context

_Q = int(Q)

Place = tuple[int, int]
"""Contest and option, from 1; option 0 is the contest's limit proof."""


@dataclass(frozen=True)
class Bends:
    """What the attacker shows instead of what he has.

    Factors on the shown alpha and beta of a place; factors on the shown commitments a_0 and b_0 of a proof; proofs
    without their last commitments, in the hash and in what is shown. With `even`, he tries until all challenges of
    the bent contests are even: then a factor -1 on alpha or beta is invisible in every equation.
    """

    ciphertexts: Mapping[Place, tuple[int, int]] | None = None
    commitments: Mapping[Place, tuple[int, int]] | None = None
    left_out: Collection[Place] = ()
    even: bool = False

    def of_ciphertext(self, place: Place) -> tuple[int, int]:
        return (self.ciphertexts or {}).get(place, (1, 1))

    def of_commitment(self, place: Place) -> tuple[int, int]:
        return (self.commitments or {}).get(place, (1, 1))

    def needs_even(self, contest: int) -> bool:
        return self.even and any(place[0] == contest for place in self.ciphertexts or {})


def forge(values: Mapping[int, Sequence[int]], bends: Bends = Bends()) -> Made:
    """A ballot of style "all" that holds these values (contest index -> a value per option; elsewhere none)."""
    made = make_ballot({})
    ballot, commitments = made.ballot, made.commitments
    for contest in sample_context().manifest.contests:
        if contest.index in values:
            position = contest.index - 1
            forged, given = _forge_contest(ballot, contest, values[contest.index], bends)
            ballot = replace_contest(ballot, position, forged)
            commitments = replace_commitments(commitments, position, given)
    return replace(made, ballot=rehash(ballot), commitments=commitments)


def _forge_contest(
    ballot: EncryptedBallot, contest: Contest, values: Sequence[int], bends: Bends
) -> tuple[EncryptedContest, ContestCommitments]:
    old = ballot.contests[contest.index - 1]
    even = bends.needs_even(contest.index)
    nonces = [randomness.random_q() for _ in values]
    selections, given = [], []
    alpha_product = beta_product = mpz(1)
    for number, (value, nonce) in enumerate(zip(values, nonces, strict=True), 1):
        place = (contest.index, number)
        on_alpha, on_beta = bends.of_ciphertext(place)
        alpha = engine().power(G, nonce) * on_alpha % P
        beta = engine().power(JOINT_KEY, (nonce + value) % Q) * on_beta % P
        alpha_product, beta_product = alpha_product * alpha % P, beta_product * beta % P

        challenge = partial(selection_challenge, ballot.h_i, *place, alpha, beta)
        bend = bends.of_commitment(place)
        shown = contest.option_limit + (place not in bends.left_out)
        proof, pairs = _forge_proof(value, contest.option_limit, nonce, challenge, bend, shown, even)
        selections.append(EncryptedSelection(alpha, beta, proof))
        given.append(pairs)
    limit, limit_pairs = _forge_proof(
        sum(values),
        contest.selection_limit,
        sum(nonces) % _Q,
        partial(limit_challenge, ballot.h_i, contest.index, alpha_product, beta_product),
        bends.of_commitment((contest.index, 0)),
        contest.selection_limit + ((contest.index, 0) not in bends.left_out),
        even,
    )
    forged = replace(old, selections=tuple(selections), limit_proof=limit)
    # The commitment of the contest data's proof is not at hand here; the caller keeps the old one.
    return forged, ContestCommitments(tuple(given), limit_pairs, None)


def _forge_proof(
    value: int,
    limit: int,
    nonce: int,
    challenge: Callable[[Sequence[Commitment]], int],
    bend: tuple[int, int],
    shown: int,
    even: bool,
) -> tuple[RangeProof, tuple[Commitment, ...]]:
    """An honest proof where the value allows it; else one with a single wrong equation, that of the last b_j."""
    true = value if 0 <= value <= limit else limit
    while True:
        u = [randomness.random_q() for _ in range(limit + 1)]
        c = [randomness.random_q() for _ in range(limit + 1)]
        c[true] = 0
        pairs = [
            (engine().power(G, u[j]), engine().power(JOINT_KEY, (u[j] + (value - j) * c[j]) % Q))
            for j in range(limit + 1)
        ]
        pairs[0] = (pairs[0][0] * bend[0] % P, pairs[0][1] * bend[1] % P)
        pairs = pairs[:shown]
        c[true] = (challenge(pairs) - sum(c)) % _Q
        if not even or all(x % 2 == 0 for x in c):
            v = tuple((u[j] - c[j] * nonce) % _Q for j in range(limit + 1))
            return RangeProof(tuple(c), v), tuple(pairs)


def forge_nonce(made: Made, factor: int) -> Made:
    """C0 of the encrypted nonce times `factor`, with a proof (38) of even challenge: -1 does not show in it."""
    ballot = made.ballot

    def challenge(a: mpz, c0: mpz) -> int:
        return nonce_challenge(ballot.h_i, a, c0, ballot.encrypted_nonce.c1)

    ciphertext, a = _forge_knowledge(ballot.encrypted_nonce.c1, factor, challenge)
    return replace(
        made,
        ballot=replace(ballot, encrypted_nonce=ciphertext),
        commitments=replace(made.commitments, nonce=a),
    )


def forge_data(made: Made, factor: int) -> Made:
    """The same for the contest data of contest 1 and (69)."""
    ballot = made.ballot
    contest = ballot.contests[0]
    c1 = contest.contest_data.c1 if contest.contest_data else b""

    def challenge(a: mpz, c0: mpz) -> int:
        return contest_data_challenge(ballot.h_i, 1, a, c0, c1)

    ciphertext, a = _forge_knowledge(c1, factor, challenge)
    ballot = rehash(replace_contest(ballot, 0, replace(contest, contest_data=ciphertext)))
    given = replace(made.commitments.contests[0], contest_data=a)
    return replace(made, ballot=ballot, commitments=replace_commitments(made.commitments, 0, given))


def _forge_knowledge(c1: bytes, factor: int, challenge: Callable[[mpz, mpz], int]) -> tuple[HashedCiphertext, mpz]:
    xi = randomness.random_q()
    c0 = engine().power(G, xi) * factor % P
    while True:
        u = randomness.random_q()
        a = engine().power(G, u)
        c = challenge(a, c0)
        if c % 2 == 0:
            return HashedCiphertext(c0, c1, c, (u - c * xi) % _Q), a


def rehash(ballot: EncryptedBallot, but: Collection[int] = ()) -> EncryptedBallot:
    """Contest hashes (except those of the contest indices in `but`) and code of what now stands in the ballot."""
    contests = tuple(
        contest if contest.index in but else replace(contest, contest_hash=_hash(ballot.h_i, contest))
        for contest in ballot.contests
    )
    return recode(replace(ballot, contests=contests))


def recode(ballot: EncryptedBallot) -> EncryptedBallot:
    hashes = [contest.contest_hash for contest in ballot.contests]
    return replace(ballot, confirmation_code=confirmation_code(ballot.h_i, hashes, ballot.chaining_field))


def _hash(h_i: bytes, contest: EncryptedContest) -> bytes:
    pairs = [(selection.alpha, selection.beta) for selection in contest.selections]
    return contest_hash(h_i, contest.index, pairs, contest.contest_data)


def replace_contest(ballot: EncryptedBallot, position: int, contest: EncryptedContest) -> EncryptedBallot:
    contests = list(ballot.contests)
    contests[position] = contest
    return replace(ballot, contests=tuple(contests))


def replace_selection(
    ballot: EncryptedBallot, contest: int, option: int, selection: EncryptedSelection
) -> EncryptedBallot:
    """`contest` and `option` from 1, on a ballot that has all contests."""
    old = ballot.contests[contest - 1]
    selections = list(old.selections)
    selections[option - 1] = selection
    return replace_contest(ballot, contest - 1, replace(old, selections=tuple(selections)))


def replace_commitments(
    commitments: BallotCommitments, position: int, contest: ContestCommitments
) -> BallotCommitments:
    contests = list(commitments.contests)
    if contest.contest_data is None:
        contest = replace(contest, contest_data=contests[position].contest_data)
    contests[position] = contest
    return replace(commitments, contests=tuple(contests))
