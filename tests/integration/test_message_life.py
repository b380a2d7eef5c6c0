"""Chunks and their messages as a state machine: lost, doubled, late, out of order; workers that die and come back.

The broker is a bag that may lose anything; the rows and the queue's side of the workers are the real ones,
on both databases. Whatever happened, at the end everything is done exactly once and no message is left.
"""

from functools import partial
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import func, select, true, update

from amarvote.pipeline import chunks as life
from amarvote.pipeline import failing, handing, phases
from amarvote.pipeline.chunks import ChunkRefusedError, FencedError, NewChunk
from amarvote.pipeline.messages import Message
from amarvote.pipeline.phases import Step
from amarvote.pipeline.settings import Settings
from amarvote.pipeline.worker import Worker
from amarvote.queues.amqp import CHUNKS, DEAD, Delivery
from amarvote.queues.rabbitmq import RabbitQueue
from amarvote.store.database import Database
from amarvote.store.tables import chunk_results, chunks, elections
from staging.rows import FOR_EVER, add_election, fresh_database, pass_time, worker_beats

QUICK = Settings(
    lease_seconds=FOR_EVER,
    lost_worker_seconds=FOR_EVER,
    error_attempts=1,
    death_attempts=2,
    backoff_seconds=60.0,
    relay_seconds=0.0,
    unpublished_seconds=0.0,
    lost_message_seconds=0.0,
)
BALLOTS = 6
WORKERS = ("one", "two")
ELECTIONS = ("big", "small")
WORKER = st.sampled_from(WORKERS)
ROUNDS = 300


class Bag:
    """What a broker has: bodies by queue, in any order."""

    def __init__(self):
        self.queues = {CHUNKS: [], DEAD: []}
        self.up = True
        self.tags = count(1)


class Sent:
    over = True

    def __init__(self, confirmed):
        self.confirmed = confirmed


class Line:
    """One worker's connection to the bag."""

    def __init__(self, bag):
        self.bag = bag
        self.held = {}
        self.trouble = ""

    def receive(self, seconds):
        return self._take(CHUNKS)

    def _take(self, queue):
        if not self.bag.up or not self.bag.queues[queue]:
            return None
        delivery = Delivery(self.bag.queues[queue].pop(0), next(self.bag.tags), None)
        self.held[delivery.tag] = (queue, delivery.body)
        return delivery

    def ack(self, delivery):
        if self.bag.up:
            self.held.pop(delivery.tag, None)

    def send(self, queue, bodies):
        if not self.bag.up:
            return Sent([])
        self.bag.queues[queue] += bodies
        return Sent(list(bodies))

    def publish(self, queue, bodies, seconds):
        return self.send(queue, bodies).confirmed

    def depths(self, seconds):
        return {name: len(bodies) for name, bodies in self.bag.queues.items()} if self.bag.up else None

    def dead_letters(self, most, seconds):
        return [letter for _ in range(most) if (letter := self._take(DEAD)) is not None]

    def break_off(self):
        """The connection is gone: what it held is given to others."""
        for queue, body in self.held.values():
            self.bag.queues[queue].append(body)
        self.held.clear()

    def close(self, seconds):
        self.break_off()


