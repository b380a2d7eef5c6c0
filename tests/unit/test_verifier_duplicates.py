"""Identifiers on disk: each repetition is told once, with both places, and nothing stays behind."""

import tempfile
from pathlib import Path

import pytest

from amarvote.record.verifier.duplicates import IdentifierIndex
from amarvote.record.verifier.entries import place_bytes
from record_samples import open_files


def packed(*ballots: tuple[bytes, int]) -> bytes:
    return b"".join(sorted(id_b + place_bytes(1, position) for id_b, position in ballots))


def test_repetitions_are_found_within_and_across_chunks() -> None:
    one, other, third = b"1" * 32, b"2" * 32, b"3" * 32

    with IdentifierIndex() as index:
        assert list(index.add(packed((one, 1), (other, 2)))) == []
        found = list(index.add(packed((third, 3), (third, 4), (one, 5))))
        again = list(index.add(packed((one, 6))))

    assert found == [
        (place_bytes(1, 1), place_bytes(1, 5), one),
        (place_bytes(1, 3), place_bytes(1, 4), third),
    ]
    assert again == [(place_bytes(1, 1), place_bytes(1, 6), one)]


def test_its_file_is_on_disk_and_has_no_name_to_leave_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    with IdentifierIndex() as index:
        many = packed(*((number.to_bytes(32, "big"), number) for number in range(1000)))
        assert list(index.add(many)) == []
        assert not list(tmp_path.iterdir())
        assert len(open_files(tmp_path)) == 1
        assert len(list(index.add(many))) == 1000

    assert not open_files(tmp_path)
