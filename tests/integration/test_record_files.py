"""The record in the database: every alteration of its files is found, late writers are refused, readers switch."""

import copy
import os
import signal
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Connection, delete, func, insert, select, update

from amarvote.elections import officer, progress, record_files, results
from amarvote.elections.errors import NotFound
from amarvote.pipeline import record_files as kept
from amarvote.pipeline.computer import Computer
from amarvote.pipeline.computing.asking import WANT
from amarvote.pipeline.messages import Message
from amarvote.record.sections import Phase
from amarvote.record.verifier import verify_record
from amarvote.store.tables import chunk_results, chunks, phases
from amarvote.store.tables import record_files as table
from conformance.remembering import powers_remembered  # noqa: F401 - a fixture
from staging.fixtures import POSTGRESQL, SQLITE
from staging.stage import QUICK, SameProcess, Stage

pytestmark = pytest.mark.usefixtures("powers_remembered")

SMALL_CHUNKS = replace(QUICK, items=4)
"""Several segments for each device."""


@pytest.fixture(scope="module")
def written(tmp_path_factory, plain_guardians, plain_manifest):
    """An election whose record is written, and not verified yet."""
    stage = Stage(
        tmp_path_factory.mktemp("written"), plain_guardians, plain_manifest, devices=2, settings=SMALL_CHUNKS
    )
    stage.prepare()
    for number in range(11):
        stage.vote(1 + number % 2, device=1 + number % 2, challenge=number > 8)
    officer.close_voting(stage.service)
    stage.work()
    stage.answer(stage.run([1, 2]))
    stage.work(until="verifying")
    assert stage.state() == "verifying"
    return stage


@pytest.fixture
def election(written, tmp_path):
    stage = written.moved_to(tmp_path)
    yield stage
    stage.service.close()


def rows(stage, *columns, where=table.c.writing == 1):
    with stage.service.database.read() as connection:
        query = select(*columns).select_from(table).where(where).order_by(table.c.path, table.c.phase)
        return connection.execute(query).all()


def paths(stage):
    return [row.path for row in rows(stage, table.c.path)]


def first(stage, begin):
    return next(path for path in paths(stage) if path.startswith(begin))


def flipped(connection: Connection, path: str) -> None:
    """One bit, near the end, of the last file of this path."""
    rows = connection.execute(select(table).where(table.c.path == path).order_by(table.c.phase)).all()
    changed = bytearray(rows[-1].data)
    changed[-20] ^= 1
    where = (table.c.path == path) & (table.c.phase == rows[-1].phase)
    connection.execute(update(table).where(where).values(data=bytes(changed)))


def shortened(connection: Connection, path: str) -> None:
    connection.execute(
        update(table).where(table.c.path == path).values(data=func.substr(table.c.data, 1, table.c.size - 1))
    )


def removed(connection: Connection, path: str) -> None:
    connection.execute(delete(table).where(table.c.path == path))


def renamed(connection: Connection, path: str) -> None:
    connection.execute(update(table).where(table.c.path == path).values(path="devices/elsewhere.binpb"))


def exchanged(connection: Connection, path: str) -> None:
    """The bytes of the next segment of the same device."""
    other = path.replace("00000000", "00000001")
    data = {
        p: connection.execute(select(table.c.data).where(table.c.path == p)).scalar_one() for p in (path, other)
    }
    for to, of in ((path, other), (other, path)):
        connection.execute(update(table).where(table.c.path == to).values(data=data[of], size=len(data[of])))


def added(connection: Connection, path: str) -> None:
    row = connection.execute(select(table).where(table.c.path == path)).one()
    values = row._asdict() | {"path": path.replace("00000000", "00000009")}
    connection.execute(insert(table).values(**values))


def forged(connection: Connection, path: str) -> None:
    """Another number of votes, in the place where the decrypted tally says it; digest and all."""
    data = connection.execute(select(table.c.data).where(table.c.path == path)).scalar_one()
    changed = data.replace(b"\x12\x02o1\x18\x05", b"\x12\x02o1\x18\x04")
    assert changed != data
    connection.execute(
        update(table).where(table.c.path == path).values(data=changed, sha256=kept.sha256(changed).digest())
    )


DEVICE = "devices/"
ALTERATIONS: list[tuple[Callable[..., None], str, str]] = [
    (flipped, DEVICE, "R.root"),
    (shortened, DEVICE, "R.container"),
    (removed, DEVICE, "R.container"),
    (renamed, DEVICE, "R.container"),
    (exchanged, DEVICE, "R.container"),
    (added, DEVICE, "R.container"),
    (flipped, "aggregated/encrypted_tally", "9."),
    (removed, "aggregated/contest_data_requests", "R.structure"),
    (forged, "final/decrypted_tally", "10."),
    (flipped, "final/challenged_ballot_decryptions", "R.root"),
    (flipped, "toc", "R.root"),
    (removed, "setup/election_keys", "R.structure"),
    (flipped, "setup/manifest.json", "R.container"),
]


