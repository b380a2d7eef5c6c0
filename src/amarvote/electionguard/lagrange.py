"""Polynomials over Z_q: their values, and the weights that bring shares together at zero."""

from collections.abc import Iterable, Sequence

from amarvote.electionguard.parameters import Q

_Q = int(Q)


def evaluate(polynomial: Sequence[int], x: int) -> int:
    """P(x) mod q, eq. (7), for coefficients in ascending order."""
    value = 0
    for coefficient in reversed(polynomial):
        value = (value * x + coefficient) % _Q
    return value


def ascending(members: Iterable[int]) -> tuple[int, ...]:
    """The guardians of a run in the order in which hashes list them; ValueError for none, twice, or below 1."""
    ordered = tuple(sorted(members))
    if not ordered or ordered[0] < 1 or len(set(ordered)) != len(ordered):
        raise ValueError(f"guardians {list(ordered)} are not distinct indices from 1")
    return ordered


def lagrange_weights(members: Iterable[int]) -> dict[int, int]:
    """w_i = Π ℓ/(ℓ - i) mod q over the other members ℓ, eq. (85), for every member i; 1 for a member alone."""
    ordered = ascending(members)
    weights = {}
    for i in ordered:
        numerator = denominator = 1
        for other in ordered:
            if other != i:
                numerator = numerator * other % _Q
                denominator = denominator * (other - i) % _Q
        weights[i] = numerator * pow(denominator, -1, _Q) % _Q
    return weights
