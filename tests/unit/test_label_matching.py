from amarvote.electionguard.label_matching import Mismatches, compare

EXPECTED = [(1, "a"), (2, "b"), (3, "c")]


def test_nothing_to_say_about_the_same_list() -> None:
    assert compare(EXPECTED, EXPECTED) == Mismatches((), (), ())


def test_a_wrong_label_counts_as_present_by_its_index() -> None:
    assert compare([(1, "a"), (2, "x"), (3, "c")], EXPECTED) == Mismatches((1,), (), ())


def test_a_wrong_index_counts_as_present_by_its_label() -> None:
    assert compare([(1, "a"), (7, "b"), (3, "c")], EXPECTED) == Mismatches((), (1,), ())


def test_swapped_labels_are_misplaced() -> None:
    found = compare([(1, "b"), (2, "a"), (3, "c")], EXPECTED)
    assert found == Mismatches((), (0, 1), ())


def test_an_entry_that_is_nowhere() -> None:
    assert compare([(1, "a"), (3, "c")], EXPECTED) == Mismatches((), (), ((2, "b"),))


def test_an_entry_twice() -> None:
    assert compare([*EXPECTED, (3, "c")], EXPECTED) == Mismatches((), (3,), ())


def test_an_entry_too_many() -> None:
    assert compare([*EXPECTED, (4, "d")], EXPECTED) == Mismatches((3,), (), ())


def test_an_empty_list() -> None:
    assert compare([], EXPECTED).absent == tuple(EXPECTED)
