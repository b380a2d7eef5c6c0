import io

import pytest
from rich.console import Console

from amarvote.cli.tables import Mismatch, mismatches, results
from amarvote.electionguard.manifest import manifest_bytes, parse_manifest

MANIFEST = parse_manifest(
    manifest_bytes(
        "town",
        [
            {
                "id": "mayor",
                "name": "MAYOR (first choices)",
                "choices": [
                    {"id": "a", "name": "ADA"},
                    {"id": "b", "name": "BEA " + "WITH A VERY LONG NAME " * 3},
                    {"id": "c", "name": "CY"},
                ],
            },
            {"id": "measure", "name": "MEASURE K", "choices": ["yes", "no"]},
            {"id": "empty", "name": "NOBODY VOTED", "choices": ["x"]},
        ],
        [{"id": "s", "contestIds": ["mayor", "measure", "empty"]}],
    )
)
TOTALS = {"mayor": {"a": 3, "b": 1, "c": 0}, "measure": {"yes": 10, "no": 30}, "empty": {"x": 0}}
KINDS = {
    "mayor": {"ballots": 6, "blank": 1, "overvoted": 1},
    "measure": {"ballots": 1, "blank": 1, "overvoted": 0},
    "empty": {"ballots": 0, "blank": 0, "overvoted": 0},
}


def shown(plaintext=None, encoding="utf-8", kinds=None):
    """The results on 80 columns without colour."""
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    Console(file=file, width=80).print(results(MANIFEST, TOTALS, plaintext, kinds))
    file.flush()
    return [line.rstrip() for line in raw.getvalue().decode(encoding).splitlines()]


def test_every_contest_is_shown_in_order_with_totals_bars_shares_and_the_plaintext():
    lines = shown(TOTALS)
    assert max(map(len, lines)) <= 80
    assert [line for line in lines if line in {"MAYOR (first choices)", "MEASURE K", "NOBODY VOTED"}] == [
        "MAYOR (first choices)",
        "MEASURE K",
        "NOBODY VOTED",
    ]
    ada = next(line for line in lines if line.startswith("ADA"))
    assert ada.split() == ["ADA", "3", "█" * 12, "75.0%", "3"]
    assert next(line for line in lines if line.startswith("no")).split() == ["no", "30", "█" * 12, "75.0%", "30"]
    assert next(line for line in lines if line.startswith("CY")).split() == ["CY", "0", "0.0%", "0"]
    assert next(line for line in lines if line.startswith("x")).split() == ["x", "0", "-", "0"]
    assert lines[-1] == "Every total equals the plaintext count."


def test_a_long_name_is_folded_and_not_cut():
    words = " ".join(shown(TOTALS)).split()
    assert words.count("LONG") == 3


def test_without_a_plaintext_count_there_is_no_such_column():
    assert not [line for line in shown() if "plaintext" in line]


def test_a_mismatch_is_marked_without_colour_too():
    plaintext = {"mayor": {"a": 3, "b": 2, "c": 0}, "measure": {"yes": 10, "no": 30}}
    lines = shown(plaintext)
    assert [line.split()[-2:] for line in lines if "!!" in line][:2] == [["!!", "2"], ["!!", "none"]]
    assert "2 totals differ from the plaintext count" in " ".join(lines[-3:])


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_where_the_output_takes_no_blocks_the_bar_is_made_of_plain_characters(encoding):
    assert next(line for line in shown(TOTALS, encoding) if line.startswith("ADA")).split()[2] == "#" * 12


def test_mismatches_are_what_differs_and_what_only_one_side_has():
    assert mismatches(TOTALS, TOTALS) == []
    assert mismatches({"m": {"a": 1, "b": 2}}, {"m": {"a": 1, "b": 3}, "n": {"c": 0}}) == [
        Mismatch("m", "b", 2, 3),
        Mismatch("n", "c", None, 0),
    ]


def test_blanks_and_overvotes_stand_beneath_their_contest():
    lines = shown(TOTALS, kinds=KINDS)
    place = next(number for number, line in enumerate(lines) if line.startswith("CY"))
    assert lines[place + 1] == "6 ballots: 1 blank, 1 overvoted"
    assert "1 ballot: 1 blank, 0 overvoted" in lines
    assert sum(line == "on no ballot" for line in lines) == 1
