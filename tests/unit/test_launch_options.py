from dataclasses import replace

import pytest

from amarvote.launch.errors import WrongOptions
from amarvote.launch.options import Options, check, check_challenged, default_absent, default_quorum, read_absent

FINE = Options("demo", 2, 2, 5, 3, (4, 5), 5, 1, 10, 95, "none")


def test_the_defaults_go_together():
    check(FINE)
    assert FINE.present == (1, 2, 3)
    assert default_absent(5, 3) == (4, 5)


@pytest.mark.parametrize(
    ("n", "k", "absent"), [(1, 1, ()), (2, 2, ()), (3, 3, ()), (4, 3, (4,)), (7, 3, (4, 5, 6, 7))]
)
def test_quorum_and_absent_follow_the_number_of_guardians(n, k, absent):
    assert default_quorum(n) == k
    assert default_absent(n, k) == absent
    check(replace(FINE, guardians=n, quorum=k, absent=absent))


@pytest.mark.parametrize(("n", "k"), [(1, 1), (3, 2), (3, 3), (9, 5)])
def test_by_default_everyone_beyond_the_quorum_is_absent(n, k):
    options = replace(FINE, guardians=n, quorum=k, absent=default_absent(n, k))
    check(options)
    assert len(options.present) == k


@pytest.mark.parametrize(
    ("text", "absent"), [("4,5", (4, 5)), (" 5 , 4", (4, 5)), ("none", ()), ("", ()), ("1", (1,))]
)
def test_absent_guardians_are_read(text, absent):
    assert read_absent(text) == absent


@pytest.mark.parametrize("text", ["4,,5", "x", "4,4", "-1", "4;5", "1.5", "٣"])
def test_what_names_no_guardians(text):
    with pytest.raises(WrongOptions, match="--absent"):
        read_absent(text)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"quorum": 6}, "--quorum must lie within 1 and 5, not 6 \\(of 5 guardians\\)"),
        ({"quorum": 0}, "--quorum"),
        ({"guardians": 0}, "--guardians"),
        ({"workers": 0}, "--workers"),
        ({"devices": -1}, "--devices"),
        ({"ballots": 0}, "--ballots"),
        ({"challenged": -1}, "--challenged"),
        ({"minimum_group": 0}, "--minimum-group"),
        ({"absent": (6,)}, "guardian 6, but --guardians is 5"),
        ({"absent": (0,)}, "guardian 0"),
        ({"absent": (3, 4, 5)}, "Without guardians 3, 4, 5 there are 2, but the quorum is 3"),
        ({"guardians": 1, "quorum": 1, "absent": (1,)}, "Without guardian 1 there are 0"),
        ({"guardians": 1, "quorum": 2, "absent": ()}, "not 2 \\(of 1 guardian\\)"),
        ({"chaining": "double"}, "--chaining is none or simple"),
    ],
)
def test_what_does_not_go_together(change, words):
    with pytest.raises(WrongOptions, match=words):
        check(replace(FINE, **change))


def test_voters_challenge_ten_times_at_most():
    check_challenged(replace(FINE, challenged=20), 2)
    with pytest.raises(WrongOptions, match="too many for 2 voters"):
        check_challenged(replace(FINE, challenged=21), 2)
    with pytest.raises(WrongOptions, match="too many for 1 voter:"):
        check_challenged(replace(FINE, challenged=11), 1)