class MessageLife(RuleBasedStateMachine):
    def __init__(self, make):
        super().__init__()
        self.database = make()
        add_election(self.database, "big", "aggregate", [(0, 3), (3, BALLOTS)])
        add_election(self.database, "small", "publish", [(0, 2), (2, BALLOTS)])
        worker_beats(self.database, WORKERS)
        self.bag = Bag()
        self.queues = {name: self.queue_of(name) for name in WORKERS}
        self.working = dict.fromkeys(WORKERS)
        self.late = []
        self.finished = set()
        self.attempts = {}
        self.paused = set()

    def queue_of(self, name):
        return RabbitQueue(self.database, QUICK, name, Line(self.bag))

    def teardown(self):
        try:
            self.everything_gets_done()
        finally:
            self.database.close()

    def transact(self, worker, claim, work):
        """As the worker's loop does: the chunk's fate and what is handed out in one transaction, then settle."""
        queue = self.queues[worker]

        def both(connection):
            if work(connection) is not True:
                queue.hand_out(connection, claim.election_id)

        try:
            self.database.transact(both)
        except FencedError:
            queue.settle()
            return False
        queue.settle()
        return True

    @rule(worker=WORKER)
    def relay(self, worker):
        self.queues[worker].relay()

    @rule(worker=WORKER, again=WORKER, doubled=st.booleans())
    def claim(self, worker, again, doubled):
        """Half of the time after a tick of the other worker, half of the time of a message that is there twice."""
        if self.working[worker] is not None:
            return
        if worker != again:
            self.relay(again)
        queue = self.bag.queues[CHUNKS]
        if doubled and queue:
            queue.insert(0, queue[0])
        held = {one.chunk_id for one in self.working.values() if one is not None and self.is_held(one)}
        claim = self.queues[worker].claim(0)
        if claim is not None:
            assert claim.chunk_id not in held, "another worker holds it"
            assert claim.election_id not in self.paused
            assert claim.chunk_id not in self.finished, "a chunk that is done was given out again"
            assert claim.attempt > self.attempts.get(claim.chunk_id, 0)
            self.attempts[claim.chunk_id] = claim.attempt
            self.working[worker] = claim

    def ended(self, worker, work, *, done=False):
        claim, self.working[worker] = self.working[worker], None
        if claim is None:
            return
        held = self.is_held(claim)
        assert self.transact(worker, claim, lambda connection: work(connection, claim)) == held
        if held and done:
            self.finished.add(claim.chunk_id)

    def is_held(self, claim):
        row = next(row for row in self.rows() if row.id == claim.chunk_id)
        return row.state == life.RUNNING and row.attempt == claim.attempt

    def write_down(self, worker, connection, claim):
        """True where the phase goes on with a chunk that was handed out in the place of this one."""
        life.finish(connection, claim, {}, b"")
        return self.queues[worker].follow(connection, claim) or not life.all_done(connection, claim.phase_id)

    @rule(worker=WORKER)
    def finish(self, worker):
        self.ended(worker, partial(self.write_down, worker), done=True)

    @rule(worker=WORKER)
    def fail(self, worker):
        self.ended(worker, lambda connection, claim: failing.error(connection, QUICK, claim, "an error"))

    @rule(worker=WORKER)
    def child_dies(self, worker):
        self.ended(worker, lambda connection, claim: failing.death(connection, QUICK, claim, "killed"))

    @rule(worker=WORKER)
    def told_to_end(self, worker):
        """Whatever it still holds is given back; what it lost is left alone."""
        claim, self.working[worker] = self.working[worker], None
        if claim is not None:
            assert self.transact(worker, claim, lambda connection: life.hand_back(connection, worker))

    @rule(worker=WORKER)
    def killed_and_started_again(self, worker):
        """What it knew is gone; the broker gives its message to others."""
        self.queues[worker]._link.break_off()
        if self.working[worker] is not None:
            self.late.append(self.working[worker])
        self.working[worker] = None
        self.queues[worker] = self.queue_of(worker)
        with self.database.write() as connection:
            life.end_leases(connection, worker)

    @rule(worker=WORKER)
    def connection_breaks(self, worker):
        self.queues[worker]._link.break_off()

    @precondition(lambda self: self.late)
    @rule()
    def a_zombie_commits_late(self):
        claim = self.late.pop()
        if self.is_held(claim):
            return  # nobody took it over: it would be its own
        with pytest.raises(FencedError), self.database.write() as connection:
            life.finish(connection, claim, {}, b"late")

    @rule(data=st.data())
    def a_message_gets_lost(self, data):
        queue = self.bag.queues[data.draw(st.sampled_from([CHUNKS, DEAD]))]
        if queue:
            queue.pop(data.draw(st.integers(0, len(queue) - 1)))

    @rule(data=st.data())
    def a_message_is_doubled(self, data):
        queue = self.bag.queues[data.draw(st.sampled_from([CHUNKS, DEAD]))]
        if queue:
            queue.append(queue[data.draw(st.integers(0, len(queue) - 1))])

    @rule()
    def messages_turn_round(self):
        self.bag.queues[CHUNKS].reverse()

    @rule(up=st.sampled_from([False, True, True, True]))
    def broker_goes_or_comes(self, up):
        self.bag.up = up

    @rule(election=st.sampled_from(ELECTIONS))
    def leases_run_out(self, election):
        pass_time(self.database)
        with self.database.write() as connection:
            failing.expire(connection, QUICK, election)

    @rule(election=st.sampled_from(ELECTIONS), paused=st.sampled_from([True, False, False, False]))
    def pause_or_resume(self, election, paused):
        self.paused = self.paused | {election} if paused else self.paused - {election}
        with self.database.write() as connection:
            connection.execute(update(elections).where(elections.c.id == election).values(paused=paused))
            if paused:
                life.take_back(connection, election)

    @rule()
    def officer_retries(self):
        with self.database.write() as connection:
            life.retry(connection, true())

    def rows(self):
        with self.database.read() as connection:
            return connection.execute(select(chunks)).all()

    @invariant()
    def done_once_and_within_the_windows(self):
        rows = self.rows()
        assert {row.id for row in rows if row.state == life.DONE} == self.finished
        with self.database.read() as connection:
            results = connection.execute(select(func.count()).select_from(chunk_results)).scalar_one()
        assert results == len(self.finished)
        for election in ELECTIONS:
            out = [row for row in rows if row.election_id == election and row.state in (life.HANDED, life.RUNNING)]
            assert len(out) <= handing.window(len(WORKERS), 1)

    def dead_letters_are_those_of_parked_chunks(self):
        parked = sorted(b"%d" % row.id for row in self.rows() if row.state == life.FAILED)
        for _ in range(20):
            for worker in WORKERS:
                self.relay(worker)
            if sorted(self.bag.queues[DEAD]) == parked:
                return
        raise AssertionError(f"dead letters {self.bag.queues[DEAD]}, parked {parked}")

    def everything_gets_done(self):
        """The broker is back, the officer has retried, workers go on: nothing is left, no row and no message."""
        self.bag.up = True
        self.dead_letters_are_those_of_parked_chunks()
        for election in ELECTIONS:
            self.pause_or_resume(election, False)
        for _ in range(ROUNDS):
            self.officer_retries()
            for election in ELECTIONS:
                self.leases_run_out(election)
            for worker in WORKERS:
                self.relay(worker)
                self.claim(worker, worker, False)
                self.finish(worker)
            self.done_once_and_within_the_windows()
            over = {row.state for row in self.rows()} <= {life.DONE, life.HALVED}
            if over and not any(self.bag.queues.values()):
                return
        raise AssertionError(f"left behind: {self.bag.queues}, {[(r.id, r.state) for r in self.rows()]}")


