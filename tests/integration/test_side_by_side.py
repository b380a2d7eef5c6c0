"""Many at once over the same rows, on both databases: nothing is lost, nothing counts twice, nothing deadlocks."""

import asyncio
import copy
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import func, select, text

from amarvote.api.application import application
from amarvote.api.ballots import FROM_AN_ADDRESS, OF_A_DEVICE
from amarvote.elections import guardian_desk, officer
from amarvote.elections.errors import Conflict
from amarvote.elections.service import service_of
from amarvote.elections.services import Services
from amarvote.pipeline import chunks as life
from amarvote.pipeline import handing, locks
from amarvote.pipeline.sweep import sweep
from amarvote.pipeline.worker import Worker
from amarvote.queues.database import DatabaseQueue
from amarvote.store.database import Database
from amarvote.store.tables import ballots, buckets, chunks, devices, phases, roll, runs
from staging.at_once import in_parallel
from staging.fixtures import BOTH, POSTGRESQL
from staging.handing_in import submit
from staging.served import in_process
from staging.stage import SameProcess


@contextmanager
def processes(stage, count, **settings):
    """The election as so many processes have it, each with connections of its own. None of them met a deadlock."""
    changed = replace(stage.service.settings, **settings)
    services = [service_of(Database(stage.url), stage.creation.election_id, changed) for _ in range(count)]
    yield services
    for service in services:
        service.close()
    if stage.url.startswith("postgresql"):
        counted = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        assert rows(stage, text(counted)) == [(0,)]


def rows(stage, what):
    with stage.service.database.read() as connection:
        return connection.execute(what).all()


def worker_of(service, name):
    database = service.database
    queue = DatabaseQueue(database, service.settings, name)
    return Worker(database, queue, name, service.settings, computer=SameProcess(database))


@pytest.mark.parametrize("opened", BOTH, indirect=True)
def test_the_same_ballot_many_times_at_once_is_stored_once_and_answered_alike(opened):
    vote = opened.make(1)
    with processes(opened, 6) as services:
        answers = in_parallel(6, lambda number: submit(services[number], 1, vote.body))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["state"] == "submitted"
    assert len(rows(opened, select(ballots.c.number))) == 1


@pytest.mark.parametrize("opened", BOTH, indirect=True)
def test_of_two_ballots_with_one_vote_token_at_once_one_is_stored(opened):
    first = opened.make(1)
    opened.voters -= 1
    second = opened.make(2)

    def stored(number):
        try:
            submit(services[number], 1, (first, second)[number].body)
        except Conflict as refused:
            return str(refused)
        return "stored"

    with processes(opened, 2) as services:
        answers = in_parallel(2, stored)
    assert sorted(answers) == [
        "Another ballot with this vote token is being checked; ask for its state first.",
        "stored",
    ]
    assert len(rows(opened, select(ballots.c.number))) == 1


@pytest.mark.parametrize("opened", [POSTGRESQL], indirect=True)
def test_ballots_that_meet_at_an_api_are_stored_in_one_transaction_each_answered_by_itself(opened):
    votes = [opened.make(1 + number % 2, device=1 + number % 2) for number in range(8)]
    opened.voters -= 1
    second = opened.make(1)  # with the token of the last one
    bodies = [vote.body for vote in votes] + [second.body, votes[2].body, b"no ballot", votes[4].body[:-1]]
    devices = [f"device-{1 + number % 2}" for number in range(8)] + ["device-1"] * 4

    async def meet(app):
        together, of = app.state.together._waiting, ("ballots", opened.creation.election_id)

        def put(client, number):
            headers = {"Authorization": f"Bearer {opened.creation.devices[devices[number]].value}"}
            path = f"/elections/{opened.creation.election_id}/ballots"
            return asyncio.create_task(client.put(path, content=bodies[number], headers=headers))

        async with in_process(app) as client, asyncio.timeout(60):
            with opened.service.database.write() as holding:
                locks.election(holding, opened.creation.election_id)
                tasks = [put(client, 0)]
                while of not in together:
                    await asyncio.sleep(0.01)
                tasks += [put(client, number) for number in range(1, len(bodies))]
                while len(together[of]) < len(bodies) - 1:
                    await asyncio.sleep(0.01)
            return await asyncio.gather(*tasks)

    with closing(Services(Database(opened.url), opened.service.settings)) as services:
        answers = asyncio.run(meet(application(services)))
    statuses = [answer.status_code for answer in answers]
    assert statuses[:7] == [202] * 7
    assert sorted(statuses[7:9]) == [202, 409]  # whichever came first
    assert statuses[9:] == [202, 422, 422]
    assert [answer.json()["id_b"] for answer in answers[:7]] == [vote.ballot.id_b.hex() for vote in votes[:7]]
    assert answers[9].json() == answers[2].json()
    assert len(rows(opened, select(ballots.c.number))) == 8
    # the first one, and all the others; of each limit one bite was enough for all
    assert rows(opened, text("SELECT count(DISTINCT xmin::text) FROM ballots")) == [(2,)]
    whole = [OF_A_DEVICE, OF_A_DEVICE, FROM_AN_ADDRESS]
    levels = rows(opened, select(buckets.c.level).order_by(buckets.c.level))
    assert levels == [(limit.burst - limit.bite,) for limit in whole]


