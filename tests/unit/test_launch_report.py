import json

import pytest

import small_run
from amarvote.device.voters import read_voters
from amarvote.launch.electorate import write_electorate
from amarvote.launch.inputs import Inputs
from amarvote.launch.report import challenged_mismatches, report, side_by_side, total_mismatches
from amarvote.launch.workers_memory import WorkersMemory
from launch_samples import COUNT, count_inputs


@pytest.fixture
def inputs(tmp_path) -> Inputs:
    small_run.write_inputs(tmp_path)
    made = count_inputs(tmp_path, COUNT, tmp_path / "manifest.json", tmp_path / "ballots.jsonl")
    write_electorate(tmp_path, COUNT, made)
    return made


def opened(folder) -> list[dict[str, object]]:
    """What the guardians would open: every option of the style's contests, in the form of /results/challenged."""
    contests = {contest["id"]: contest["choices"] for contest in small_run.CONTESTS}
    styles = {style["id"]: style["contestIds"] for style in small_run.STYLES}
    return [
        {"contests": {c: {o: marks.votes.get(c, {}).get(o, 0) for o in contests[c]} for c in styles[voter.style]}}
        for name in ("device-1", "device-2")
        for voter in read_voters(folder / "devices" / name / "voters.jsonl")
        for marks in voter.challenges
    ]


def test_totals_side_by_side():
    ours, theirs = {"a": {"x": 1, "y": 2}}, {"a": {"x": 1, "y": 3}, "b": {"z": 0}}
    assert side_by_side(ours, theirs) == {"a": {"x": [1, 1], "y": [2, 3]}, "b": {"z": [None, 0]}}
    assert total_mismatches(ours, theirs) == 2
    assert total_mismatches(ours, ours) == 0


def test_challenged_ballots_are_held_against_what_was_marked(tmp_path, inputs):
    shown = opened(tmp_path)
    assert challenged_mismatches(tmp_path, COUNT, inputs.manifest, reversed(shown)) == 0
    assert challenged_mismatches(tmp_path, COUNT, inputs.manifest, shown[1:]) == 1
    altered = json.loads(json.dumps(shown))
    altered[0]["contests"]["mayor"]["ada"] += 1
    assert challenged_mismatches(tmp_path, COUNT, inputs.manifest, altered) == 1


def test_the_object_of_json(tmp_path, inputs):
    progress = {
        "state": "published",
        "ballots": {"accepted": 13, "challenged": 5, "rejected": 0},
        "phases": [{"name": "accept", "state": "done", "chunks": 2, "done": 2, "seconds": 1.5}],
    }
    memory = WorkersMemory()
    memory.note([{"baseline_mb": None, "peak_mb": None}, {"baseline_mb": 60.5, "peak_mb": 80.0}])
    memory.note([{"baseline_mb": 61.0, "peak_mb": 70.0}])
    results = {"totals": small_run.TOTALS, "challenged": 5}
    made = report(tmp_path, inputs, progress, results, 0, memory, 12.34)
    assert made == {
        "ballots": 8,
        "accepted": 8,
        "challenged": 5,
        "rejected": 0,
        "totals": {c: {o: [n, n] for o, n in options.items()} for c, options in small_run.TOTALS.items()},
        "contests": small_run.KINDS,
        "mismatches": 0,
        "verified": True,
        "record": str(tmp_path / "record"),
        "seconds": 12.3,
        "worker_rss_mb": {"baseline": 61.0, "max": 80.0},
        "phases": {"accept": {"chunks": 2, "seconds": 1.5}},
    }
    results["totals"] = {**small_run.TOTALS, "board": {"dia": 4, "eva": 2}}
    assert report(tmp_path, inputs, progress, results, 0, memory, 1)["mismatches"] == 1
    assert report(tmp_path, inputs, progress, results, 2, memory, 1)["mismatches"] == 3
