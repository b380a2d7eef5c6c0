import os
import stat
import subprocess
import sys

import pytest

from amarvote.participants.files import HomeError, alone_in, erase, private_folder, read_bounded, write_durably


def test_a_file_is_replaced_whole_and_private(tmp_path):
    path = tmp_path / "state"
    write_durably(path, b"one")
    write_durably(path, b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["state"]


def test_a_write_that_was_cut_off_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "state"
    write_durably(path, b"one")

    def cut(descriptor):
        raise OSError("power")

    monkeypatch.setattr(os, "fsync", cut)
    with pytest.raises(OSError, match="power"):
        write_durably(path, b"two")
    assert path.read_bytes() == b"one"


def test_a_planted_link_is_not_followed(tmp_path):
    (tmp_path / ".state.new").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        write_durably(tmp_path / "state", b"secret")
    assert not (tmp_path / "elsewhere").exists()


def test_what_is_erased_is_zeroed_before_it_goes(tmp_path):
    path, witness = tmp_path / "secret", tmp_path / "witness"
    write_durably(path, b"nonce")
    os.link(path, witness)
    erase(path)
    assert not path.exists()
    assert witness.read_bytes() == bytes(5)
    erase(path)  # again: nothing to do


def test_reading_is_bounded(tmp_path):
    (tmp_path / "big").write_bytes(bytes(11))
    assert read_bounded(tmp_path / "big", 11) == bytes(11)
    with pytest.raises(HomeError, match="larger"):
        read_bounded(tmp_path / "big", 10)
    with pytest.raises(HomeError, match="cannot be read"):
        read_bounded(tmp_path / "missing", 10)


def test_a_second_process_waits_for_the_home(tmp_path):
    home = private_folder(tmp_path / "home")
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    program = (
        "import sys, pathlib; from amarvote.participants.files import alone_in\n"
        "with alone_in(pathlib.Path(sys.argv[1])): print('entered')"
    )
    with alone_in(home):
        child = subprocess.Popen([sys.executable, "-c", program, str(home)], stdout=subprocess.PIPE)
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.7)
    assert child.communicate(timeout=10)[0] == b"entered\n"
