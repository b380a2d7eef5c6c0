"""The arithmetic of Z_p behind one small interface that takes and gives lists.

Everything is exact: exponents are integers, never reduced mod q here, because a base that a hostile record
hands in need not have order q. Whoever means an exponent mod q reduces it.
"""

from collections.abc import Iterable, Sequence

import gmpy2
from gmpy2 import jacobi, mpz, powmod, powmod_sec

from amarvote.electionguard import randomness
from amarvote.electionguard.fixed_base import EXPONENT_BITS, FixedBase
from amarvote.electionguard.multi_power import multi_power
from amarvote.electionguard.parameters import G, P, Q
from amarvote.electionguard.shared_base import shared_powers

_NAMED_ONE_BY_ONE = 4
"""A failing set of so many elements or fewer is not halved further: each is tested alone."""


class Engine:
    """Powers, products and membership. Holds the tables of fixed bases; give each thread its own.

    `window_bits` is the memory budget: each prepared base (g always) takes 4.4 MiB at 8, 14 MiB at 10, 47 MiB
    at 12, and a power of it 32, 26 or 22 multiplications.
    """

    def __init__(self, window_bits: int = 8) -> None:
        if not 1 <= window_bits <= 16:
            raise ValueError(f"tables of {window_bits}-bit windows are not offered; choose 1 to 16, 8 is usual")
        self._window_bits = window_bits
        self._tables: dict[int, FixedBase] = {}
        gmpy2.get_context().allow_release_gil = True

    def prepare(self, *bases: int) -> None:
        """Build the tables of bases that will be used often, such as K and K̂. g needs no asking."""
        for base in bases:
            if base not in self._tables:
                self._tables[base] = FixedBase(base, self._window_bits)

    def power(self, base: int, exponent: int) -> mpz:
        """base^exponent mod p, by table where `base` was prepared. Not constant in time.

        ZeroDivisionError where a multiple of p has a negative exponent.
        """
        table = self._table(base)
        if table is not None and 0 <= exponent < 2**EXPONENT_BITS:
            return table.power(exponent)
        return powmod(base, exponent, P)

    def powers(self, base: int, exponents: Sequence[int]) -> list[mpz]:
        """Each power of one base: by table where it was prepared, else over one shared chain of squarings."""
        if len(exponents) < 2 or self._table(base) is not None or not _on_chain(exponents):
            return [self.power(base, exponent) for exponent in exponents]
        return shared_powers(base, exponents)[0]

    def powers_and_membership(self, base: int, exponents: Sequence[int]) -> tuple[list[mpz], bool]:
        """Each power (`0 <= exponent < 2^256`) and whether `base` lies in Z_p^r, over one chain of squarings."""
        powers, has_order_q = shared_powers(base, exponents)
        return powers, 0 < base < P and has_order_q

    def secret_powers(self, bases: Sequence[int], exponents: Sequence[int]) -> list[mpz]:
        """bases[i]^exponents[i] in constant time, for guardians' keys and nonces (rule 20).

        ValueError where the lengths differ or an exponent is negative.
        """
        return [_secret_power(base, exponent) for base, exponent in zip(bases, exponents, strict=True)]

    def product(self, elements: Iterable[int]) -> mpz:
        """The product mod p; 1 where there is nothing."""
        modulus = P
        result = mpz(1)
        for element in elements:
            result = result * element % modulus
        return result

    def multi_power(self, bases: Iterable[int], exponents: Iterable[int]) -> mpz:
        """The product of bases[i]^exponents[i] mod p; see `multi_power.multi_power`."""
        return multi_power(bases, exponents)

    def outsiders(self, elements: Sequence[int]) -> list[int]:
        """The positions, ascending, of the elements that are not in Z_p^r.

        Range and Jacobi symbol of every element first: what is left lies in the group of squares, whose quotient
        by Z_p^r has the prime order r' > 2^3839. There an outsider is not 1, so that of the 2^128 - 1 values of
        its random weight at most one lets the product of all weighted elements fall into Z_p^r. (Without the
        Jacobi symbol of every element the order 2 would slip through half of the time.) A failing set is halved
        until the outsiders have names.
        """
        suspects = [i for i, x in enumerate(elements) if 0 < x < P and jacobi(x, P) == 1]
        inside = set(suspects) - set(self._search([(i, elements[i]) for i in suspects]))
        return [i for i in range(len(elements)) if i not in inside]

    def _search(self, suspects: list[tuple[int, int]]) -> list[int]:
        if len(suspects) <= _NAMED_ONE_BY_ONE:
            return [i for i, x in suspects if powmod(x, Q, P) != 1]
        weights = [randomness.random_weight() for _ in suspects]
        if powmod(multi_power((x for _, x in suspects), weights), Q, P) == 1:
            return []
        middle = len(suspects) // 2
        return self._search(suspects[:middle]) + self._search(suspects[middle:])

    def _table(self, base: int) -> FixedBase | None:
        if base == G:
            self.prepare(G)
        return self._tables.get(base)


def _on_chain(exponents: Sequence[int]) -> bool:
    return all(0 <= exponent < 2**EXPONENT_BITS for exponent in exponents)


def _secret_power(base: int, exponent: int) -> mpz:
    if exponent == 0:  # of probability 2^-256 for a secret; powmod_sec refuses it
        return mpz(1)
    if exponent < 0:
        raise ValueError("a secret exponent is never negative")
    return powmod_sec(base, exponent, P)
