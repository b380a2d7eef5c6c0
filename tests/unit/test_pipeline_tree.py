from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from amarvote.pipeline.tree import _groups


def below(sizes):
    return [SimpleNamespace(first=at, last=at + 1, bytes=size) for at, size in enumerate(sizes)]


@given(st.lists(st.integers(1, 100), max_size=300), st.integers(2, 50), st.integers(1, 500))
def test_groups_cover_everything_once_and_shrink_the_tree(sizes, items, most):
    groups = list(_groups(below(sizes), items, most))
    edges = [0, *(last for _, last in groups)]
    assert [first for first, _ in groups] == edges[:-1]
    assert edges[-1] == len(sizes)
    counts = [last - first for first, last in groups]
    assert all(count <= items for count in counts)
    # every group but the last joins at least two, so that the next level is smaller
    assert all(count >= 2 for count in counts[:-1])
    for first, last in groups:
        assert last - first <= 2 or sum(sizes[first:last]) <= most


def test_nothing_below_is_one_empty_group():
    assert list(_groups([], 50, 1)) == [(0, 0)]
