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
    if not all(0 <= exponent < 2**CHAIN_BITS for exponent in exponents):
        raise ValueError("an exponent on the shared chain must be in 0..2^256 - 1")
    modulus = P
    link = mpz(base) % modulus
    links = [link]
    for _ in range(CHAIN_BITS):
        link = link * link % modulus
        links.append(link)
    distance_power = mpz(1)
    for position in _DISTANCE_BITS:
        distance_power = distance_power * links[position] % modulus
    return [_gather(_collect(links, exponent)) for exponent in exponents], links[0] != 0 and link == distance_power


def _collect(links: Sequence[mpz], exponent: int) -> list[mpz | None]:
    """For each odd digit d = 2i + 1 the bucket B_d: the product of the links where a window of `exponent` is d."""
    modulus = P
    collected: list[mpz | None] = [None] * _BUCKETS
    bits = mpz(exponent)
    position = bits.bit_scan1(0)
    while position is not None:
        digit = (bits >> position & _WINDOW) >> 1
        before = collected[digit]
        collected[digit] = links[position] if before is None else before * links[position] % modulus
        position = bits.bit_scan1(position + _WINDOW_BITS)
    return collected


def _gather(collected: Sequence[mpz | None]) -> mpz:
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
