import pytest

from amarvote.guardian.errors import GuardianError, RefusedRun
from amarvote.guardian.roots import PinnedRoots

H_E = b"E" * 32


def test_the_first_root_stands_for_ever(tmp_path):
    PinnedRoots(tmp_path).pin(H_E, b"1" * 32)
    PinnedRoots(tmp_path).pin(H_E, b"1" * 32)
    with pytest.raises(RefusedRun, match="one tally of an election and no second"):
        PinnedRoots(tmp_path).pin(H_E, b"2" * 32)
    PinnedRoots(tmp_path).pin(H_E, b"1" * 32)


def test_another_election_has_its_own(tmp_path):
    PinnedRoots(tmp_path).pin(H_E, b"1" * 32)
    PinnedRoots(tmp_path).pin(b"F" * 32, b"2" * 32)


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_damaged_file_is_not_taken_for_an_empty_one(tmp_path, text):
    (tmp_path / "roots.json").write_text(text)
    with pytest.raises(GuardianError, match="damaged"):
        PinnedRoots(tmp_path).pin(H_E, b"1" * 32)
