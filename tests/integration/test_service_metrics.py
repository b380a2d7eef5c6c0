"""What the database says of the service as a whole, on both databases: figures against the rows they are of."""

import threading
import time
from dataclasses import replace

import pytest
from sqlalchemy import func, insert, select, update

from amarvote.elections import officer
from amarvote.observability import looking
from amarvote.observability.looking import Look
from amarvote.observability.service import _OTHER_BALLOTS, Service, look
from amarvote.pipeline import chunks as life
from amarvote.pipeline.settings import DEFAULTS
from amarvote.store.clock import now
from amarvote.store.database import Database, DatabaseError
from amarvote.store.tables import ballots, chunks, elections, phases, workers
from servers.processes import free_port
from staging.fixtures import BOTH
from staging.people import Vote
from staging.rows import add_election, fresh_database, worker_beats


def standing(database, **settings):
    with database.read() as connection:
        return look(connection, replace(DEFAULTS, **settings))


@pytest.mark.parametrize("opened", BOTH, indirect=True)
def test_ballots_are_counted_by_state_before_and_after_the_close(opened):
    database = opened.service.database

    def counted():
        by_state = select(ballots.c.state, func.count().label("number")).group_by(ballots.c.state)
        with database.read() as connection:
            there = {row.state: row.number for row in connection.execute(by_state)}
        return {name: number for name, number in standing(database).ballots.items() if number} == there

    opened.vote(1)
    opened.vote(2, challenge=True)
    bad = opened.make(1)
    opened.submit(Vote(bad.token, bad.ballot, replace_first_commitment(bad.commitments), bad.secret))
    assert counted()
    opened.work()
    opened.vote(1)
    found = standing(database)
    assert (found.ballots["accepted"], found.ballots["rejected"], found.ballots["submitted"]) == (2, 1, 1)
    assert found.elections == {"open": 1}
    assert counted()
    officer.close_voting(opened.service)
    opened.work()
    assert counted()
    assert standing(database).bytes > 100_000


def replace_first_commitment(commitments):
    """Another element than the proof was made with."""
    first = commitments.contests[0]
    selections = (replace_pair(first.selections[0]), *first.selections[1:])
    return replace(commitments, contests=(replace(first, selections=selections), *commitments.contests[1:]))


def replace_pair(proof):
    return (proof[1], proof[0], *proof[2:])


def age(database, what, **times):
    """Let these times of some chunks lie so many seconds back."""
    with database.write() as connection:
        values = {name: now() - seconds for name, seconds in times.items() if name != "state"}
        connection.execute(update(chunks).where(what).values(**values))


def test_chunks_of_the_phases_under_way(both):
    add_election(both, "one", "accept", [(0, 1), (1, 2), (2, 3)])
    add_election(both, "two", "publish", [(0, 1)])
    add_election(both, "over", "combine", [(0, 1)])
    with both.write() as connection:
        connection.execute(update(phases).where(phases.c.name == "combine").values(state="done"))
        connection.execute(update(chunks).where(chunks.c.ordinal == 1).values(state=life.HALVED))
        connection.execute(update(chunks).where(chunks.c.ordinal == 2).values(state=life.FAILED))
    assert standing(both).chunks == {
        ("accept", "ready"): 1, ("accept", "failed"): 1, ("publish", "ready"): 1,
        **{("accept", state): 0 for state in ("handed", "running", "done")},
        **{("publish", state): 0 for state in ("handed", "running", "done", "failed")},
    }  # fmt: skip


def test_since_when_a_phase_with_work_stands_still(both):
    add_election(both, "one", "accept", [(0, 1), (1, 2)])
    with both.write() as connection:
        connection.execute(update(phases).values(started_at=now() - 500))
    first, second = chunks.c.ordinal == 0, chunks.c.ordinal == 1
    age(both, chunks.c.id > 0, due_at=300)
    assert standing(both).idle == {"accept": pytest.approx(300, abs=5)}  # before that there was no work
    with both.write() as connection:
        connection.execute(update(chunks).where(first).values(state=life.DONE))
    age(both, first, claimed_at=90, finished_at=60)
    assert standing(both).idle == {"accept": pytest.approx(60, abs=5)}
    with both.write() as connection:
        connection.execute(update(chunks).where(second).values(state=life.FAILED))
    assert standing(both).idle == {}  # what failed waits for the officer, and is another alert's
    with both.write() as connection:
        connection.execute(update(chunks).where(second).values(state=life.RUNNING))
    age(both, second, claimed_at=40)
    assert standing(both).idle == {"accept": pytest.approx(40, abs=5)}
    with both.write() as connection:
        connection.execute(update(elections).values(paused=True))
    assert standing(both).idle == {}


