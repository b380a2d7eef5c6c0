"""The only source of random numbers: the operating system's (rule 20). Nothing here takes a seed."""

import secrets

from amarvote.electionguard.parameters import Q

WEIGHT_BITS = 128
"""Length of the random weights of batched checks: a false batch passes with probability about 2^-128."""

_Q = int(Q)


def random_q() -> int:
    """An exponent, uniform in Z_q: a nonce, a key, a coefficient."""
    return secrets.randbelow(_Q)


def random_bytes32() -> bytes:
    """A 256-bit value as 32 raw bytes: an identifier's secret, a ballot nonce."""
    return secrets.token_bytes(32)


def random_weight() -> int:
    """A weight of a batched check, uniform in 1..2^128 - 1."""
    return 1 + secrets.randbelow(2**WEIGHT_BITS - 1)
