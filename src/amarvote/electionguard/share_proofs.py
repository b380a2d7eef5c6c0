"""Note 3.7: does a guardian's partial decryption M_i = X^{z_i} use the secret behind its public key?

a_i = g^{v_i} Y_i^{c_i} and b_i = X^{v_i} M_i^{c_i}, with Y_i = g^{z_i} from the public keys (`joint_keys`), X = A
of a tally or C0 of contest data, and c_i = c w_i.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from gmpy2 import mpz

from amarvote.electionguard import randomness
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.parameters import G, Q

_Q = int(Q)


@dataclass(frozen=True, slots=True)
class ShareProof:
    """One guardian's proof for one ciphertext. `guardian_key` and `base` are known to lie in Z_p^r."""

    guardian_key: mpz
    base: mpz
    share: mpz
    a: mpz
    b: mpz
    challenge: int
    response: int


def failing(engine: Engine, proofs: Sequence[ShareProof]) -> list[int]:
    """The positions of the proofs that do not hold, ascending; all at once, one by one only where that fails.

    M_i, a_i and b_i must themselves lie in Z_p^r: with a negated M_i the second equation still holds for every
    even challenge, and the total would have no logarithm.
    """
    elements = [element for proof in proofs for element in (proof.share, proof.a, proof.b)]
    bad = {position // 3 for position in engine.outsiders(elements)}
    bad.update(i for i, proof in enumerate(proofs) if not 0 <= proof.response < _Q)
    rest = [(i, proof) for i, proof in enumerate(proofs) if i not in bad]
    if rest and not _all_hold(engine, [proof for _, proof in rest]):
        bad.update(i for i, proof in rest if not _holds(engine, proof))
    return sorted(bad)


def _holds(engine: Engine, proof: ShareProof) -> bool:
    c, v = proof.challenge, proof.response
    a = engine.product((engine.power(G, v), engine.power(proof.guardian_key, c)))
    return a == proof.a and engine.multi_power((proof.base, proof.share), (v, c)) == proof.b


def _all_hold(engine: Engine, proofs: Sequence[ShareProof]) -> bool:
    """Both equations of all proofs, raised to random 128-bit weights and multiplied together."""
    exponent_of_g = 0
    fixed: defaultdict[mpz, int] = defaultdict(int)
    bases, exponents = [], []
    announced, weights = [], []
    for proof in proofs:
        s, t = randomness.random_weight(), randomness.random_weight()
        exponent_of_g += s * proof.response
        fixed[proof.guardian_key] += s * proof.challenge
        fixed[proof.base] += t * proof.response
        bases.append(proof.share)
        exponents.append(t * proof.challenge % _Q)
        announced += [proof.a, proof.b]
        weights += [s, t]
    bases += fixed.keys()
    exponents += [exponent % _Q for exponent in fixed.values()]
    left = engine.product((engine.power(G, exponent_of_g % _Q), engine.multi_power(bases, exponents)))
    return left == engine.multi_power(announced, weights)