@pytest.mark.parametrize(("alter", "begin", "code"), ALTERATIONS)
def test_an_altered_row_keeps_the_results_closed(election, alter, begin, code):
    with election.service.database.write() as connection:
        alter(connection, first(election, begin))
    election.work()
    assert election.state() == "verification_failed"
    codes = {finding["code"] for finding in election.row().report["findings"]}
    assert any(found.startswith(code) for found in codes), codes
    with pytest.raises(NotFound):
        results.results(election.service)
    assert record_files.listing(election.service)["phase"] == "aggregated"


def test_readers_see_the_new_writing_once_it_is_complete_and_verified(election):
    path = first(election, DEVICE)
    original = rows(election, table.c.data, where=table.c.path == path)[0].data
    with election.service.database.write() as connection:
        flipped(connection, path)
    election.work()
    officer.write_record_again(election.service)

    def public() -> bytes:
        file = record_files.public_file(election.service, path)
        return b"".join(record_files.content(election.service, file, 0, file.size))

    while election.state() != "published":
        assert public() != original
        assert record_files.listing(election.service)["phase"] == "aggregated"
        with election.service.database.read() as connection:
            final = kept.complete(connection, election.service.election_id, Phase.FINAL)
        assert final is not None
        assert final.number == (1 if election.state() == "recording" else 2)
        assert election.work(most=1) == 1
    assert public() == original
    assert verify_record(election.download()).passed
    assert results.results(election.service)["totals"] == {"c1": {"o1": 5, "o2": 4}}


def test_a_writing_again_gives_the_same_files(election):
    """But for the tables of contents of the phases before, which only the first writing has."""
    with election.service.database.write() as connection:
        flipped(connection, kept.TOC)
    election.work()
    officer.write_record_again(election.service)
    election.work()
    columns = (table.c.path, table.c.phase, table.c.size, table.c.sha256)
    before = {row for row in rows(election, *columns) if row.path != kept.TOC or row.phase == Phase.FINAL}
    assert set(rows(election, *columns, where=table.c.writing == 2)) == before


def test_the_database_holds_each_file_once_and_no_copy_beside_it(written):
    found = rows(written, table.c.path, table.c.phase, table.c.size, func.length(table.c.data).label("bytes"))
    assert all(row.size == row.bytes for row in found)
    assert [row.phase for row in found if row.path == kept.TOC] == [1, 3, 4]
    assert len({row.path for row in found}) == len(found) - 2
    assert len([row for row in found if row.path.startswith(DEVICE)]) > 2
    with written.service.database.read() as connection:
        copies = connection.execute(
            select(func.count())
            .select_from(chunk_results)
            .join(chunks, chunks.c.id == chunk_results.c.chunk_id)
            .join(phases, phases.c.id == chunks.c.phase_id)
            .where(phases.c.name.in_(("setup", "publish", "record")))
        ).scalar_one()
    assert copies == 0


# ---- what is late, or dies


def late(stage: Stage, kind: str) -> dict[str, int]:
    """The next chunk of this kind is computed twice: who had it first stands still, and answers when it is done.

    How often each of both answered.
    """
    twin = copy.copy(stage)
    twin.computer = SameProcess(stage.service.database)
    answered = {"late": 0, "in time": 0}

    def stand_still(message: Message) -> None:
        if message.kind == kind and not answered["late"]:
            answered["late"] += 1
            with stage.service.database.write() as connection:
                running = connection.execute(select(chunks).where(chunks.c.state == "running")).one()
                connection.execute(update(chunks).where(chunks.c.id == running.id).values(lease_until=0.0))
            while True:
                with stage.service.database.read() as connection:
                    if (
                        connection.execute(select(chunks.c.state).where(chunks.c.id == running.id)).scalar()
                        == "done"
                    ):
                        return
                answered["in time"] += twin.work(most=1)

    stage.computer.before = stand_still
    return answered


