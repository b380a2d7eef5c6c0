import os
from pathlib import Path

import pytest

from amarvote.inputs.errors import InputError
from amarvote.inputs.given_files import copy_given, open_given


def test_a_regular_file_is_copied_and_links_are_followed(tmp_path):
    (tmp_path / "mine").write_bytes(b"votes")
    (tmp_path / "link").symlink_to("mine")
    copy_given(tmp_path / "link", tmp_path / "copy", 5)
    assert (tmp_path / "copy").read_bytes() == b"votes"


def test_what_is_no_regular_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(InputError, match=f"^{path} is not a regular file"):
            copy_given(path, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_what_is_too_large_is_refused_unread(tmp_path):
    with (tmp_path / "huge").open("wb") as file:
        file.truncate((16 << 20) + 1)
    with pytest.raises(InputError, match="huge is larger than 16 MiB"):
        open_given(tmp_path / "huge", 16 << 20)


@pytest.mark.parametrize(("name", "words"), [("none", "none is missing"), ("x" * 300, "cannot be read: File")])
def test_what_cannot_be_opened_is_told_by_its_name(tmp_path, name, words):
    with pytest.raises(InputError, match=words):
        open_given(tmp_path / name)


def test_a_copy_that_finds_no_room_is_told():
    source = Path(__file__)
    with pytest.raises(InputError, match=r"cannot be copied to /dev/full: No space left"):
        copy_given(source, Path("/dev/full"))