@pytest.mark.parametrize("opened", BOTH, indirect=True)
def test_a_burst_of_ballots_against_the_close(opened):
    """What was answered 202 counts; what came later is refused with the time; the list waits for all of it."""
    votes = [opened.make(1 + number % 2) for number in range(20)]
    taken, refused = [], []
    enough = threading.Event()

    def vote_on(number):
        for vote in votes[number::5]:
            try:
                submit(services[number], 1, vote.body)
                taken.append(vote.ballot.id_b)
            except Conflict as late:
                refused.append(str(late))
            if len(taken) >= 7:
                enough.set()

    def close(number):
        assert enough.wait(20)
        officer.close_voting(services[number])

    with processes(opened, 6) as services:
        in_parallel(6, lambda number: vote_on(number) if number < 5 else close(number))
    assert len(taken) + len(refused) == 20
    assert all("Voting ended at" in sentence for sentence in refused)
    opened.work()
    row = opened.row()
    assert (row.state, row.cast_ballots) == ("waiting_for_guardians", len(taken))
    accepted = rows(opened, select(ballots.c.id_b).where(ballots.c.state == "accepted"))
    assert sorted(one.id_b for one in accepted) == sorted(taken)
    spent = rows(opened, select(func.count()).where(roll.c.state == "spent"))
    assert spent == [(len(taken),)]


@pytest.mark.parametrize("opened", [POSTGRESQL], indirect=True)
def test_a_late_ballot_does_not_wait_while_the_list_is_frozen(opened):
    vote = opened.make(1)
    officer.close_voting(opened.service)
    with opened.service.database.write() as freezing:
        freezing.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        locks.command(freezing, opened.service.election_id)
        began = time.monotonic()
        with pytest.raises(Conflict, match="Voting ended at"):
            opened.submit(vote)
        assert time.monotonic() - began < 9


@pytest.mark.parametrize("opened", BOTH, indirect=True)
def test_sweeps_and_submissions_at_once_put_each_ballot_into_one_chunk(opened):
    votes = [opened.make(1) for _ in range(20)]

    def submit_and_sweep(number):
        for vote in votes[number::4]:
            submit(services[number], 1, vote.body)
            sweep(services[number].database, services[number].settings)

    with processes(opened, 4, items=3, cut_seconds=0.0) as services:
        in_parallel(4, submit_and_sweep)
        sweep(services[0].database, services[0].settings)
    of_chunks = Counter(row.chunk_id for row in rows(opened, select(ballots.c.chunk_id)))
    accept = select(phases.c.id).where(phases.c.name == "accept").scalar_subquery()
    sizes = {row.id: row.last for row in rows(opened, select(chunks).where(chunks.c.phase_id == accept))}
    assert dict(of_chunks) == sizes
    assert sum(sizes.values()) == 20


@pytest.mark.parametrize("opened_chained", BOTH, indirect=True)
def test_accept_commits_of_one_chain_at_once_settle_it_in_its_order(opened_chained):
    stage = opened_chained
    for number in range(9):
        stage.vote(1 + number % 2)

    def work(number):
        worker = worker_of(services[number], f"w{number}")
        return sum(worker.one_chunk(0.05) for _ in range(20))

    with processes(stage, 3, items=2, cut_seconds=0.0) as services:
        sweep(services[0].database, services[0].settings)
        assert sum(in_parallel(3, work)) == 5
    settled = rows(stage, select(ballots.c.chain_index, ballots.c.state).order_by(ballots.c.chain_index))
    assert settled == [(number, "accepted") for number in range(1, 10)]
    assert rows(stage, select(devices.c.settled, devices.c.stored).where(devices.c.number == 1)) == [(9, 9)]


@pytest.mark.parametrize("stage", BOTH, indirect=True)
def test_the_last_messages_of_the_ceremony_at_once_begin_the_setup_once(stage):
    confirmed = stage.guardians.messages["confirm"]
    senders = sorted(sender for sender, _ in confirmed)
    stage.hold_ceremony(but={("confirm", sender) for sender in senders})

    def confirm(number):
        twin = copy.copy(stage)
        twin.service = services[number]
        twin.put_ceremony("confirm", senders[number], 0, confirmed[senders[number], 0])

    with processes(stage, len(senders)) as services:
        in_parallel(len(senders), confirm)
    assert rows(stage, select(phases.c.name)) == [("setup",)]
    stage.work()
    assert stage.state() == "ready"


