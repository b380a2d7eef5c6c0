from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amarvote.electionguard.lagrange import ascending, evaluate, lagrange_weights
from amarvote.electionguard.parameters import Q

q = int(Q)
exponents = st.integers(0, q - 1)


@given(st.lists(exponents, min_size=1, max_size=5), st.integers(0, 20))
def test_values_of_polynomials(coefficients: list[int], x: int) -> None:
    assert evaluate(coefficients, x) == sum(a * x**j for j, a in enumerate(coefficients)) % q


@given(st.lists(exponents, min_size=1, max_size=4), st.sets(st.integers(1, 100), min_size=4, max_size=6))
def test_weights_bring_the_constant_back_from_any_sufficient_set(
    coefficients: list[int], members: set[int]
) -> None:
    weights = lagrange_weights(members)
    assert sum(weights[i] * evaluate(coefficients, i) for i in members) % q == coefficients[0]


def test_one_share_too_few_gives_something_else() -> None:
    polynomial = (7, 8, 9)
    for members in combinations(range(1, 6), 2):
        weights = lagrange_weights(members)
        assert sum(weights[i] * evaluate(polynomial, i) for i in members) % q != 7


def test_a_member_alone_has_weight_one() -> None:
    assert lagrange_weights([4]) == {4: 1}


def test_weights_do_not_depend_on_the_order_of_the_members() -> None:
    assert lagrange_weights([5, 1, 3]) == lagrange_weights([1, 3, 5])


@pytest.mark.parametrize("members", [[], [0, 1], [-1, 2], [2, 2]])
def test_members_that_are_no_set_of_guardians(members: list[int]) -> None:
    with pytest.raises(ValueError, match="distinct indices"):
        ascending(members)
