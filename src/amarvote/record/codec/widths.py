"""Lists of fixed-width numbers as one run of bytes, big-endian, and back. Values are kept as read."""

from collections.abc import Iterable

from gmpy2 import mpz

from amarvote.electionguard.hashing import element_bytes, exponent_bytes
from amarvote.electionguard.parameters import P_BYTES, Q_BYTES


def element(data: bytes) -> mpz:
    """The number that big-endian bytes stand for; it may be p or more."""
    return mpz.from_bytes(data, "big")


def join_elements(values: Iterable[int]) -> bytes:
    """512 bytes for each value."""
    return b"".join(element_bytes(value) for value in values)


def split_elements(data: bytes) -> tuple[mpz, ...]:
    """One number for each 512 bytes."""
    return tuple(element(data[at : at + P_BYTES]) for at in range(0, len(data), P_BYTES))


def join_exponents(values: Iterable[int]) -> bytes:
    """32 bytes for each value."""
    return b"".join(exponent_bytes(value) for value in values)


def split_exponents(data: bytes) -> tuple[int, ...]:
    """One number for each 32 bytes."""
    return tuple(int.from_bytes(data[at : at + Q_BYTES], "big") for at in range(0, len(data), Q_BYTES))
