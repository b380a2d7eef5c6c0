"""Checking the claims of a ballot one by one: every commitment is computed anew from challenges and responses.

This is how the published record is verified, and how a ballot is looked at that did not pass a batch. The
powers of alpha (and of beta) for all challenges and the membership in Z_p^r share one chain of squarings.
"""

from collections.abc import Sequence

from gmpy2 import mpz

from amarvote.electionguard.ballot_claims import (
    BallotClaims,
    ContestClaim,
    KnowledgeClaim,
    RangeClaim,
    SelectionClaim,
)
from amarvote.electionguard.context import Context
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.parameters import G, P, Q

_WRONG_COMMITMENTS = "the commitments that came along are not those of the {}"


def check_claims(context: Context, engine: Engine, claims: BallotClaims) -> None:
    """Report 6.A, 6.D, 7.A, 7.D, 12.structure and 13.structure of one ballot.

    Commitments that came along are compared with the computed ones where the proof itself holds: a ballot
    with a good proof and other commitments is refused under the code of that proof.
    """
    for contest in claims.contests:
        for selection in contest.selections:
            _check_selection(context, engine, selection)
        _check_limit(context, engine, contest)
    for claim in claims.knowledge:
        _check_knowledge(engine, claim)


def _check_selection(context: Context, engine: Engine, selection: SelectionClaim) -> None:
    """6.A and 7.A; then 6.1 to 6.3 and 6.D."""
    challenges = selection.proof.proof.challenges if selection.proof else ()
    alphas, alpha_inside = engine.powers_and_membership(selection.alpha, challenges)
    betas, beta_inside = engine.powers_and_membership(selection.beta, challenges)
    outside = [name for name, inside in (("alpha", alpha_inside), ("beta", beta_inside)) if not inside]
    if outside:
        verb = "lies" if len(outside) == 1 else "lie"
        for code in ("6.A", "7.A"):
            selection.findings.add(code, f"{' and '.join(outside)} {verb} outside the group Z_p^r")
    if selection.proof:
        problem = _range_problem(context, engine, selection.proof, alphas, betas, "range proof")
        if problem:
            selection.findings.add("6.D", problem)


def _check_limit(context: Context, engine: Engine, contest: ContestClaim) -> None:
    """7.1 to 7.5 and 7.D."""
    if contest.limit is None:
        return
    challenges = contest.limit.proof.challenges
    alphas = engine.powers(contest.alpha, challenges)
    betas = engine.powers(contest.beta, challenges)
    problem = _range_problem(context, engine, contest.limit, alphas, betas, "limit proof")
    if problem:
        contest.findings.add("7.D", problem)


def _range_problem(
    context: Context, engine: Engine, claim: RangeClaim, alphas: Sequence[mpz], betas: Sequence[mpz], name: str
) -> str | None:
    """What is wrong with a range proof, given alpha^{c_j}, beta^{c_j}: a_j = g^{v_j} alpha^{c_j}, b_j alike."""
    challenges, responses = claim.proof.challenges, claim.proof.responses
    shifted = [(v - j * c) % Q for j, (c, v) in enumerate(zip(challenges, responses, strict=True))]
    powers_of_g = engine.powers(G, responses)
    powers_of_key = engine.powers(context.joint_key, shifted)
    commitments = tuple(
        (of_g * alpha % P, of_key * beta % P)
        for of_g, alpha, of_key, beta in zip(powers_of_g, alphas, powers_of_key, betas, strict=True)
    )
    if claim.challenge(commitments) != sum(challenges) % Q:
        return f"the {name} does not hold: nothing shows a value from 0 to {len(challenges) - 1}"
    if claim.given is not None and tuple(claim.given) != commitments:
        return _WRONG_COMMITMENTS.format(name)
    return None


def _check_knowledge(engine: Engine, claim: KnowledgeClaim) -> None:
    """a = g^v C0^c gives the challenge c; and C0 lies in Z_p^r, without which nobody may raise it to a secret."""
    (power,), inside = engine.powers_and_membership(claim.ciphertext.c0, [claim.ciphertext.c])
    a = engine.power(G, claim.ciphertext.v) * power % P
    if not inside:
        claim.findings.add(claim.code, f"C0 of the {claim.subject} lies outside the group Z_p^r")
    elif claim.challenge(a) != claim.ciphertext.c:
        claim.findings.add(claim.code, f"the proof of knowledge of the {claim.subject} does not hold")
    elif claim.given is not None and claim.given != a:
        claim.findings.add(claim.code, _WRONG_COMMITMENTS.format(f"proof of knowledge of the {claim.subject}"))