QUIETLY = settings(
    max_examples=8,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def test_messages_on_sqlite(tmp_path):
    numbers = count()

    def make():
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        return fresh_database(folder)

    run_state_machine_as_test(lambda: MessageLife(make), settings=QUIETLY)


def test_messages_on_postgresql(postgresql_tables):
    """One database for all examples, emptied after each."""

    def make():
        database = Database(postgresql_tables)
        with database.write() as connection:
            for table in reversed(chunks.metadata.sorted_tables):
                connection.execute(table.delete())
        return database

    run_state_machine_as_test(lambda: MessageLife(make), settings=QUIETLY)


@pytest.fixture
def holding(both):
    """A worker that holds the one chunk there is of a phase, and what may be done with it then."""

    def hold(commit, *bounds):
        phases.register("test_phase", Step(phases.all_done, lambda where: None, commit=commit))
        add_election(both, "one", "test_phase", list(bounds))
        worker_beats(both, ["w", "other"])
        queue = RabbitQueue(both, Settings(), "w", Line(bag := Bag()))
        queue.relay()
        claim = queue.claim(0)
        bag.queues[CHUNKS].clear()
        return Worker(both, queue, "w"), claim, bag

    return hold


def states(database):
    with database.read() as connection:
        return connection.execute(select(chunks.c.state).order_by(chunks.c.id)).scalars().all()


def test_a_chunk_that_plans_others_hands_out_a_whole_window_of_them(both, holding):
    def plan(where, chunk, _answer):
        if chunk.first == 0:
            life.add(where.connection, where.phase, [NewChunk(number, number + 1) for number in range(1, 9)])

    worker, claim, bag = holding(plan, (0, 1))
    worker._commit(claim, Message("done"))
    worker._queue.settle()
    assert states(both) == [life.DONE] + [life.HANDED] * handing.window(2, 1) + [life.READY] * 4
    assert len(bag.queues[CHUNKS]) == handing.window(2, 1)


def test_of_a_commit_that_is_refused_nothing_is_left(both, holding):
    def refuse(_where, _chunk, _answer):
        raise ChunkRefusedError("It does not fit.")

    worker, claim, bag = holding(refuse, *[(number, number + 1) for number in range(9)])
    before = states(both)
    with pytest.raises(ChunkRefusedError):
        worker._commit(claim, Message("done"))
    assert states(both) == before == [life.RUNNING] + [life.HANDED] * 3 + [life.READY] * 5
    worker._went_wrong(claim, failing.error, "It does not fit.", "error")
    worker._queue.settle()
    assert states(both) == [life.READY] + [life.HANDED] * 4 + [life.READY] * 4
    assert bag.queues[CHUNKS] == [b"5"]