@pytest.mark.parametrize("opened", [POSTGRESQL], indirect=True)
def test_a_relay_that_counted_before_a_pause_hands_nothing_out_after_it(opened, monkeypatch):
    opened.vote(1)
    counted, go = threading.Event(), threading.Event()
    really = life.hand_out

    def hand_out(*given):
        counted.set()
        assert go.wait(20)
        return really(*given)

    def relay(service):
        with service.database.write() as connection:
            handing.refill(connection, service.settings)

    monkeypatch.setattr(life, "hand_out", hand_out)
    with processes(opened, 2, cut_seconds=0.0) as services, ThreadPoolExecutor(2) as pool:
        sweep(services[0].database, services[0].settings)
        relaying = pool.submit(relay, services[0])
        assert counted.wait(20)
        pausing = pool.submit(officer.pause, services[1])
        wait([pausing], 0.5)
        go.set()
        relaying.result()
        pausing.result()
    assert opened.row().paused
    assert [row.state for row in rows(opened, select(chunks.c.state).where(chunks.c.state != "done"))] == ["ready"]


@pytest.mark.parametrize("opened", [POSTGRESQL], indirect=True)
def test_a_pause_waits_for_a_commit_and_takes_back_what_followed(opened):
    for _ in range(3):
        opened.vote(1)
    with processes(opened, 2, items=1, cut_seconds=0.0) as services, ThreadPoolExecutor(1) as pool:
        database, settings = services[0].database, services[0].settings
        sweep(database, settings)
        with database.write() as connection:
            window = handing.refill(connection, settings).window
            claim = life.claim(connection, settings, "w")
        with database.write() as connection:
            life.finish(connection, claim)
            assert len(life.follow(connection, claim, window)) == 1
            pausing = pool.submit(officer.pause, services[1])
            assert not wait([pausing], 0.5).done
        pausing.result(20)
        with database.write() as connection:
            assert life.follow(connection, claim, window) == []
    assert opened.row().paused
    left = rows(opened, select(chunks.c.state).where(chunks.c.phase_id == claim.phase_id).order_by(chunks.c.id))
    assert sorted(row.state for row in left) == ["done", "ready", "ready"]


@pytest.mark.parametrize("opened", [POSTGRESQL], indirect=True)
def test_of_two_commands_at_once_one_is_done_and_one_refused(opened):
    def both(command):
        def one(number):
            try:
                command(services[number])
            except Conflict as refused:
                return str(refused)
            return "done"

        return sorted(in_parallel(2, one))

    opened.vote(1)
    with processes(opened, 2) as services:
        assert both(officer.close_voting) == ["The election is closing; closing cannot follow that.", "done"]
        opened.work()
        for guardian in (1, 2):
            guardian_desk.check_in(opened.service, guardian)
        assert both(lambda service: officer.start_run(service, [1, 2])) == [
            "No run can start now: the election is decrypting.",
            "done",
        ]
    assert rows(opened, select(runs.c.state)) == [("answering",)]


class Everybody:
    """Whoever works at an election, each until its ballots are counted."""

    def __init__(self, stage):
        self.stage = stage
        self.votes = [stage.make(1 + number % 2) for number in range(20)]
        self.until = time.monotonic() + 150
        self.roles = (
            self.vote_and_close,
            self.vote_again,
            self.pause_and_resume,
            self.sweep_on,
            self.work,
            self.work,
        )

    def going(self):
        return time.monotonic() < self.until and self.stage.state() != "waiting_for_guardians"

    def vote_and_close(self, service):
        self.vote_again(service)
        officer.close_voting(service)

    def vote_again(self, service):
        for vote in self.votes:
            submit(service, 1, vote.body)

    def pause_and_resume(self, service):
        while self.going():
            officer.pause(service)
            officer.resume(service)
            time.sleep(0.01)

    def sweep_on(self, service):
        while self.going():
            sweep(service.database, service.settings)

    def work(self, service):
        worker = worker_of(service, f"worker {id(service)}")
        while self.going():
            worker.one_chunk(0.02)


@pytest.mark.parametrize("opened", [POSTGRESQL], indirect=True)
def test_everybody_at_everything_until_the_count_is_done(opened):
    """Ballots, the close, pauses, sweeps and two workers: the order of locks holds, and nothing is left behind."""
    roles = Everybody(opened).roles
    with processes(opened, len(roles), items=2, cut_seconds=0.0) as services:
        in_parallel(len(roles), lambda number: roles[number](services[number]))
    row = opened.row()
    assert (row.state, row.cast_ballots) == ("waiting_for_guardians", 20)
    assert rows(opened, select(chunks.c.state).distinct()) == [(life.DONE,)]
