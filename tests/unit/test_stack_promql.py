"""Expressions of Prometheus are taken apart as they are meant."""

import pytest

from stack.promql import read


@pytest.mark.parametrize(
    ("text", "selectors", "groups"),
    [
        ("up", [("up", "up{}", set())], []),
        ('up{job="api", a!~"b|{c}"} == 0', [("up", 'up{job="api",a!~"b|{c}"}', {"job", "a"})], []),
        (
            "sum by (le, x) (rate(a_bucket[10m])) / max(b offset 5m) > 0.5e3",
            [("a_bucket", "a_bucket{}", set()), ("b", "b{}", set())],
            [("le", {"a_bucket"}), ("x", {"a_bucket"})],
        ),
        (
            "sum by (x) (max by (y) (a:b) unless c) or vector(0)",
            [("a:b", "a:b{}", set()), ("c", "c{}", set())],
            [("x", {"a:b", "c"}), ("y", {"a:b"})],
        ),
    ],
)
def test_metrics_matchers_and_groups_are_found(text, selectors, groups):
    found = read(text)
    assert found.selectors == selectors
    assert sorted(found.groups) == sorted(groups)


@pytest.mark.parametrize("text", ["sum(a) by (b)", "sum by (b", "a{"])
def test_what_is_written_in_another_way_is_not_passed_over(text):
    with pytest.raises(ValueError, match="parenthesis"):
        read(text)
