import ast
import json
from pathlib import Path

import pytest

import amarvote
from amarvote import plaintext
from amarvote.electionguard.manifest import manifest_bytes

CONTESTS = [
    {"id": "chair", "choices": ["ada", "bea"]},
    {"id": "board", "choices": ["cy", "dee", "eve"], "selectionLimit": 3, "optionSelectionLimit": 2},
]
BALLOTS = [
    {"chair": {"ada": 1}, "board": {"cy": 2, "dee": 1}},
    {"chair": {"ada": 1, "bea": 1}, "board": {"cy": 2, "dee": 2}},
    {"chair": {"bea": 1}, "board": {"eve": 3}},
    {"chair": {"ada": 1, "bea": 0}},
    {},
]
COUNTED = {"chair": {"ada": 2, "bea": 1}, "board": {"cy": 2, "dee": 1, "eve": 0}}
KINDS = {
    "chair": {"ballots": 5, "blank": 1, "overvoted": 1},
    "board": {"ballots": 5, "blank": 2, "overvoted": 2},
}


@pytest.fixture
def manifest(tmp_path):
    path = tmp_path / "manifest.json"
    path.write_bytes(manifest_bytes("club", CONTESTS, [{"id": "s", "contestIds": ["chair", "board"]}]))
    return path


def test_json_lines_are_counted_and_overvotes_count_for_nobody(tmp_path, manifest):
    path = tmp_path / "ballots.jsonl"
    lines = (json.dumps({"ballot_id": str(n), "style": "s", "votes": votes}) for n, votes in enumerate(BALLOTS))
    path.write_text("\n".join(lines))
    assert plaintext.count(manifest, path) == COUNTED
    assert plaintext.kinds(manifest, path) == KINDS


def test_a_ballot_without_a_contest_is_not_blank_there(tmp_path, manifest):
    styles = [{"id": "s", "contestIds": ["chair", "board"]}, {"id": "t", "contestIds": ["board"]}]
    manifest.write_bytes(manifest_bytes("club", CONTESTS, styles))
    path = tmp_path / "ballots.csv"
    path.write_text("ballot_id,style,contest,option,value\n1,s,chair,ada,0\n1,s,board,cy,1\n2,t,,,\n")
    assert plaintext.kinds(manifest, path) == {
        "chair": {"ballots": 1, "blank": 1, "overvoted": 0},
        "board": {"ballots": 2, "blank": 1, "overvoted": 0},
    }


def test_csv_is_counted_the_same(tmp_path, manifest):
    rows = ["ballot_id,style,contest,option,value"]
    for number, votes in enumerate(BALLOTS):
        marks = [(contest, option, n) for contest, options in votes.items() for option, n in options.items()]
        rows += [f"{number},s,{contest},{option},{n}" for contest, option, n in marks] or [f"{number},s,,,"]
    path = tmp_path / "ballots.csv"
    path.write_text("\ufeff" + "\r\n".join(rows) + "\r\n", encoding="utf-8")
    assert plaintext.count(manifest, path) == COUNTED
    assert plaintext.kinds(manifest, path) == KINDS


def test_it_shares_nothing_with_the_rest_of_the_program():
    source = Path(plaintext.__file__).read_text(encoding="utf-8")
    imported = {
        name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or "."] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names])
    }
    assert {"csv", "json"} <= imported
    assert not {name for name in imported if name.split(".")[0] in {amarvote.__name__, ""}}
