import gc
import threading

import pytest
from gmpy2 import get_context, invert, mpz, powmod
from hypothesis import given, settings
from hypothesis import strategies as st

from amarvote.electionguard.engine import Engine
from amarvote.electionguard.multi_power import multi_power
from amarvote.electionguard.parameters import G, P, Q
from amarvote.electionguard.shared_base import shared_powers

FEW = settings(max_examples=15, deadline=None)
EDGES = [0, 1, 2, 31, 32, 2**128, int(Q) - 1, int(Q), int(Q) + 1, 2**256 - 1]
TWO = mpz(2)
"""A square mod p (p = 7 mod 8) and not of order q: an outsider that only the exponent q sees."""


def member(exponent: int) -> mpz:
    return powmod(G, exponent, P)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(window_bits=5)


@pytest.mark.parametrize("window_bits", [1, 5, 7])
def test_tables_of_any_width_give_exact_powers(window_bits: int) -> None:
    engine = Engine(window_bits)
    base = member(77)
    engine.prepare(base)
    for exponent in EDGES:
        assert engine.power(base, exponent) == powmod(base, exponent, P)
    assert engine.powers(base, EDGES) == [powmod(base, e, P) for e in EDGES]


@pytest.mark.parametrize("window_bits", [0, 17, -1])
def test_absurd_tables_are_refused(window_bits: int) -> None:
    with pytest.raises(ValueError, match="not offered"):
        Engine(window_bits)


@given(st.integers(0, 2**256 - 1))
@FEW
def test_power_of_g_is_by_table_and_right(exponent: int) -> None:
    assert Engine(3).power(G, exponent) == powmod(G, exponent, P)


def test_powers_outside_a_table_are_exact_too(engine: Engine) -> None:
    """A prepared base need not have order q, so nothing may be reduced mod q."""
    engine.prepare(TWO)
    for exponent in (-1, -5, 2**256, 2**300 + 17, int(Q) + 3):
        assert engine.power(TWO, exponent) == powmod(TWO, exponent, P)
        assert engine.powers(TWO, [exponent, 3]) == [powmod(TWO, exponent, P), 8]
        assert engine.powers(mpz(3), [exponent, 3]) == [powmod(3, exponent, P), 27]


@given(st.integers(-5, int(P) + 5), st.lists(st.integers(0, 2**256 - 1), max_size=4))
@FEW
def test_powers_of_one_base(base: int, exponents: list[int]) -> None:
    assert Engine(1).powers(mpz(base), exponents) == [powmod(base, e, P) for e in exponents]
    powers, inside = Engine(1).powers_and_membership(mpz(base), exponents)
    assert powers == [powmod(base, e, P) for e in exponents]
    assert inside == (0 < base < P and powmod(base, Q, P) == 1)


def test_powers_at_the_edges_of_the_chain(engine: Engine) -> None:
    base = member(9)
    assert engine.powers_and_membership(base, EDGES) == ([powmod(base, e, P) for e in EDGES], True)
    assert not shared_powers(0, [])[1]
    for exponent in (-1, 2**256):
        with pytest.raises(ValueError, match="shared chain"):
            shared_powers(base, [exponent])


OUTSIDERS = {
    "zero": mpz(0),
    "p": P,
    "a negative number": mpz(-4),
    "a member plus p": member(5) + P,
    "minus one": P - 1,
    "a negated member": P - member(5),
    "a square outside": TWO,
    "a member times a square outside": member(5) * TWO % P,
    "a non-square outside": P - TWO,
    "far above p": P * P,
}


@pytest.mark.parametrize("name", OUTSIDERS)
def test_membership_refuses(engine: Engine, name: str) -> None:
    outsider = OUTSIDERS[name]
    assert not engine.powers_and_membership(outsider, [])[1]
    assert engine.outsiders([outsider]) == [0]
    inside = [member(i) for i in range(9)]
    assert engine.outsiders([*inside, outsider, *inside]) == [9]


