"""Products of many powers, by Bos and Coster's method of differences.

The two greatest exponents e1 >= e2 give `x1^e1 * x2^e2 = x1^(e1 - e2) * (x1 * x2)^e2`: one multiplication takes
about log2(n) bits off one exponent of n, with neither squarings nor windows, and exponents of different lengths
mix freely. For 1,500 exponents of 128 bits that is 15 multiplications each, where 8-bit buckets need 21. Instead
of a heap, the exponents are sorted and everything near the top is subtracted in one sweep, which costs 0.3 us a
step beside the 3.8 us of the multiplication.
"""

from bisect import bisect_left
from collections.abc import Iterable
from operator import itemgetter

from gmpy2 import invert, mpz, powmod

from amarvote.electionguard.parameters import P

_SWEEP_BITS = 2
"""A sweep goes down to a quarter of the greatest exponent: deeper meets larger quotients, shallower sorts more."""

_FEW = 2
"""Up to so many factors the powers are cheaper one by one."""

_exponent = itemgetter(0)


def multi_power(bases: Iterable[int], exponents: Iterable[int]) -> mpz:
    """The product of `bases[i] ** exponents[i]` mod p; (1) where there is none.

    Exponents are integers of any length and sign, taken exactly (not mod q). ValueError where the numbers of bases
    and exponents differ, ZeroDivisionError where a multiple of p has a negative exponent.
    """
    factors = [_positive(base, int(exponent)) for base, exponent in zip(bases, exponents, strict=True) if exponent]
    if len(factors) <= _FEW:
        return _one_by_one(factors)
    factors.sort(key=_exponent)
    while len(factors) > _FEW:
        start = max(1, bisect_left(factors, factors[-1][0] >> _SWEEP_BITS, key=_exponent))
        _sweep(factors, start)
        factors.sort(key=_exponent)
        factors = factors[bisect_left(factors, 1, key=_exponent) :]
    return _one_by_one(factors)


def _sweep(factors: list[tuple[int, mpz]], start: int) -> None:
    """From the greatest down to `start`, subtract from each exponent (as often as it goes) its neighbour below."""
    modulus = P
    exponent, base = factors[-1]
    for below in range(len(factors) - 2, start - 2, -1):
        next_exponent, next_base = factors[below]
        rest = exponent - next_exponent
        if rest < next_exponent:
            next_base = next_base * base % modulus
        else:
            quotient, rest = divmod(exponent, next_exponent)
            next_base = next_base * powmod(base, quotient, modulus) % modulus
        factors[below + 1] = (rest, base)
        exponent, base = next_exponent, next_base
    factors[start - 1] = (exponent, base)


def _one_by_one(factors: list[tuple[int, mpz]]) -> mpz:
    result = mpz(1)
    for exponent, base in factors:
        result = result * powmod(base, exponent, P) % P
    return result


def _positive(base: int, exponent: int) -> tuple[int, mpz]:
    if exponent < 0:
        return -exponent, invert(base, P)
    return exponent, mpz(base)
