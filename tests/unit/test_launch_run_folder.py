import json
import stat
from pathlib import Path

import pytest

from amarvote.launch.errors import WrongOptions
from amarvote.launch.options import Options
from amarvote.launch.run_folder import existing_folder, free_folder, holds_run, new_folder, read_progress, resolved

OPTIONS = Options("demo", 2, 2, 5, 3, (4, 5), 5, 1, 10, 95, "none")


@pytest.fixture
def path(tmp_path):
    with new_folder(tmp_path / "run", OPTIONS):
        pass
    return tmp_path / "run"


def test_a_run_is_found_again_with_its_options(path):
    assert holds_run(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    with existing_folder(path) as folder:
        assert folder.options == OPTIONS
        assert not folder.reached("prepared")
        folder.reach("prepared")
        folder.worked(3.5)
    assert read_progress(path).seconds == 3.5
    assert read_progress(path).digests == {}
    with existing_folder(path) as folder:
        assert folder.reached("prepared")
        assert not folder.reached("created")


def test_a_finished_run_is_not_resumed(path):
    with existing_folder(path) as folder:
        folder.reach("finished")
    with pytest.raises(WrongOptions, match="finished"), existing_folder(path):
        pass


def test_only_one_launcher_works_in_a_folder(path):
    with existing_folder(path), pytest.raises(WrongOptions, match="Another launcher"), existing_folder(path):
        pass
    with existing_folder(path):
        pass


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("dear")
    with pytest.raises(WrongOptions, match="something else"), new_folder(tmp_path / "letters", OPTIONS):
        pass


def test_a_folder_is_made_but_not_the_folders_around_it(tmp_path):
    with pytest.raises(WrongOptions, match=r"parent is missing"), new_folder(tmp_path / "parent" / "run", OPTIONS):
        pass
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "parent").write_text("a file")
    for place in (tmp_path / "parent", tmp_path / "parent" / "run"):
        with pytest.raises(WrongOptions, match="cannot be"), new_folder(place, OPTIONS):
            pass


def test_killed_before_anything_was_noted_it_begins_again(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "lock").write_text("")
    with new_folder(tmp_path / "run", OPTIONS):
        pass


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": "other"}'])
def test_a_note_of_another_version_is_refused(path, text):
    (path / "run.json").write_text(text)
    with pytest.raises(WrongOptions, match="not of this version"):
        read_progress(path)


def test_an_unknown_stage_is_refused(path):
    content = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(json.dumps({**content, "stage": "dreaming"}))
    with pytest.raises(WrongOptions):
        read_progress(path)


def test_a_free_name(tmp_path):
    assert free_folder(tmp_path, "demo").name == "amarvote-demo-1"
    (tmp_path / "amarvote-demo-1").mkdir()
    assert free_folder(tmp_path, "demo").name == "amarvote-demo-2"


def test_the_digests_of_what_was_given_are_kept(tmp_path):
    with new_folder(tmp_path / "run", OPTIONS, {"ballots": "ab" * 32}) as folder:
        folder.worked(1.0)
    assert read_progress(tmp_path / "run").digests == {"ballots": "ab" * 32}


def test_places_that_cannot_hold_a_run_are_refused_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    for place in (tmp_path / "file", Path("/proc/x"), tmp_path / "loop", tmp_path / ("x" * 300)):
        with pytest.raises(WrongOptions, match="cannot be"), new_folder(place, OPTIONS):
            pass
    with pytest.raises(WrongOptions, match="cannot be"):
        holds_run(tmp_path / ("x" * 300))
    with pytest.raises(WrongOptions, match="leads to itself"):
        resolved(tmp_path / "loop")


def test_a_note_that_is_no_file_is_refused(path):
    (path / "run.json").write_bytes(b" " * ((1 << 20) + 1))
    with pytest.raises(WrongOptions, match="larger than"):
        read_progress(path)
