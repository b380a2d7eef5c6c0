"""Checking a chunk of ballots whose commitments came along, in one multi-exponentiation.

The hashes (59), (62), (38), (69) are checked on the commitments as given. What is left are the equations
`a_j = g^{v_j} alpha^{c_j}`, `b_j = K^{v_j - j c_j} beta^{c_j}`, `a = g^v C0^c`, and that every alpha, beta, C0
lies in Z_p^r. All of it is one product that must be 1. Once everything is fixed, a weight r is drawn for each
equation and an e for each member (each alpha, beta, C0, and K), independently from 1..2^128 - 1, and

    product of a^r  *  product of x^(q e - (sum of r c mod q))  *  g^-(sum of r v mod q)

runs over the commitments a and the members x; the sum at x is over the equations with base x, those of a limit
proof counting for each alpha of its contest, whose product is their base. (Likewise b and beta, with K for g.)

Soundness. Every element is first checked to lie in 1..p-1 and to have Jacobi symbol 1. Those form the group
Z_p^r x H with H of prime order r' > 2^3839; the order 2 has to be excluded element by element, for in a product
two negated elements cancel. So each element has a part in Z_p^r and a part in H, and a product is 1 only if both
its parts are.

1. If a member x has a part in H other than 1: everything else fixed, the q e are distinct mod r' (q 2^128 < r'),
   so at most one e makes the product 1 in H.
2. Otherwise, if a commitment a has one: its r acts on H through a alone, so at most one r makes the product 1.
3. Otherwise all lie in Z_p^r. The r of an equation is the exponent of its defect, the quotient of its two sides,
   which has order q > 2^128 if the equation is wrong: again at most one r makes the product 1.

So a false batch passes with probability at most 1 / (2^128 - 1), and a product of 1 says that every equation holds
and every element lies in Z_p^r.
"""

from collections.abc import Iterable, Iterator, Sequence

from gmpy2 import jacobi, mpz

from amarvote.electionguard import randomness
from amarvote.electionguard.ballot_claims import BallotClaims, KnowledgeClaim, RangeClaim
from amarvote.electionguard.context import Context
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.parameters import G, P, Q

_Q = int(Q)


def unproven(context: Context, engine: Engine, ballots: Sequence[BallotClaims]) -> list[int]:
    """The positions, ascending, of the ballots that their commitments do not prove.

    A ballot is in it that has a proof which cannot be evaluated, whose commitments do not fit or do not hash to
    its challenges, or that a failing product was bisected down to. What is wrong with it is not said yet.
    """
    if not _is_square(context.joint_key):
        return list(range(len(ballots)))
    ready = [i for i, claims in enumerate(ballots) if _hashes_hold(claims)]
    proven = set(ready) - set(_search(context, engine, [(i, ballots[i]) for i in ready], known_to_fail=False))
    return [i for i in range(len(ballots)) if i not in proven]


_Numbered = tuple[int, BallotClaims]


def _search(context: Context, engine: Engine, ballots: list[_Numbered], *, known_to_fail: bool) -> list[int]:
    if not ballots or (not known_to_fail and _product_is_one(context, engine, (claims for _, claims in ballots))):
        return []
    if len(ballots) == 1:
        return [ballots[0][0]]
    middle = len(ballots) // 2
    left = _search(context, engine, ballots[:middle], known_to_fail=False)
    return left + _search(context, engine, ballots[middle:], known_to_fail=not left)


def _hashes_hold(claims: BallotClaims) -> bool:
    """Every commitment is there, every element is a square in 1..p-1, and the hashes give the challenges."""
    return (
        all(_is_square(element) for element in _elements(claims))
        and all(_range_hash_holds(claim) for claim in _range_claims(claims))
        and all(
            claim.given is not None and claim.challenge(claim.given) == claim.ciphertext.c
            for claim in claims.knowledge
        )
    )


def _is_square(element: int) -> bool:
    return 0 < element < P and jacobi(element, P) == 1


def _range_hash_holds(claim: RangeClaim | None) -> bool:
    return (
        claim is not None
        and claim.given is not None
        and len(claim.given) == len(claim.proof.challenges)
        and claim.challenge(claim.given) == sum(claim.proof.challenges) % _Q
    )


def _elements(claims: BallotClaims) -> Iterator[mpz]:
    for contest in claims.contests:
        for selection in contest.selections:
            yield selection.alpha
            yield selection.beta
    for range_claim in _range_claims(claims):
        if range_claim is not None and range_claim.given is not None:
            for a, b in range_claim.given:
                yield a
                yield b
    for claim in claims.knowledge:
        yield claim.ciphertext.c0
        if claim.given is not None:
            yield claim.given


def _range_claims(claims: BallotClaims) -> Iterator[RangeClaim | None]:
    for contest in claims.contests:
        yield contest.limit
        for selection in contest.selections:
            yield selection.proof


class Product:
    """Bases and exponents of the product, weights included; the exponents of g and of K are summed up."""

    def __init__(self) -> None:
        self.bases: list[mpz] = []
        self.exponents: list[int] = []
        self.of_g = 0
        self.of_key = 0

    def add_member(self, element: mpz, exponent: int) -> None:
        """`element` to the power that the equations ask for, and to a random multiple of q."""
        self.bases.append(element)
        self.exponents.append(exponent % _Q + _Q * randomness.random_weight())

    def add_range(self, claim: RangeClaim | None) -> tuple[int, int]:
        """The equations of one range proof; returns what they ask of the exponents of alpha and beta."""
        if claim is None or claim.given is None:
            raise ValueError("only a ballot with all proofs and commitments can be put into a batch")
        bases, exponents, weight = self.bases, self.exponents, randomness.random_weight
        of_alpha = of_beta = of_g = of_key = 0
        values = zip(claim.given, claim.proof.challenges, claim.proof.responses, strict=True)
        for j, ((a, b), c, v) in enumerate(values):
            r, s = weight(), weight()
            bases += (a, b)
            exponents += (r, s)
            of_g -= r * v
            of_key -= s * (v - j * c)
            of_alpha -= r * c
            of_beta -= s * c
        self.of_g += of_g
        self.of_key += of_key
        return of_alpha, of_beta

    def add_knowledge(self, claim: KnowledgeClaim) -> None:
        """The equation of one proof of knowledge, and its C0."""
        if claim.given is None:
            raise ValueError("only a ballot with all proofs and commitments can be put into a batch")
        r = randomness.random_weight()
        self.bases.append(claim.given)
        self.exponents.append(r)
        self.of_g -= r * claim.ciphertext.v
        self.add_member(claim.ciphertext.c0, -r * claim.ciphertext.c)


def _product_is_one(context: Context, engine: Engine, ballots: Iterable[BallotClaims]) -> bool:
    product = gather(context, ballots)
    rest = engine.multi_power(product.bases, product.exponents)
    return rest * engine.power(G, product.of_g % _Q) % P == 1


def gather(context: Context, ballots: Iterable[BallotClaims]) -> Product:
    """All that these ballots claim, with fresh weights. ValueError where a proof or a commitment is missing."""
    product = Product()
    for claims in ballots:
        for contest in claims.contests:
            limit_alpha, limit_beta = product.add_range(contest.limit)
            for selection in contest.selections:
                of_alpha, of_beta = product.add_range(selection.proof)
                product.add_member(selection.alpha, limit_alpha + of_alpha)
                product.add_member(selection.beta, limit_beta + of_beta)
        for claim in claims.knowledge:
            product.add_knowledge(claim)
    product.add_member(context.joint_key, product.of_key)
    return product
