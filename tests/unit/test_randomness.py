import pytest

from amarvote.electionguard import randomness
from amarvote.electionguard.parameters import Q


def test_values_lie_in_their_ranges_and_do_not_repeat() -> None:
    exponents = [randomness.random_q() for _ in range(50)]
    weights = [randomness.random_weight() for _ in range(50)]
    identifiers = [randomness.random_bytes32() for _ in range(50)]
    assert all(0 <= value < Q for value in exponents)
    assert all(1 <= value < 2**128 for value in weights)
    assert all(len(value) == 32 for value in identifiers)
    for drawn in (exponents, weights, identifiers):
        assert len(set(drawn)) == 50


def test_values_use_the_whole_range() -> None:
    """Of 60 draws one has its top bit set, and one has not, but for a chance of 2^-59."""
    assert {randomness.random_q() >> 255 for _ in range(60)} == {0, 1}
    assert {randomness.random_weight() >> 127 for _ in range(60)} == {0, 1}


def test_a_weight_is_never_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secrets.randbelow", lambda _: 0)
    assert randomness.random_weight() == 1
    monkeypatch.setattr("secrets.randbelow", lambda bound: bound - 1)
    assert randomness.random_weight() == 2**128 - 1
    assert randomness.random_q() == Q - 1
