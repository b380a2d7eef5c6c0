"""The example to copy from is read, counted, and explained to its last member."""

import json
import re
from pathlib import Path

import pytest

from amarvote import plaintext
from amarvote.electionguard.manifest import parse_manifest
from amarvote.inputs.ballot_files import CSV_COLUMNS, read_ballots
from amarvote.launch.options import MINIMUM_GROUP

SMALL = Path(__file__).parents[2] / "examples" / "small"
README = (SMALL / "README.md").read_text(encoding="utf-8")
MANIFEST = parse_manifest((SMALL / "manifest.json").read_bytes())
TOTALS = {"chair": {"ada": 5, "ben": 4, "other": 1}, "board": {"cem": 5, "dia": 5, "eva": 4}}


def test_both_files_hold_the_same_ballots_but_for_the_write_in():
    lines = list(read_ballots(SMALL / "ballots.jsonl", MANIFEST))
    rows = list(read_ballots(SMALL / "ballots.csv", MANIFEST))
    assert [(b.ballot_id, b.style, b.votes) for b in lines] == [(b.ballot_id, b.style, b.votes) for b in rows]
    assert [dict(b.write_ins) for b in lines if b.write_ins] == [{"chair": "Grace Hopper"}]
    assert "board" not in lines[3].votes
    assert lines[5].votes == {}
    assert sum(lines[4].votes["chair"].values()) == 2


@pytest.mark.parametrize("name", ["ballots.jsonl", "ballots.csv"])
def test_both_files_give_the_same_count(name):
    assert plaintext.count(SMALL / "manifest.json", SMALL / name) == TOTALS


def test_every_contest_is_on_enough_ballots_to_be_counted_without_further_options():
    styles = [MANIFEST.style(ballot.style) for ballot in read_ballots(SMALL / "ballots.jsonl", MANIFEST)]
    for contest in MANIFEST.contests:
        assert sum(contest.index in style.contest_indices for style in styles) >= MINIMUM_GROUP


def test_the_readme_explains_every_member_and_column():
    def members(value):
        if isinstance(value, dict):
            return set(value).union(*map(members, value.values()))
        return set().union(*map(members, value)) if isinstance(value, list) else set()

    ballot_members = {"ballot_id", "style", "votes", "write_ins"}
    wanted = members(json.loads(MANIFEST.raw)) | ballot_members
    assert {name for name in wanted if f"`{name}`" not in README} == set()
    assert f"`{','.join(CSV_COLUMNS)}`" in README


def test_the_readmes_line_and_totals_are_those_of_the_files():
    line = next(line for line in README.splitlines() if line.startswith('{"ballot_id"'))
    assert line in (SMALL / "ballots.jsonl").read_text(encoding="utf-8").splitlines()
    told = README[README.index("The totals are: ") :]
    assert [int(number) for number in re.findall(r"\d+", told)] == [
        number for options in TOTALS.values() for number in options.values()
    ]
