import pytest
from gmpy2 import mpz, powmod
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amarvote.electionguard import discrete_log
from amarvote.electionguard.discrete_log import DiscreteLog, NoTotalFound
from amarvote.electionguard.parameters import G, P, Q

K = powmod(G, 31337, P)
LOGARITHMS = DiscreteLog(K)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 20_000))
def test_every_total_up_to_the_greatest(total: int) -> None:
    assert LOGARITHMS.find(powmod(K, total, P), 20_000) == total


@pytest.mark.parametrize("greatest", [0, 1, 2, 3, 99, 100])
def test_the_greatest_total_is_found_and_the_next_is_not(greatest: int) -> None:
    fresh = DiscreteLog(K)
    assert fresh.find(powmod(K, greatest, P), greatest) == greatest
    with pytest.raises(NoTotalFound, match=f"0 to {greatest}"):
        fresh.find(powmod(K, greatest + 1, P), greatest)


def test_a_bound_stays_a_bound_when_the_table_has_grown_past_it() -> None:
    fresh = DiscreteLog(K)
    assert fresh.find(powmod(K, 9_000, P), 10_000) == 9_000
    with pytest.raises(NoTotalFound):
        fresh.find(powmod(K, 6, P), 5)


def test_a_large_total_of_weights_times_r() -> None:
    assert DiscreteLog(K).find(powmod(K, 1_048_574, P), 2**20) == 1_048_574


def test_the_table_never_outgrows_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discrete_log, "MAX_BABY_STEPS", 16)
    fresh = DiscreteLog(K)
    assert fresh.find(powmod(K, 1_000, P), 1_000) == 1_000
    assert len(fresh._table) == 16


def test_zero_needs_no_table() -> None:
    fresh = DiscreteLog(K)
    assert fresh.find(mpz(1), 2**62) == 0
    assert len(fresh._table) == 0


@pytest.mark.parametrize("element", [mpz(0), P - 1, powmod(K, -1, P), powmod(K, Q - 1, P), P - powmod(K, 3, P)])
def test_what_is_no_power_is_not_found(element: mpz) -> None:
    with pytest.raises(NoTotalFound):
        LOGARITHMS.find(element, 1_000)


def test_a_key_that_two_elements_share_is_no_match(monkeypatch: pytest.MonkeyPatch) -> None:
    """Table keys are shortened elements: what they find is checked in full."""
    monkeypatch.setattr(discrete_log, "_KEY_MASK", 1)
    with pytest.raises(NoTotalFound):
        DiscreteLog(K).find(powmod(K, -1, P), 100)


def test_a_base_of_order_one() -> None:
    """All guardians' secrets adding up to zero gives K = 1: nothing can be counted, and nothing hangs."""
    fresh = DiscreteLog(mpz(1))
    assert fresh.find(mpz(1), 100) == 0
    with pytest.raises(NoTotalFound):
        fresh.find(G, 100)