def test_membership_accepts_members(engine: Engine) -> None:
    """1 is a member too."""
    assert engine.outsiders([]) == []
    assert engine.outsiders([mpz(1), G, member(12345)]) == []
    assert engine.outsiders([member(i) for i in range(20)]) == []
    assert engine.powers_and_membership(mpz(1), [])[1]


def test_outsiders_that_cancel_each_other_are_both_named(engine: Engine) -> None:
    """Products alone would be fooled: (-x)(-y) = xy, and 2 * 2^-1 = 1."""
    elements = [member(i) for i in range(12)]
    elements[2], elements[7] = P - elements[2], P - elements[7]
    elements[4], elements[5] = elements[4] * TWO % P, elements[5] * invert(TWO, P) % P
    for _ in range(5):
        assert engine.outsiders(elements) == [2, 4, 5, 7]


def test_weights_are_fresh(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """With constant weights the pair 2, 1/2 passes: the test can tell, and the weights are what stops it."""
    elements = [member(i) for i in range(12)]
    elements[4], elements[5] = elements[4] * TWO % P, elements[5] * invert(TWO, P) % P
    monkeypatch.setattr("amarvote.electionguard.randomness.random_weight", lambda: 1)
    assert engine.outsiders(elements) == []


@given(st.lists(st.tuples(st.integers(1, 2**64), st.integers(-(2**70), 2**140)), max_size=12))
@settings(max_examples=40, deadline=None)
def test_multi_power_is_the_product_of_powers(pairs: list[tuple[int, int]]) -> None:
    expected = mpz(1)
    for base, exponent in pairs:
        expected = expected * powmod(base, exponent, P) % P
    assert multi_power([mpz(b) for b, _ in pairs], [e for _, e in pairs]) == expected


def test_multi_power_of_a_chunk(engine: Engine) -> None:
    """As many as in a chunk, of mixed lengths, equal exponents and powers of two among them."""
    exponents = [(i * 0x9E3779B97F4A7C15F39CC0605CEDC835) % 2 ** (384 if i % 3 else 128) for i in range(300)]
    exponents += [2**200, 2**200, 2**383, 1, 0, 0, 5, 5, 5]
    logarithms = [i * i + 1 for i in range(len(exponents))]
    expected = member(sum(x * e for x, e in zip(logarithms, exponents, strict=True)) % Q)
    assert engine.multi_power([member(x) for x in logarithms], exponents) == expected


def test_multi_power_refuses_what_does_not_match() -> None:
    with pytest.raises(ValueError, match="zip"):
        multi_power([G], [1, 2])
    with pytest.raises(ZeroDivisionError):
        multi_power([mpz(0)], [-1])
    assert multi_power([mpz(0), G], [3, 1]) == 0
    assert multi_power([mpz(0), G], [0, 1]) == G
    assert multi_power([], []) == 1


def test_secret_powers_are_pairwise(engine: Engine) -> None:
    bases, exponents = [member(3), member(4), G], [int(Q) - 1, 0, 1]
    assert engine.secret_powers(bases, exponents) == [
        powmod(b, e, P) for b, e in zip(bases, exponents, strict=True)
    ]
    with pytest.raises(ValueError, match="never negative"):
        engine.secret_powers([G], [-1])
    with pytest.raises(ValueError, match="zip"):
        engine.secret_powers([G], [1, 2])


def test_product(engine: Engine) -> None:
    assert engine.product([]) == 1
    assert engine.product([member(1), member(2), member(3)]) == member(6)


def test_the_lock_of_the_interpreter_is_given_up() -> None:
    """In whichever thread the engine was made."""
    seen: list[bool] = []

    def make() -> None:
        Engine(1)
        seen.append(get_context().allow_release_gil)

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    assert seen == [True]


def test_the_stated_memory_is_the_memory() -> None:
    """4.4 MiB a base at 8 bits, as the docstring says."""
    engine = Engine(8)
    engine.prepare(G)
    table = engine._tables[G]
    gc.collect()
    size = sum(entry.__sizeof__() for row in table._rows for entry in row)
    assert 4.2 < size / 2**20 < 4.5
