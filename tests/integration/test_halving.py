"""A chunk that nobody can compute is divided where it can be: what poisons it ends up alone (rules 5, 12)."""

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from amarvote.elections import guardian_desk, officer, progress, results, work
from amarvote.elections.errors import Conflict
from amarvote.pipeline import chunks as life
from amarvote.pipeline import failing, handing
from amarvote.pipeline.sweep import sweep
from amarvote.queues.database import DatabaseQueue
from amarvote.store.tables import chunks, phases, roll
from staging.fixtures import BOTH


class Fault:
    """Makes work of one kind fail: aggregating place `first` of the list; merging or combining `last` or more."""

    def __init__(self, kind, first, last):
        self.kind = kind
        self.first = first
        self.last = last

    def __call__(self, message):
        if message.kind != self.kind:
            return
        if self.kind == "aggregate":
            first = message.fields["first"]
            touched = first <= self.first < first + len(message.fields["ballots"])
        elif self.kind == "combine":
            touched = message.fields["count"] >= self.last
        else:
            touched = len(message.fields["results"]) >= self.last
        if touched:
            raise RuntimeError(f"a defect of {self.kind}")


def of_phase(stage, name):
    with stage.service.database.read() as connection:
        rows = connection.execute(
            select(chunks)
            .join(phases, phases.c.id == chunks.c.phase_id)
            .where(phases.c.name == name)
            .order_by(chunks.c.id)
        ).all()
    return [(row.level, row.first, row.last, row.state) for row in rows]


def closed_with(stage, ballots, items=50):
    stage.service = replace(stage.service, settings=replace(stage.service.settings, items=items))
    for number in range(ballots):
        stage.vote(1 + number % 2)
    officer.close_voting(stage.service)


def test_a_poisoned_aggregate_chunk_is_halved_down_to_one_ballot_and_the_rest_goes_on(opened):
    closed_with(opened, 5)
    opened.computer.before = Fault("aggregate", 3, 4)
    opened.work()
    assert of_phase(opened, "aggregate") == [
        (0, 0, 5, "halved"),
        (0, 0, 2, "done"),
        (0, 2, 5, "halved"),
        (0, 2, 3, "done"),
        (0, 3, 5, "halved"),
        (0, 3, 4, "failed"),
        (0, 4, 5, "done"),
    ]
    assert opened.state() == "counting"
    opened.computer.before = print
    (failed,) = progress.progress(opened.service)["failed"]
    told = "RuntimeError, a defect of the service. What happened stands in its log."
    assert failed["reason"] == f"failed 3 times, at last: {told}"
    work.retry(opened.service, failed["id"])
    opened.work()
    assert opened.state() == "waiting_for_guardians"
    assert opened.row().cast_ballots == 5


def test_a_merge_of_many_that_fails_is_merged_in_two_steps(opened):
    closed_with(opened, 5, items=1)
    opened.work(until="counting")
    opened.service = replace(opened.service, settings=replace(opened.service.settings, items=50))
    opened.computer.before = Fault("merge", 0, 5)
    opened.work()
    assert of_phase(opened, "merge") == [
        (1, 0, 5, "halved"),
        (1, 0, 2, "done"),
        (1, 2, 5, "done"),
        (2, 0, 5, "done"),
    ]
    assert opened.state() == "waiting_for_guardians"


def test_what_is_one_piece_is_parked_and_the_other_chunks_go_on(opened):
    closed_with(opened, 1)
    while opened.state() != "counting" or not of_phase(opened, "publish"):
        opened.work(most=1)
    opened.computer.before = Broken("segment", 0x0201)
    opened.work()
    (failed,) = progress.progress(opened.service)["failed"]
    assert failed["phase"] == "publish"
    states = [state for _, _, _, state in of_phase(opened, "publish")]
    assert states.count("failed") == 1
    assert states.count("done") == len(states) - 1


class Broken:
    """One section of the record cannot be written."""

    def __init__(self, kind, section):
        self.kind = kind
        self.section = section

    def __call__(self, message):
        if message.kind == self.kind and message.fields["section"] == self.section:
            raise OSError("the disk is full")


def test_deaths_have_more_attempts_than_errors(opened):
    closed_with(opened, 2)
    settings = replace(opened.service.settings, death_attempts=4, cut_seconds=0.0)
    sweep(opened.service.database, settings)
    for _ in range(3):
        assert die_once(opened, settings) == ("ready", True)
    assert die_once(opened, settings) == ("halved", True)


def die_once(stage, settings):
    with stage.service.database.write() as connection:
        handing.refill(connection, settings)
        claim = life.claim(connection, settings, "w")
        failing.death(connection, settings, claim, "killed by signal 9")
        row = connection.execute(select(chunks).where(chunks.c.id == claim.chunk_id)).one()
    return row.state, "killed by signal 9" in row.reason


def test_a_ballot_whose_entry_in_the_roll_is_gone_is_not_accepted(opened):
    vote = opened.vote(1)
    with opened.service.database.write() as connection:
        connection.execute(update(roll).values(state="free"))
    opened.work()
    assert opened.ballot_state(vote)["state"] == "waiting"
    (failed,) = progress.progress(opened.service)["failed"]
    assert "the roll was changed in the database" in failed["reason"]


def lie_about_the_second_option(sender, round_name, part, payload):
    """Guardian 2's last response holds for nothing: the one before it does."""
    if (sender, round_name, part["kind"]) == (2, "respond", "tally"):
        return payload[:-1] + bytes((payload[-1] ^ 1,))
    return payload


def combining(stage, tamper=None):
    """An election whose guardians have answered: its chunk of two totals is ready, and cannot be done whole."""
    closed_with(stage, 3)
    stage.work()
    run = stage.run([1, 2, 3])
    stage.answer(run, tamper)
    stage.computer.before = Fault("combine", 0, 2)
    return run


@pytest.mark.parametrize("opened", BOTH, indirect=True)
def test_half_of_a_part_is_opened_and_a_share_of_the_other_half_does_not_hold(opened):
    combining(opened, lie_about_the_second_option)
    opened.work()
    assert [state for *_, state in of_phase(opened, "combine")] == ["halved", "done", "done"]
    opened.computer.before = print
    second = guardian_desk.current_run(opened.service)
    assert second["guardians"] == [1, 3]
    opened.answer(second)
    opened.work()
    assert opened.state() == "published"
    assert results.results(opened.service)["totals"] == {"c1": {"o1": 2, "o2": 1}}


@pytest.mark.parametrize("opened", BOTH, indirect=True)
def test_a_guardian_is_set_aside_while_the_answers_are_combined(opened):
    combining(opened)
    opened.work(most=3)
    queue = DatabaseQueue(opened.service.database, opened.service.settings, "late")
    late = queue.claim(0.0)
    officer.set_aside(opened.service, 2, "seen at another place")
    assert {state for *_, state in of_phase(opened, "combine")} == {"halved", "stopped"}
    assert progress.progress(opened.service)["failed"] == []
    with pytest.raises(life.FencedError), opened.service.database.write() as connection:
        life.finish(connection, late, {}, b"")
    assert queue.claim(0.0) is None
    with pytest.raises(Conflict, match="nothing to try again"):
        work.retry(opened.service, late.chunk_id)
    opened.computer.before = print
    second = guardian_desk.current_run(opened.service)
    assert second["guardians"] == [1, 3]
    opened.answer(second)
    opened.work()
    assert opened.state() == "published"
