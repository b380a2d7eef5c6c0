from bench.measuring import Timing, interleaved
from bench.section import BEGIN, END, Target, table, write_section


def test_the_section_is_written_into_a_new_file_and_replaced_without_touching_the_rest(tmp_path):
    path = tmp_path / "numbers.md"
    write_section(path, "first")
    assert path.read_text() == f"# Numbers\n\n{BEGIN}\n\nfirst\n\n{END}\n"
    path.write_text(
        "# Numbers\n\nby others\n\n" + path.read_text().removeprefix("# Numbers\n\n") + "\nmore by others\n"
    )
    write_section(path, "second\n")
    write_section(path, "third\n")
    assert path.read_text() == (f"# Numbers\n\nby others\n\n{BEGIN}\n\nthird\n\n{END}\n\nmore by others\n")


def test_a_target_is_reached_at_its_bound_and_missed_beyond_it():
    assert [Target("x", value, 9, "times", at_least=True).reached for value in (8.99, 9, 10)] == [
        False,
        True,
        True,
    ]
    assert [Target("x", value, 60, "s").reached for value in (59, 60, 60.1)] == [True, True, False]
    assert Target("x", float("nan"), 60, "s").reached is False
    assert Target("x", 70, 60, "s").row() == ["x", "70.00 s", "≤ 60 s", "**missed**"]


def test_ratios_are_taken_repeat_by_repeat():
    assert Timing((1.0, 2.0, 4.0)).times_faster_than(Timing((10.0, 30.0, 40.0))) == 10.0
    assert Timing((3.0, 1.0, 2.0)).milliseconds == 2.0


def test_measures_take_turns_and_the_first_turn_does_not_count():
    turns = []
    taken = interleaved({name: lambda name=name: turns.append(name) or len(turns) for name in "ab"}, repeats=2)
    assert turns == ["a", "b"] * 3
    assert taken == {"a": Timing((3, 5)), "b": Timing((4, 6))}


def test_a_table_is_markdown():
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
