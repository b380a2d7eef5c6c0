"""The guardian's own copy of a record that a service serves file by file."""

import json
import shutil
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from amarvote.electionguard.ballots import BallotStatus
from amarvote.guardian import sealing, verified_record, verifying
from amarvote.guardian.agent import Agent
from amarvote.guardian.errors import GuardianError
from amarvote.guardian.key_files import KeyFiles
from amarvote.guardian.sealing import Stretching
from amarvote.guardian.telling import Log
from amarvote.guardian.verifying import OwnCopy, RecordRefused
from amarvote.participants.service import Answer, AnswerError, Service, Unanswered
from amarvote.record.reader import Record, open_record
from amarvote.record.sections import Phase
from amarvote.record.verifier import verify_record
from conformance import elections
from guardian_samples import ceremony


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
    copy = OwnCopy(home, h_e, Log())
    return copy.root(service), copy.opened(service)


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


def test_what_changed_on_disk_after_it_was_verified_is_not_opened(tmp_path, published, h_e):
    """Another tally of the same election, in whole files: opened beside the first, it would tell votes."""
    verified(tmp_path, h_e, Shelf(published))
    election = elections.chained()
    tally = election.tally[0]
    tally.fields = tally.fields[512:1024] + tally.fields[:512] + tally.fields[1024:]
    other = election.write(tmp_path / "other")
    for name in ("record/aggregated/encrypted_tally.binpb", "record"):
        target = tmp_path / name
        shutil.rmtree(target) if target.is_dir() else target.write_bytes(
            (other / "aggregated" / "encrypted_tally.binpb").read_bytes()
        )
        with pytest.raises(RecordRefused, match="not any more"):
            verified(tmp_path, h_e, Shelf(published))
        again = Shelf(published)
        assert verified(tmp_path, h_e, again)[1].tally
        assert again.fetched


class Waiting(Shelf):
    """A service that has counted and waits for guardians; it notes who checks in."""

    afar = False

    def __init__(self, root: Path, h_e: bytes) -> None:
        super().__init__(root)
        self.h_e = h_e
        self.here: list[int] = []
        self.asked: list[str] = []
        self.looks = 5

    def get(self, path: str, after: str = "") -> Answer:
        shown = {
            "": {"state": "waiting_for_guardians", "h_e": b64encode(self.h_e).decode()},
            "/run": {"run": None, "checked_in": self.here, "set_aside": {}},
        }
        return Answer(200, json.dumps(shown[path]).encode()) if path in shown else super().get(path, after)

    def post(self, path: str) -> Answer:
        self.asked.append(path)
        self.here = [1]
        return Answer(204, b"")

    def wait(self, seconds: float) -> None:
        self.looks -= 1
        if self.looks < 0:
            raise Stop
        if self.looks == 1:
            self.here = []  # the service was restored from a backup of before


class Stop(BaseException):
    pass


def test_an_agent_that_waits_does_not_read_its_copy_again(tmp_path, published, h_e, monkeypatch):
    monkeypatch.setattr(sealing, "Stretching", lambda **cost: Stretching(19456, 1, 1))
    KeyFiles(tmp_path, b"the passphrase of a guardian").keep_key(ceremony(3, 2).shares[1], h_e, b"G" * 32)
    opened: list[Path] = []

    def opening(folder: Path) -> Record:
        opened.append(folder)
        return open_record(folder)

    for module in (verifying, verified_record):
        monkeypatch.setattr(module, "open_record", opening)
    service = Waiting(published, h_e)
    for times in (1, 1):  # the second agent goes on where the first was ended: it has the note of the root
        service.looks = 5
        with pytest.raises(Stop):
            Agent(service, 1, tmp_path, b"the passphrase of a guardian", Log()).work()  # type: ignore[arg-type]
        assert len(opened) == times
    assert len(service.asked) == 3


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
