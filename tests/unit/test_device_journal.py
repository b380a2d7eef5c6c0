import pytest

from amarvote.device.errors import DeviceError
from amarvote.device.journal import Journal, Submission, Unopened

FIRST = Submission(1, b"i" * 32, b"c" * 32, b"the bytes")
SECOND = Submission(2, b"j" * 32, b"d" * 32, b"other bytes")
CHALLENGED = Unopened(2, b"j" * 32, b"d" * 32, b"n" * 32, b"item")


def test_a_new_journal_is_empty(tmp_path):
    assert Journal(tmp_path).last() is None
    assert list(Journal(tmp_path).unopened()) == []


def test_after_a_kill_the_last_ballot_is_there_byte_for_byte(tmp_path):
    Journal(tmp_path).write(FIRST, None)
    assert Journal(tmp_path).last() == FIRST
    Journal(tmp_path).write(SECOND, CHALLENGED)
    assert Journal(tmp_path).last() == SECOND
    assert list(Journal(tmp_path).unopened()) == [CHALLENGED]


def test_a_cast_ballot_leaves_no_nonce(tmp_path):
    Journal(tmp_path).write(FIRST, None)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["last-ballot"]


def test_a_nonce_whose_ballot_never_left_is_forgotten(tmp_path):
    """Killed between the two files: nobody has seen that ballot."""
    journal = Journal(tmp_path)
    journal.write(FIRST, None)
    (tmp_path / "unopened" / "00000002").write_bytes(b"{}")
    assert list(journal.unopened()) == []
    assert not (tmp_path / "unopened" / "00000002").exists()


def test_an_opened_ballot_is_the_voters_and_its_nonce_gone(tmp_path):
    journal = Journal(tmp_path)
    journal.write(SECOND, CHALLENGED)
    journal.opened(CHALLENGED, b"opened")
    assert (tmp_path / "openings" / f"{CHALLENGED.confirmation_code.hex()}.json").read_bytes() == b"opened"
    assert list(journal.unopened()) == []


def test_damage_is_named(tmp_path):
    journal = Journal(tmp_path)
    (tmp_path / "last-ballot").write_bytes(b"short")
    with pytest.raises(DeviceError, match="damaged"):
        journal.last()
    journal.write(SECOND, CHALLENGED)
    (tmp_path / "unopened" / "00000002").write_bytes(b"{")
    with pytest.raises(DeviceError, match="damaged"):
        list(journal.unopened())
