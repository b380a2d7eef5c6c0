import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

import small_run
from amarvote.device.voters import read_voters
from amarvote.launch.electorate import read_roll, write_electorate
from amarvote.launch.errors import UnusableInput, WrongOptions
from amarvote.launch.inputs import (
    Inputs,
    copy_inputs,
    demo_inputs,
    given_inputs,
    prepared_inputs,
    require_unchanged,
)
from amarvote.launch.options import Options
from launch_samples import COUNT, count_inputs

DEMO = Options("demo", 1, 2, 3, 2, (3,), 5, 1, 10, 120, "simple")


@pytest.fixture
def given(tmp_path):
    small_run.write_inputs(tmp_path)
    return tmp_path / "manifest.json", tmp_path / "ballots.jsonl"


def test_somebodys_ballots_are_copied_and_counted(tmp_path, given):
    inputs = count_inputs(tmp_path / "run", COUNT, *given)
    assert (inputs.voters, inputs.smallest_contest) == (8, 5)
    assert [ballot.ballot_id for ballot in inputs.ballots()] == [f"b{n}" for n in range(1, 9)]
    for path in given:
        path.unlink()
    assert prepared_inputs(tmp_path / "run", COUNT) == inputs


def test_csv_as_well(tmp_path, given):
    small_run.write_csv(tmp_path / "ballots.CSV")
    inputs = count_inputs(tmp_path / "run", COUNT, given[0], tmp_path / "ballots.CSV")
    assert inputs.voters == 8
    assert prepared_inputs(tmp_path / "run", COUNT) == inputs


def test_small_groups_are_refused_with_a_sentence(tmp_path, given):
    with pytest.raises(WrongOptions, match=r"--minimum-group 5\.$") as caught:
        count_inputs(tmp_path / "run", replace(COUNT, minimum_group=10), *given)
    assert "\n  contest 1, Mayor: 8 ballots\n  contest 2, Board: 5 ballots\n" in str(caught.value)
    with pytest.raises(WrongOptions, match="--minimum-group 5") as caught:
        given_inputs(replace(COUNT, minimum_group=6), *given)
    assert "Mayor" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_a_file_that_changes_meanwhile_is_not_counted(tmp_path, given):
    checked = given_inputs(COUNT, *given)
    lines = given[1].read_text().splitlines(keepends=True)
    given[1].write_text("".join(lines[:-1]))
    with pytest.raises(UnusableInput, match="was changed while it was read"):
        copy_inputs(tmp_path / "run", checked)


def test_a_run_is_resumed_with_its_own_files_only(given):
    digests = given_inputs(COUNT, *given).digests
    require_unchanged(digests, *given)
    require_unchanged(digests, None, None)
    given[1].write_text(given[1].read_text() + "\n")
    require_unchanged(digests, given[0], None)
    with pytest.raises(WrongOptions, match=r"ballots\.jsonl is not the file .* without --ballots"):
        require_unchanged(digests, *given)
    given[0].write_text(given[0].read_text() + "\n")
    with pytest.raises(WrongOptions, match=r"manifest\.json is not the file"):
        require_unchanged(digests, *given)


def test_every_fault_with_its_line(tmp_path, given):
    lines = given[1].read_text().splitlines()
    lines[1] = '{"ballot_id": "b2", "style": "city", "votes": {}}'
    lines[4] = "{"
    lines[6] = json.dumps({"ballot_id": "b1", "style": "country", "votes": {"board": {"dia": 1}}})
    given[1].write_text("\n".join(lines))
    with pytest.raises(UnusableInput) as caught:
        count_inputs(tmp_path / "run", COUNT, *given)
    assert all(f"line {number}:" in str(caught.value) for number in (2, 5, 7))


def test_a_write_in_that_does_not_fit_is_a_fault(tmp_path, given):
    ballot = {"ballot_id": "long", "style": "town", "votes": {}, "write_ins": {"board": "x" * 200}}
    given[1].write_text(json.dumps(ballot) + "\n")
    with pytest.raises(UnusableInput, match="line 1"):
        count_inputs(tmp_path / "run", COUNT, *given)


