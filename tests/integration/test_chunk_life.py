"""The life of chunks as a state machine over real SQLite, against a model of what must hold."""

import tempfile
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule
from sqlalchemy import func, select, true, update

from amarvote.pipeline import chunks as life
from amarvote.pipeline import failing, handing
from amarvote.pipeline.chunks import FencedError
from amarvote.pipeline.settings import Settings
from amarvote.store.tables import chunk_results, chunks, elections
from staging.rows import FOR_EVER, add_election, fresh_database, pass_time, worker_beats

QUICK = Settings(lease_seconds=FOR_EVER, error_attempts=2, death_attempts=3, backoff_seconds=60.0)
BALLOTS = 8


class ChunkLife(RuleBasedStateMachine):
    """Two elections, one of which can halve its chunks; workers that finish, fail, die, stand still, come late."""

    claims = Bundle("claims")

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.database = fresh_database(Path(self.folder.name))
        add_election(self.database, "big", "aggregate", [(0, 4), (4, BALLOTS)])
        add_election(self.database, "small", "publish", [(0, BALLOTS)])
        worker_beats(self.database, ["one", "two"])
        self.finished: set[int] = set()
        self.newest: dict[int, int] = {}
        self.paused: set[str] = set()

    def teardown(self):
        self.database.close()
        self.folder.cleanup()

    @rule()
    def hand_out(self):
        with self.database.write() as connection:
            handing.refill(connection, QUICK)

    @rule(target=claims, worker=st.sampled_from(["one", "two"]))
    def claim(self, worker):
        with self.database.write() as connection:
            claim = life.claim(connection, QUICK, worker)
        if claim is None:
            return multiple()
        assert claim.chunk_id not in self.finished, "a chunk that is done was given out again"
        assert claim.attempt == self.newest.get(claim.chunk_id, 0) + 1
        self.newest[claim.chunk_id] = claim.attempt
        return claim

    def holds(self, claim):
        """Is this claim still the chunk's, as the model sees it?"""
        with self.database.read() as connection:
            row = connection.execute(select(chunks).where(chunks.c.id == claim.chunk_id)).one()
        return row.state == life.RUNNING and self.newest[claim.chunk_id] == claim.attempt

    def attempt(self, claim, do):
        """Do something in the name of a claim: it works exactly if the claim is not stale."""
        held = self.holds(claim)
        if held:
            with self.database.write() as connection:
                do(connection)
        else:
            with pytest.raises(FencedError), self.database.write() as connection:
                do(connection)
        return held

    @rule(claim=claims)
    def finish(self, claim):
        if self.attempt(claim, lambda connection: life.finish(connection, claim, {"by": claim.attempt}, b"data")):
            self.finished.add(claim.chunk_id)

    @rule(claim=claims)
    def renew(self, claim):
        self.attempt(claim, lambda connection: life.renew(connection, QUICK, claim))

    @rule(claim=claims)
    def fail(self, claim):
        self.attempt(claim, lambda connection: failing.error(connection, QUICK, claim, "an error"))

    @rule(claim=consumes(claims))
    def child_dies(self, claim):
        self.attempt(claim, lambda connection: failing.death(connection, QUICK, claim, "killed"))

    @rule()
    def leases_run_out(self):
        pass_time(self.database)
        with self.database.write() as connection:
            for name in ("big", "small"):
                failing.expire(connection, QUICK, name)

    @rule(name=st.sampled_from(["big", "small"]))
    def pause_or_resume(self, name):
        self.paused ^= {name}
        with self.database.write() as connection:
            connection.execute(update(elections).where(elections.c.id == name).values(paused=name in self.paused))
            if name in self.paused:
                life.take_back(connection, name)

    @rule()
    def officer_retries(self):
        with self.database.write() as connection:
            life.retry(connection, true())

    @invariant()
    def what_must_always_hold(self):
        with self.database.read() as connection:
            rows = connection.execute(select(chunks)).all()
            results = dict(
                connection.execute(
                    select(chunk_results.c.chunk_id, func.count()).group_by(chunk_results.c.chunk_id)
                ).all()
            )
        assert {row.id for row in rows if row.state == life.DONE} == self.finished
        assert results == dict.fromkeys(self.finished, 1)
        for name in ("big", "small"):
            of_one = [row for row in rows if row.election_id == name]
            covered = sorted((row.first, row.last) for row in of_one if row.state != life.HALVED)
            assert covered[0][0] == 0
            assert covered[-1][1] == BALLOTS
            assert all(left[1] == right[0] for left, right in pairwise(covered))
            out = [row for row in of_one if row.state in (life.HANDED, life.RUNNING)]
            assert len(out) <= handing.window(2, 1)
            if name in self.paused:
                assert not [row for row in of_one if row.state == life.HANDED]
        for row in rows:
            if row.state in (life.READY, life.HANDED, life.RUNNING):
                assert row.errors < QUICK.error_attempts
                assert row.deaths < QUICK.death_attempts
            if row.state == life.FAILED:
                assert row.reason
                assert row.election_id == "small" or row.last - row.first == 1


TestChunkLife = ChunkLife.TestCase
TestChunkLife.settings = settings(
    max_examples=15,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
