"""Several powers of one base over a single chain of squarings, and membership in Z_p^r from the same chain."""

from collections.abc import Sequence

from gmpy2 import mpz

from amarvote.electionguard.parameters import Q_BYTES, P, Q

CHAIN_BITS = 8 * Q_BYTES
"""Exponents on the chain are shorter than 2^256."""

_WINDOW_BITS = 5
_WINDOW = 2**_WINDOW_BITS - 1
_BUCKETS = 2 ** (_WINDOW_BITS - 1)

_DISTANCE = 2**CHAIN_BITS - int(Q)
"""189: x^q = 1 says the same as x^(2^256) = x^189, for x other than 0."""
_DISTANCE_BITS = [i for i in range(_DISTANCE.bit_length()) if _DISTANCE >> i & 1]


def shared_powers(base: int, exponents: Sequence[int]) -> tuple[list[mpz], bool]:
    """The powers of `base` mod p for `0 <= exponent < 2^256`, and whether `base` lies in Z_p^r (up to its range).

    Right to left (Yao 1976): one chain of squarings base^(2^i). Each exponent is cut into odd windows of five
    bits and collects the links at its digit d in a bucket B_d; its power is the product of all B_d^d. A further
    exponent costs 60 multiplications instead of 300, the membership 7, without randomness.
    """
    modulus = P
    uses, buckets = _plan(exponents)
    distance_power = mpz(1)
    link = mpz(base) % modulus
    start = link
    for position, here in enumerate(uses):
        for collected, digit in here:
            before = collected[digit]
            collected[digit] = link if before is None else before * link % modulus
        if position in _DISTANCE_BITS:
            distance_power = distance_power * link % modulus
        link = link * link % modulus
    return [_gather(collected) for collected in buckets], start != 0 and link == distance_power


_Buckets = list[mpz | None]


def _plan(exponents: Sequence[int]) -> tuple[list[list[tuple[_Buckets, int]]], list[_Buckets]]:
    """For each link of the chain, the buckets that it goes into."""
    uses: list[list[tuple[_Buckets, int]]] = [[] for _ in range(CHAIN_BITS)]
    buckets: list[_Buckets] = []
    for exponent in exponents:
        if not 0 <= exponent < 2**CHAIN_BITS:
            raise ValueError("an exponent on the shared chain must be in 0..2^256 - 1")
        collected: _Buckets = [None] * _BUCKETS
        buckets.append(collected)
        rest, position = int(exponent), 0
        while rest:
            zeros = (rest & -rest).bit_length() - 1
            position += zeros
            rest >>= zeros
            uses[position].append((collected, (rest & _WINDOW) >> 1))
            position += _WINDOW_BITS
            rest >>= _WINDOW_BITS
    return uses, buckets


def _gather(collected: _Buckets) -> mpz:
    """The product of B_d^d over odd d = 2i + 1, as (product of B_i^i)^2 * product of B_i."""
    modulus = P
    suffix: mpz | None = None
    weighted: mpz | None = None
    for bucket in reversed(collected[1:]):
        if bucket is not None:
            suffix = bucket if suffix is None else suffix * bucket % modulus
        if suffix is not None:
            weighted = suffix if weighted is None else weighted * suffix % modulus
    result = mpz(1) if collected[0] is None else collected[0]
    if suffix is not None and weighted is not None:
        result = result * suffix % modulus * (weighted * weighted % modulus) % modulus
    return result