@pytest.mark.parametrize("which", [0, 1])
def test_a_fault_names_the_file_that_was_given(tmp_path, given, which):
    mine = tmp_path / f"mine{given[which].suffix}"
    given[which].rename(mine)
    mine.write_text("{")
    names = [*given]
    names[which] = mine
    with pytest.raises(UnusableInput, match=f"^{mine} cannot be used"):
        count_inputs(tmp_path / "run", COUNT, *names)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("which", [0, 1])
def test_what_never_ends_is_not_read(tmp_path, given, which):
    os.mkfifo(tmp_path / "pipe.jsonl")
    for path in (Path("/dev/zero"), tmp_path / "pipe.jsonl", tmp_path):
        names = [*given]
        names[which] = path
        with pytest.raises(UnusableInput, match=f"^{path} is not a regular file"):
            count_inputs(tmp_path / "run", COUNT, *names)


def test_a_manifest_that_is_too_large_is_not_copied(tmp_path, given):
    with given[0].open("ab") as file:
        file.truncate((16 << 20) + 1)
    with pytest.raises(UnusableInput, match="larger than 16 MiB"):
        count_inputs(tmp_path / "run", COUNT, *given)
    assert not (tmp_path / "run" / "inputs" / "manifest.json").exists()


@pytest.mark.parametrize("missing", [0, 1])
def test_what_is_not_there_is_named(tmp_path, given, missing):
    given[missing].unlink()
    with pytest.raises(UnusableInput, match=given[missing].name):
        count_inputs(tmp_path / "run", COUNT, *given)


def test_a_manifest_that_is_none(tmp_path, given):
    given[0].write_text("{}")
    with pytest.raises(UnusableInput, match="manifest"):
        count_inputs(tmp_path / "run", COUNT, *given)


def test_chaining_is_the_manifests_to_say(tmp_path, given):
    count_inputs(tmp_path / "run", replace(COUNT, chaining="none"), *given)
    with pytest.raises(WrongOptions, match="contradicts the manifest"):
        count_inputs(tmp_path / "run2", replace(COUNT, chaining="simple"), *given)


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Inputs:
    return demo_inputs(tmp_path_factory.mktemp("demo"), DEMO)


def test_the_demo_votes_with_real_cards(demo):
    assert demo.voters == 120
    assert demo.manifest.chaining_mode == 1
    assert demo.smallest_contest >= 10
    ids = [ballot.ballot_id for ballot in demo.ballots()]
    assert len(set(ids)) == 120
    assert sum("/" in ballot_id for ballot_id in ids) == 25


def test_a_seed_repeats_the_voters(demo, tmp_path):
    again = demo_inputs(tmp_path, DEMO)
    assert again.ballots_path.read_bytes() == demo.ballots_path.read_bytes()
    other = demo_inputs(tmp_path / "other", replace(DEMO, seed=2))
    assert other.ballots_path.read_bytes() != demo.ballots_path.read_bytes()


def test_everyone_gets_a_token_and_a_device(tmp_path, given):
    inputs = count_inputs(tmp_path / "run", COUNT, *given)
    write_electorate(tmp_path / "run", COUNT, inputs)
    voters = [
        list(read_voters(tmp_path / "run" / "devices" / name / "voters.jsonl"))
        for name in ("device-1", "device-2")
    ]
    assert [len(some) for some in voters] == [4, 4]
    everybody = [voter for some in voters for voter in some]
    assert len({voter.token for voter in everybody}) == 8
    assert sum(len(voter.challenges) for voter in everybody) == 5
    assert all(voter.weight == 1 for voter in everybody)
    assert [voter.style for voter in voters[0]] == ["town", "town", "country", "country"]
    roll = list(read_roll(tmp_path / "run"))
    assert len(roll) == 8
    assert not any(voter.token.hex() in json.dumps(roll) for voter in everybody)
    private = [tmp_path / "run" / "officer" / "roll.jsonl", *(tmp_path / "run" / "devices").rglob("voters.jsonl")]
    assert all(path.stat().st_mode & 0o077 == 0 for path in private)


def test_a_seed_never_draws_a_token(tmp_path, given):
    tokens = set()
    for number in range(2):
        folder = tmp_path / str(number)
        write_electorate(folder, COUNT, count_inputs(folder, COUNT, *given))
        tokens |= {voter.token for voter in read_voters(folder / "devices" / "device-1" / "voters.jsonl")}
    assert len(tokens) == 8
