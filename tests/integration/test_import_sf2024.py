"""The San Francisco cards: what their README says of them is what the import finds, and the command around it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from amarvote import plaintext
from amarvote.electionguard.manifest import parse_manifest
from amarvote.inputs.ballot_files import read_ballots
from amarvote.inputs.dominion import import_dominion
from dominion_exports import SAN_FRANCISCO, imported

AMARVOTE = Path(sys.executable).with_name("amarvote")


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """One command line."""
    return subprocess.run(
        [AMARVOTE, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    directory = tmp_path_factory.mktemp("import")
    import_dominion(SAN_FRANCISCO, directory)
    return directory


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """The import of the same export as if no session had been modified."""
    directory = tmp_path_factory.mktemp("originals")
    shutil.copytree(SAN_FRANCISCO, directory / "export")
    path = directory / "export" / "CvrExport_15.json"
    export = json.loads(path.read_bytes())
    for session in export["Sessions"]:
        session.pop("Modified", None)
    path.write_text(json.dumps(export), encoding="utf-8")
    import_dominion(directory / "export", directory / "out")
    return directory / "out"


def test_the_facts_of_the_readme(out):
    manifest, ballots, report = imported(out)
    assert report["sessions"] == report["cards"] == len(ballots) == 95
    assert report["contests_listed"] == 53
    assert report["contests_occurring"] == 46
    assert sum(contest["ranked"] for contest in report["contests"]) == 10
    assert len(report["styles"]) == len(manifest["ballotStyles"]) == 14
    assert report["contest_instances"] == 931
    assert report["blank"] == 142
    assert report["modified"] == 5
    assert report["overvotes"] == 0
    assert sum(contest["not_votes"] for contest in report["contests"]) == 0
    assert [contest["id"] for contest in manifest["contests"] if contest["selectionLimit"] == 4] == ["14", "15"]
    assert "AHSHA SAFAÍ" in [choice["name"] for choice in _contest(manifest, "18")["choices"]]


def test_six_contests_are_on_fewer_than_ten_cards(out):
    manifest, ballots, report = imported(out)
    left_out = {contest["id"] for contest in report["contests"] if not contest["kept"]}
    assert left_out == {"7", "23", "24", "25", "26", "28"}
    assert len(report["left_out"]) == 6
    assert len(manifest["contests"]) == 40
    assert not any(left_out & ballot["votes"].keys() for ballot in ballots)
    assert all(contest["cards"] <= 4 for contest in report["contests"] if not contest["kept"])


def test_ranked_contests_are_taken_as_first_choices_and_say_so(out):
    manifest, _, _ = imported(out)
    named = {contest["id"] for contest in manifest["contests"] if contest["name"].endswith(" (first choices)")}
    assert named == {"18", "19", "20", "21", "22"}


def test_cards_have_20_to_43_options_of_156(out):
    lists = json.loads((SAN_FRANCISCO / "CandidateManifest.json").read_bytes())["List"]
    _, _, report = imported(out)
    occurring = {contest["id"] for contest in report["contests"]}
    per_contest = {contest_id: sum(str(c["ContestId"]) == contest_id for c in lists) for contest_id in occurring}
    assert sum(per_contest.values()) == 156
    sizes = [
        sum(per_contest[contest] for contest in (*style["contests"], *style["left_out"]))
        for style in report["styles"]
    ]
    assert (min(sizes), max(sizes)) == (20, 43)


def test_the_originals_differ_in_contests_18_and_45_only_and_have_two_overvotes(out, originals):
    current = plaintext.count(out / "manifest.json", out / "ballots.jsonl")
    original = plaintext.count(originals / "manifest.json", originals / "ballots.jsonl")
    assert {contest for contest in current if current[contest] != original[contest]} == {"18", "45"}
    _, _, report = imported(originals)
    assert report["office_overvotes"] == 2
    assert [c["id"] for c in report["contests"] if c["office_overvotes"]] == ["18", "45"]
    # Three rank-1 votes for mayor are an overvote by count. Of the other one the scanner has set both marks to
    # IsVote false already: no mark counts, so the card is blank there.
    assert [(entry["contest"], entry["votes"]) for entry in report["overvoted"]] == [("18", ["62", "55", "57"])]
    assert report["contests"][[c["id"] for c in report["contests"]].index("45")]["not_votes"] == 2


def test_every_ballot_is_accepted_by_the_strict_reader_and_counted_as_the_export_says(out):
    manifest = parse_manifest((out / "manifest.json").read_bytes())
    ballots = list(read_ballots(out / "ballots.jsonl", manifest))
    assert len({ballot.ballot_id for ballot in ballots}) == 95
    counted = plaintext.count(out / "manifest.json", out / "ballots.jsonl")
    expected = {contest: dict.fromkeys(options, 0) for contest, options in counted.items()}
    for session in json.loads((SAN_FRANCISCO / "CvrExport_15.json").read_bytes())["Sessions"]:
        current = next(
            session[name] for name in ("Modified", "Original") if session.get(name, {}).get("IsCurrent")
        )
        for contest in current["Cards"][0]["Contests"]:
            if str(contest["Id"]) in expected:
                for mark in contest["Marks"]:
                    expected[str(contest["Id"])][str(mark["CandidateId"])] += mark["Rank"] == 1
    assert counted == expected


def test_the_command_writes_three_files_and_refuses_to_replace_them(tmp_path):
    first = run("import", "dominion", SAN_FRANCISCO, "--out", tmp_path / "made", "--json")
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout) == imported(tmp_path / "made")[2]
    again = run("import", "dominion", SAN_FRANCISCO, "--out", tmp_path / "made")
    assert again.returncode == 64
    assert "finished import" in again.stderr


def test_the_command_tells_what_it_left_out(tmp_path):
    told = run("import", "dominion", SAN_FRANCISCO, "--out", tmp_path / "made").stdout
    assert "95 ballots of 14 styles, 40 contests." in told
    assert "UNITED STATES REPRESENTATIVE, DISTRICT 15 (contest 7), on 4 cards" in told


def test_styles_that_look_alike_have_different_names_and_are_explained(out, tmp_path):
    manifest, _, report = imported(out)
    names = {style["id"]: style["name"] for style in manifest["ballotStyles"]}
    assert names["style-7"] == "Card 7: contests 18 to 22 (5)"
    assert len(set(names.values())) == 14
    (alike,) = report["alike"]
    assert alike.startswith("style-7, style-8 (without contest 23), style-9 (without contest 24), style-10")
    assert "contests on fewer than 10 cards are left out" in alike
    assert alike in run("import", "dominion", SAN_FRANCISCO, "--out", tmp_path / "made").stdout


def test_the_folder_is_made_but_not_the_folders_around_it(tmp_path):
    result = run("import", "dominion", SAN_FRANCISCO, "--out", tmp_path / "parent" / "made")
    assert result.returncode == 64
    assert f"{tmp_path / 'parent'} is not a folder" in result.stderr
    (tmp_path / "file").write_text("a file")
    result = run("import", "dominion", SAN_FRANCISCO, "--out", tmp_path / "file")
    assert result.returncode == 64
    assert "cannot be written" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_import_that_did_not_finish_is_made_anew(tmp_path):
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "ballots.jsonl").write_text("half a file")
    assert run("import", "dominion", SAN_FRANCISCO, "--out", tmp_path / "made").returncode == 0
    assert len(imported(tmp_path / "made")[1]) == 95


def test_a_damaged_export_ends_with_code_2_and_a_sentence(tmp_path):
    shutil.copytree(SAN_FRANCISCO, tmp_path / "export")
    (tmp_path / "export" / "CvrExport_15.json").write_text('{"Sessions": [')
    result = run("import", "dominion", tmp_path / "export", "--out", tmp_path / "made")
    assert result.returncode == 2
    assert result.stderr.startswith("amarvote: CvrExport_15.json: not JSON")
    assert "Traceback" not in result.stderr
    assert run("import", "dominion", tmp_path / "none", "--out", tmp_path / "made").returncode == 2


def _contest(manifest, contest_id):
    return next(contest for contest in manifest["contests"] if contest["id"] == contest_id)
