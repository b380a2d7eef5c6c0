"""The total t in T = K^t, by baby steps and giant steps."""

from math import isqrt

import gmpy2
from gmpy2 import mpz

from amarvote.electionguard.errors import ElectionGuardError
from amarvote.electionguard.parameters import P

MAX_BABY_STEPS = 2**17
"""Entries of the table at most, about 20 MiB. Totals beyond 2^34 take more giant steps instead of more memory."""

_KEY_MASK = (1 << 128) - 1
"""Table keys are the low 128 bits of an element: two baby steps that share them are not to be expected (2^-94)."""


class NoTotalFound(ElectionGuardError):  # noqa: N818 - what happened
    """An element is not K^t for any total that is possible."""


class DiscreteLog:
    """Logarithms to one base. The table grows with the greatest total asked for and serves all later questions."""

    def __init__(self, base: mpz) -> None:
        self._base = base
        self._table: dict[int, int] = {}
        self._steps = 0
        self._next = mpz(1)
        """base^steps, the next baby step."""

    def find(self, element: mpz, greatest: int) -> int:
        """t with base^t = element and 0 <= t <= greatest; NoTotalFound where there is none. Zero is instant."""
        if element == 1:
            return 0
        self._grow(min(isqrt(greatest) + 1, MAX_BABY_STEPS))
        step = self._steps
        giant = gmpy2.powmod(self._base, -step, P)
        rest = element
        for passed in range(0, greatest + 1, step):
            baby = self._table.get(int(rest & _KEY_MASK))
            if baby is not None and passed + baby <= greatest:
                total = passed + baby
                if gmpy2.powmod(self._base, total, P) == element:
                    return total
            rest = rest * giant % P
        raise NoTotalFound(f"No total from 0 to {greatest} fits.")

    def _grow(self, size: int) -> None:
        while self._steps < size:
            self._table.setdefault(int(self._next & _KEY_MASK), self._steps)
            self._next = self._next * self._base % P
            self._steps += 1