def test_how_long_the_oldest_chunk_has_waited_for_a_worker(both):
    add_election(both, "one", "accept", [(0, 1), (1, 2)])
    first, second = chunks.c.ordinal == 0, chunks.c.ordinal == 1
    with both.write() as connection:
        connection.execute(update(phases).values(started_at=now() - 500))
    age(both, chunks.c.id > 0, due_at=300)
    assert standing(both).oldest_due == pytest.approx(300, abs=5)
    with both.write() as connection:
        connection.execute(update(chunks).where(first).values(state=life.HANDED))
    age(both, first, handed_at=100)
    assert standing(both).oldest_due == pytest.approx(100, abs=5)
    with both.write() as connection:
        connection.execute(update(chunks).where(first).values(state=life.RUNNING))
    assert standing(both).oldest_due == 0  # the other one waits its turn
    with both.write() as connection:
        connection.execute(update(chunks).where(first).values(state=life.DONE))
    age(both, first, claimed_at=30, finished_at=20)
    assert standing(both).oldest_due == pytest.approx(20, abs=5)
    age(both, second, due_at=-60)  # after a pause
    assert standing(both).oldest_due == 0
    age(both, second, due_at=300)
    with both.write() as connection:
        connection.execute(update(elections).values(paused=True))
    assert standing(both).oldest_due == 0


def test_workers_that_live(both):
    worker_beats(both, ["a", "b"])
    with both.write() as connection:
        late = {"pid": 1, "step": "idle", "chunks_done": 0}
        connection.execute(insert(workers).values(name="lost", beat_at=now() - 60, **late))
        connection.execute(insert(workers).values(name="ended", beat_at=now(), **{**late, "step": "ended"}))
    assert standing(both).workers == 2
    assert standing(both, lost_worker_seconds=100.0).workers == 3


@pytest.mark.parametrize("stage", BOTH, indirect=True)
def test_guardians_that_are_awaited(stage):
    """Three guardians, of whom two open the totals."""
    database = stage.service.database

    def awaited():
        found = standing(database)
        assert (found.awaited_for > 0) == (found.awaited > 0)
        return found.awaited

    assert awaited() == 3
    stage.hold_ceremony(but={("key", 2), ("share", 1), ("share", 2), ("share", 3)} | CONFIRM)
    assert awaited() == 1  # key
    stage.put_ceremony("key", 2, 0, stage.guardians.messages["key"][2, 0])
    sent = stage.guardians.messages["share"]
    for (sender, recipient), payload in sent.items():
        if sender != 3:
            stage.put_ceremony("share", sender, recipient, payload)
    stage.put_ceremony("share", 3, 1, sent[3, 1])
    assert awaited() == 1  # of two shares that guardian 3 owes, one is there
    stage.put_ceremony("share", 3, 2, sent[3, 2])
    assert awaited() == 3  # confirmations
    officer.pause(stage.service)
    assert awaited() == 0
    officer.resume(stage.service)
    for guardian in (1, 2, 3):
        stage.put_ceremony("confirm", guardian, 0, stage.guardians.messages["confirm"][guardian, 0])
    assert awaited() == 0
    stage.work()
    stage.enrol(20)
    officer.open_voting(stage.service)
    for number in range(12):
        stage.vote(1 + number % 2)
    stage.work()
    officer.close_voting(stage.service)
    stage.work()
    assert (stage.state(), awaited()) == ("waiting_for_guardians", 2)
    run = stage.run([1, 3])
    assert awaited() == 2
    member = stage.members(run)[1]
    stage.put(run, "share", run["parts"][0]["part"], 1, member.commitments(run["parts"][0]))
    assert awaited() == 1


CONFIRM = {("confirm", guardian) for guardian in (1, 2, 3)}


def test_while_the_database_does_not_answer_only_that_is_said():
    database = Database(f"postgresql+psycopg://amarvote:secret@127.0.0.1:{free_port()}/none")
    names = {family.name: family for family in Service(database, DEFAULTS).collect()}
    database.close()
    assert [(name, family.samples[0].value) for name, family in names.items()] == [("amarvote_database_up", 0)]


def test_a_look_that_takes_long_holds_nobody_up_and_is_not_taken_twice(monkeypatch):
    monkeypatch.setattr(looking, "WAIT_SECONDS", 0.1)
    asked, go_on = [], threading.Event()

    def see():
        asked.append(time.monotonic())
        go_on.wait(30)
        return "seen"

    look_at = Look(see)
    began = time.monotonic()
    assert [look_at(), look_at()] == [None, None]
    assert time.monotonic() - began < 5
    go_on.set()
    until = time.monotonic() + 10
    while look_at() != "seen":
        assert time.monotonic() < until
    assert (look_at(), len(asked)) == ("seen", 1)


def test_what_was_seen_is_kept_for_a_while_and_a_defect_is_said_in_the_log(monkeypatch, caplog):
    answers = [DatabaseError("away"), "one", ValueError("a defect"), "two"]

    def see():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    look_at = Look(see)
    assert [look_at(), look_at()] == [None, None]
    monkeypatch.setattr(looking, "KEPT_SECONDS", 0.0)
    look_at = Look(see)
    assert [look_at(), look_at(), look_at()] == ["one", None, "two"]
    assert ["a defect" in str(record.exc_info[1]) for record in caplog.records] == [True]


def test_a_million_ballots_are_not_looked_through(tmp_path):
    """Those that are not accepted are found by their index."""
    database = fresh_database(tmp_path)
    with database.read() as connection:
        query = str(_OTHER_BALLOTS.compile(connection, compile_kwargs={"literal_binds": True}))
        plan = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}")]
    database.close()
    assert plan[0] == "SEARCH ballots USING COVERING INDEX ballots_by_state (election_id=? AND state=?)"
