"""The guardian's own copy of a record that a service serves file by file."""

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from amarvote.electionguard.ballots import BallotStatus
from amarvote.guardian import verifying
from amarvote.guardian.errors import GuardianError
from amarvote.guardian.telling import Log
from amarvote.guardian.verifying import OwnCopy, RecordRefused
from amarvote.participants.service import Answer, AnswerError, Service, Unanswered
from amarvote.record.sections import Phase
from amarvote.record.verifier import verify_record
from conformance import elections


class Shelf:
    """Stands where `Service` stands, and serves the files of a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.fetched: list[str] = []
        self.alter: Callable[[list[dict[str, Any]]], object] = lambda files: files
        self.cut: set[str] = set()

    def get(self, path: str, after: str) -> Answer:
        files = [
            {
                "path": file.relative_to(self.root).as_posix(),
                "size": file.stat().st_size,
                "sha256": sha256(file.read_bytes()).hexdigest(),
            }
            for file in sorted(self.root.rglob("*"))
            if file.is_file()
        ]
        return Answer(200, json.dumps({"phase": "final", "files": self.alter(files), "next": None}).encode())

    def download(self, path: str, size: int, tag: str, have: int = 0) -> Iterator[bytes]:
        name = path.removeprefix("/record/")
        data = (self.root / name).read_bytes()[have:]
        self.fetched.append(name)
        if name in self.cut:
            self.cut.remove(name)
            yield data[:10]
            raise Unanswered("killed")
        yield data

    def wait(self, seconds: float) -> None: ...


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> Path:
    return elections.chained().write(tmp_path_factory.mktemp("record"))


@pytest.fixture(scope="module")
def h_e() -> bytes:
    return bytes(elections.chained().keys.h_e)


def verified(home: Path, h_e: bytes, shelf: Shelf):
    service: Service = shelf  # type: ignore[assignment]
    return OwnCopy(home, h_e, Log()).verified(service)


def test_verifies_and_reads_what_there_is_to_open(tmp_path, published, h_e):
    shelf = Shelf(published)
    root, record = verified(tmp_path, h_e, shelf)
    assert root == verify_record(published, Phase.AGGREGATED).roots[Phase.AGGREGATED]
    assert record.context.h_e == h_e
    assert [(one.contest, one.option) for one in record.tally] == sorted(
        (one.contest, one.option) for one in record.tally
    )
    opened = [ballot.ballot for ballot in record.challenged]
    assert opened
    assert all(ballot.status is BallotStatus.CHALLENGED for ballot in opened)
    assert [one.locator for one in record.challenged] == sorted(one.locator for one in record.challenged)
    assert not [name for name in shelf.fetched if name.startswith(("final/", "toc", "signatures/"))]


def test_a_second_time_nothing_is_fetched(tmp_path, published, h_e):
    first = verified(tmp_path, h_e, Shelf(published))
    again = Shelf(published)
    assert verified(tmp_path, h_e, again)[0] == first[0]
    assert again.fetched == []


def test_a_connection_that_breaks_is_taken_up_again(tmp_path, published, h_e):
    shelf = Shelf(published)
    shelf.cut = {"setup/manifest.binpb", "aggregated/encrypted_tally.binpb"}
    verified(tmp_path, h_e, shelf)
    assert shelf.fetched.count("setup/manifest.binpb") == 2
    assert not list(tmp_path.rglob("*.part"))


def test_killed_while_verifying_it_goes_on_with_the_next_chunk(tmp_path, published, h_e, monkeypatch):
    done: list[int] = []
    run_task = verifying.run_task

    def dying(record, task):
        if task.ordinal == 2 and 2 not in done:
            done.append(2)
            raise KeyboardInterrupt
        done.append(task.ordinal)
        return run_task(record, task)

    monkeypatch.setattr(verifying, "run_task", dying)
    with pytest.raises(KeyboardInterrupt):
        verified(tmp_path, h_e, Shelf(published))
    again = Shelf(published)
    verified(tmp_path, h_e, again)
    assert again.fetched == []
    assert done[:4] == [0, 1, 2, 2]
    assert sorted(set(done)) == list(range(len(set(done))))
    assert len(done) == len(set(done)) + 1


def test_a_record_with_a_wrong_tally_is_refused_and_forgotten(tmp_path, h_e):
    election = elections.chained()
    tally = election.tally[0]
    tally.fields = tally.fields[512:1024] + tally.fields[:512] + tally.fields[1024:]
    shelf = Shelf(election.write(tmp_path / "published"))
    with pytest.raises(RecordRefused, match=r"9\.A"):
        verified(tmp_path, h_e, shelf)
    assert not (tmp_path / "record").exists()
    assert not (tmp_path / "verified.json").exists()


def test_a_record_of_another_election_is_refused(tmp_path, published):
    with pytest.raises(GuardianError, match="opens nothing of other elections"):
        verified(tmp_path, b"\0" * 32, Shelf(published))


def test_a_note_of_another_election_does_not_count(tmp_path, published, h_e):
    (tmp_path / "verified.json").write_text(json.dumps({"h_e": "00" * 32, "root": "11" * 32}))
    shelf = Shelf(published)
    assert verified(tmp_path, h_e, shelf)[0] != b"\x11" * 32
    assert shelf.fetched


def test_paths_outside_the_layout_are_left_where_they_are(tmp_path, published, h_e):
    shelf = Shelf(published)
    shelf.alter = lambda files: [
        *files,
        *({"path": path, "size": 1, "sha256": "00" * 32} for path in ("../../escaped", "/etc/passwd")),
    ]
    verified(tmp_path, h_e, shelf)
    assert "../../escaped" not in shelf.fetched


@pytest.mark.parametrize("listing", [None, [{}], [{"path": "toc.binpb", "size": "many"}], {"a": 1}])
def test_a_listing_that_is_none(tmp_path, published, h_e, listing):
    shelf = Shelf(published)
    shelf.alter = lambda files: listing
    with pytest.raises(AnswerError):
        verified(tmp_path, h_e, shelf)


def test_more_than_fits_the_disk_is_not_begun(tmp_path, published, h_e):
    shelf = Shelf(published)
    shelf.alter = lambda files: [{**file, "size": 2**60} for file in files]
    with pytest.raises(GuardianError, match="Make room"):
        verified(tmp_path, h_e, shelf)
    assert not shelf.fetched