@pytest.mark.parametrize(("opened", "kind"), [(SQLITE, "toc"), (POSTGRESQL, "segment")], indirect=["opened"])
def test_a_late_writer_is_refused(opened, kind):
    stage = opened
    for number in range(3):
        stage.vote(1 + number % 2)
    officer.close_voting(stage.service)
    answered = late(stage, kind)
    stage.work()
    assert answered["late"] == 1
    assert answered["in time"] >= 1
    stage.answer(stage.run([1, 2]))
    stage.work()
    assert stage.state() == "published"
    with stage.service.database.read() as connection:
        deaths = connection.execute(select(func.sum(chunks.c.deaths))).scalar_one()
    assert deaths == 1
    found = rows(stage, table.c.path, table.c.phase)
    assert len(found) == len(set(found))
    assert verify_record(stage.download()).passed


class Interrupted(SameProcess):
    """Notes what the child asks for, and fails once when it has."""

    def __init__(self, database, problem: Exception) -> None:
        super().__init__(database)
        self.problem: Exception | None = problem
        self.wanted: list[dict] = []

    def give(self, wanted: Message) -> Message:
        self.wanted.append(wanted.fields)
        if self.problem is not None and len(self.wanted) == 7:
            problem, self.problem = self.problem, None
            raise problem
        return super().give(wanted)


def test_a_piece_that_does_not_come_fails_the_attempt_and_the_next_opens_the_record_anew(election):
    election.computer = Interrupted(election.service.database, OSError("the pipe broke"))
    election.work()
    assert election.state() == "published"
    with election.service.database.read() as connection:
        assert connection.execute(select(func.sum(chunks.c.errors))).scalar_one() == 1
    listings = [fields for fields in election.computer.wanted if fields.get("after") == ""]
    assert len(listings) == 2  # once for each time that it was opened, and not for each task


def test_a_task_asks_for_what_it_needs_in_bounded_pieces(election):
    election.computer = Interrupted(election.service.database, OSError())
    election.computer.problem = None
    election.work()
    wanted = [fields for fields in election.computer.wanted if "path" in fields]
    assert max(fields["size"] for fields in wanted) <= kept.LARGEST_PIECE
    assert {fields["writing"] for fields in election.computer.wanted} == {1}


class Killed(Computer):
    """A real child that dies while it waits for a piece of the record, once."""

    killed = False

    def answer(self, seconds: float) -> Message | None:
        answer = super().answer(seconds)
        if answer is not None and answer.kind == WANT and not self.killed and self.pid is not None:
            self.killed = True
            os.kill(self.pid, signal.SIGKILL)
        return answer


def test_a_child_that_dies_between_question_and_piece_costs_one_attempt(election):
    election.computer = Killed()
    try:
        while election.state() == "verifying":
            election.computer.start()
            assert election.work(most=1) == 1
    finally:
        election.computer.stop()
    assert election.computer.killed
    assert election.state() == "published"
    with election.service.database.read() as connection:
        totals = connection.execute(select(func.sum(chunks.c.deaths), func.sum(chunks.c.errors))).one()
    assert tuple(totals) == (1, 0)
    assert progress.progress(election.service)["failed"] == []


# ---- listing


def test_the_listing_goes_page_by_page_and_says_digests(election):
    election.work()
    whole = record_files.listing(election.service)
    assert (whole["phase"], whole["next"]) == ("final", None)
    found, after = [], ""
    while after is not None:
        page = record_files.listing(election.service, after, 3)
        assert 0 < len(page["files"]) <= 3
        found += page["files"]
        after = page["next"]
    assert found == whole["files"]
    folder = election.download()
    for file in found:
        data = (folder / file["path"]).read_bytes()
        assert (len(data), kept.sha256(data).hexdigest()) == (file["size"], file["sha256"])


@pytest.mark.parametrize("path", ["", "..", "toc", "final/decrypted_tally.binpb", "derived/x", "toc.binpb\0", "%"])
def test_nothing_else_is_public(election, path):
    with pytest.raises(NotFound):
        record_files.public_file(election.service, path)


def test_a_file_that_was_cut_short_breaks_the_download(election):
    path = first(election, DEVICE)
    file = record_files.public_file(election.service, path)
    with election.service.database.write() as connection:
        shortened(connection, path)
    with pytest.raises(NotFound, match="changed in the database"):
        list(record_files.content(election.service, file, 0, file.size))


@pytest.mark.parametrize(("begin", "stop"), [(0, 1), (5, 6), (0, 700), (699, 701), (3, 3)])
def test_any_part_of_a_file(election, monkeypatch, begin, stop):
    monkeypatch.setattr(record_files, "LARGEST_PIECE", 7)
    path = first(election, DEVICE)
    file = record_files.public_file(election.service, path)
    data = rows(election, table.c.data, where=table.c.path == path)[0].data
    pieces = list(record_files.content(election.service, file, begin, stop))
    assert b"".join(pieces) == data[begin:stop]
    assert max(map(len, pieces), default=0) <= 7
