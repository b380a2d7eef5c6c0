"""Many workers at once: each chunk has one winner, late commits are refused, a phase ends once."""

import threading
from contextlib import suppress

import pytest
from sqlalchemy import func, select, update

from amarvote.pipeline import chunks as life
from amarvote.pipeline import failing, handing, locks, phases
from amarvote.pipeline.chunks import FencedError, NewChunk
from amarvote.pipeline.messages import Message
from amarvote.pipeline.phases import Step
from amarvote.pipeline.settings import Settings
from amarvote.pipeline.sweep import sweep as sweep_once
from amarvote.pipeline.worker import Worker
from amarvote.queues import publication
from amarvote.queues.database import DatabaseQueue
from amarvote.store.clock import now
from amarvote.store.database import Database
from amarvote.store.tables import chunks, elections
from amarvote.store.tables import phases as phase_rows
from staging.at_once import in_parallel
from staging.rows import add_election, pass_time, worker_beats

SETTINGS = Settings(handed_out=900)


@pytest.fixture
def database(both):
    return both


def test_each_chunk_has_one_winner(database):
    add_election(database, "one", "aggregate", [(number, number + 1) for number in range(12)])
    worker_beats(database, [f"w{number}" for number in range(6)])
    with database.write() as connection:
        assert len(handing.refill(connection, SETTINGS).handed) == 12

    def claim_two(number):
        own = Database(database.url)
        won = []
        for _ in range(3):
            with own.write() as connection:
                won.append(life.claim(connection, SETTINGS, f"w{number}"))
        own.close()
        return won

    claims = [claim for won in in_parallel(6, claim_two) for claim in won if claim is not None]
    assert sorted(claim.chunk_id for claim in claims) == list(range(1, 13))
    assert {claim.attempt for claim in claims} == {1}


def test_a_claim_alone_is_committed_by_itself_and_transactions_are_none_the_less(database):
    add_election(database, "one", "aggregate", [(0, 1)])
    modes = []

    def note(connection):
        if connection.dialect.name == "postgresql":
            modes.append(connection.connection.driver_connection.autocommit)

    with database.write() as connection:
        handing.refill(connection, SETTINGS)
        note(connection)

    def claim(connection):
        note(connection)
        return life.claim_one(connection, SETTINGS, "w", 1)

    assert database.alone(claim).attempt == 1
    with suppress(ZeroDivisionError), database.write() as connection:
        note(connection)
        connection.execute(update(chunks).values(state=life.DONE))
        raise ZeroDivisionError
    with database.read() as connection:
        assert connection.execute(select(chunks.c.state, chunks.c.attempt)).one() == (life.RUNNING, 1)
    assert modes in ([], [False, True, False])
    assert bool(modes) == database.url.startswith("postgresql")


def test_one_that_is_handed_out_again_at_once_overtakes_nobody(database):
    """The chunk of a lost worker goes to who holds its old message; others wait their turn and are not lost."""
    add_election(database, "one", "aggregate", [(0, 1), (1, 2)])
    worker_beats(database, ["w1", "w2"])
    with database.write() as connection:
        handing.refill(connection, SETTINGS)
        connection.execute(update(chunks).values(handed_at=chunks.c.handed_at - 6.0, published_at=now() - 6.0))
        lost = life.claim(connection, SETTINGS, "w1")
        life.end_leases(connection, "w1")
    with database.write() as connection:
        assert failing.expire(connection, SETTINGS, "one") == 1
        handing.refill(connection, SETTINGS, "one")
        assert life.claim_one(connection, SETTINGS, "w2", lost.chunk_id).attempt == 2
        assert publication.forget_lost(connection, 5.0, empty=False) == 0


def test_a_worker_that_comes_back_late_is_refused(database):
    add_election(database, "one", "aggregate", [(0, 1)])
    with database.write() as connection:
        handing.refill(connection, SETTINGS)
        slow = life.claim(connection, SETTINGS, "slow")
    pass_time(database)
    with database.write() as connection:
        assert failing.expire(connection, SETTINGS, "one") == 1
        handing.refill(connection, SETTINGS)
        quick = life.claim(connection, SETTINGS, "quick")
        assert quick.attempt == slow.attempt + 1
    for late in (
        lambda connection: life.finish(connection, slow, {}, b"late"),
        lambda connection: life.renew(connection, SETTINGS, slow),
        lambda connection: failing.error(connection, SETTINGS, slow, "late"),
        lambda connection: failing.death(connection, SETTINGS, slow, "late"),
    ):
        with pytest.raises(FencedError), database.write() as connection:
            late(connection)
    with database.write() as connection:
        life.finish(connection, quick, {}, b"in time")
    with pytest.raises(FencedError), database.write() as connection:
        life.finish(connection, quick, {}, b"again")


def test_a_lease_that_nobody_took_over_is_the_workers_again(database):
    add_election(database, "one", "aggregate", [(0, 1)])
    with database.write() as connection:
        handing.refill(connection, SETTINGS)
        claim = life.claim(connection, SETTINGS, "slow")
    pass_time(database)
    with database.write() as connection:
        life.renew(connection, SETTINGS, claim)
        assert failing.expire(connection, SETTINGS, "one") == 0
        life.finish(connection, claim, {}, b"")


@pytest.fixture
def counted_transitions():
    """A phase of its own that only counts how often it was followed."""
    followed = []
    phases.register("test_phase", Step(phases.all_done, lambda where: followed.append(where.phase.id)))
    return followed


def test_a_phase_waits_for_its_own_chunks_until_the_last_is_done(database):
    add_election(database, "one", "test_phase", [(0, 1), (1, 2), (2, 3)])
    add_election(database, "other", "test_phase", [(0, 1)])
    with database.write() as connection:
        handing.refill(connection, SETTINGS)
        claims = [life.claim(connection, SETTINGS, "w") for _ in range(3)]
        assert [claim.election_id for claim in claims].count("other") == 1
        for number, claim in enumerate(sorted(claims, key=lambda one: one.election_id)):
            life.finish(connection, claim, {}, b"")
            done = life.all_done(connection, claim.phase_id)
            assert done is (number == 2)  # of the first election's three, the third is still to be handed out
    with database.write() as connection:
        handing.refill(connection, SETTINGS)
        claim = life.claim(connection, SETTINGS, "w")
        life.finish(connection, claim, {}, b"")
        assert life.all_done(connection, claim.phase_id)


def test_of_two_last_chunks_the_second_waits_for_the_first_and_sees_it(database):
    add_election(database, "one", "test_phase", [(0, 1), (1, 2)])
    with database.write() as connection:
        handing.refill(connection, SETTINGS)
        claims = [life.claim(connection, SETTINGS, f"w{number}") for number in range(2)]
    seen = []

    def second():
        with database.write() as connection:
            life.finish(connection, claims[1], {}, b"")
            seen.append(life.all_done(connection, claims[1].phase_id))

    other = threading.Thread(target=second)
    with database.write() as connection:
        life.finish(connection, claims[0], {}, b"")
        assert not life.all_done(connection, claims[0].phase_id)
        other.start()
        other.join(0.3)
        assert seen == []
    other.join()
    assert seen == [True]


def test_what_waited_for_a_phase_that_was_stopped_is_refused(database):
    phase_id = add_election(database, "one", "test_phase", [(0, 1)])
    with database.write() as connection:
        handing.refill(connection, SETTINGS)
        claim = life.claim(connection, SETTINGS, "w")
    refused = []

    def late():
        try:
            with database.write() as connection:
                life.finish(connection, claim, {}, b"")
        except FencedError as problem:
            refused.append(str(problem))

    other = threading.Thread(target=late)
    with database.write() as connection:
        locks.phase(connection, phase_id)
        other.start()
        other.join(0.3)
        assert other.is_alive()
        phases.stop(connection, phase_id)
    other.join()
    assert refused == [f"The {claim} is not ours any more: it is stopped, attempt 1."]


def test_two_last_chunks_end_the_phase_once(database, counted_transitions):
    add_election(database, "one", "test_phase", [(0, 1), (1, 2)])
    with database.write() as connection:
        handing.refill(connection, SETTINGS)
        claims = [life.claim(connection, SETTINGS, f"w{number}") for number in range(2)]

    def commit(number):
        own = Database(database.url)
        worker = Worker(own, DatabaseQueue(own, SETTINGS, f"w{number}"), f"w{number}", SETTINGS)
        with own.write() as connection:
            worker._write_down(connection, claims[number], Message("done"))
        own.close()

    in_parallel(2, commit)
    assert len(counted_transitions) == 1
    in_parallel(4, lambda _: sweep(database))
    assert len(counted_transitions) == 1
    with database.read() as connection:
        assert connection.execute(select(phase_rows.c.state)).scalars().all() == ["done"]


def sweep(database):
    own = Database(database.url)
    sweep_once(own, SETTINGS)
    own.close()


def test_a_transition_that_a_dead_process_left_is_taken_by_the_sweeper(database, counted_transitions):
    add_election(database, "one", "test_phase", [(0, 1)])
    with database.write() as connection:
        handing.refill(connection, SETTINGS)
        claim = life.claim(connection, SETTINGS, "w")
        life.finish(connection, claim, {}, b"")
    assert not counted_transitions
    sweep(database)
    assert len(counted_transitions) == 1


def test_a_defect_in_one_elections_transition_stops_no_other(database, counted_transitions):
    def fail(where):
        where.connection.execute(update(chunks).values(reason="half done"))
        raise RuntimeError("a defect")

    phases.register("broken_phase", Step(phases.all_done, fail))
    add_election(database, "a broken one", "broken_phase", [])
    add_election(database, "one", "test_phase", [])
    add_election(database, "two", "aggregate", [(0, 1)])
    sweep(database)
    assert len(counted_transitions) == 1
    with database.read() as connection:
        states = connection.execute(select(phase_rows.c.name, phase_rows.c.state)).all()
        assert connection.execute(select(chunks.c.reason)).scalars().all() == [None]
    assert dict(states) == {
        "broken_phase": "open",
        "test_phase": "done",
        "aggregate": "open",
    }


def done_per_election(database):
    with database.read() as connection:
        rows = connection.execute(
            select(chunks.c.election_id, func.count().label("done"))
            .where(chunks.c.state == life.DONE)
            .group_by(chunks.c.election_id)
        )
        return {row.election_id: row.done for row in rows}


def test_a_small_election_does_not_wait_behind_a_big_one(database):
    add_election(database, "big", "aggregate", [(number, number + 1) for number in range(200)])
    worker_beats(database, ["w1", "w2"])
    served = []
    for turn in range(60):
        if turn == 10:
            add_election(database, "small", "aggregate", [(number, number + 1) for number in range(5)])
        with database.write() as connection:
            handing.refill(connection, SETTINGS)
            out = connection.execute(
                select(func.count()).where(chunks.c.state.in_((life.HANDED, life.RUNNING)))
            ).scalar_one()
            assert out <= 4 + 2  # what is out when the second election comes is not taken back
            claim = life.claim(connection, SETTINGS, "w1")
            life.finish(connection, claim, {}, b"")
        served.append(claim.election_id)
        if done_per_election(database).get("small") == 5:
            break
    # the small election's five chunks took at most every other turn, beside what was out already
    assert len(served) <= 10 + 4 + 2 * 5 + 1
    assert served.count("big") >= 5


@pytest.mark.parametrize(
    ("live", "active", "window"), [(0, 0, 2), (0, 3, 2), (2, 1, 4), (2, 3, 2), (10, 3, 7), (100, 1, 200)]
)
def test_the_window_of_rule_15(live, active, window):
    assert handing.window(live, active) == window


def test_all_elections_together_have_a_bound(database):
    for number in range(4):
        add_election(database, f"e{number}", "aggregate", [(one, one + 1) for one in range(10)])
    few = Settings(handed_out=5)
    with database.write() as connection:
        assert len(handing.refill(connection, few).handed) == 5
        assert len(handing.refill(connection, few).handed) == 0


def test_with_more_elections_than_the_bound_each_goes_on(database):
    names = [f"e{number:02}" for number in range(12)]
    for name in names:
        add_election(database, name, "aggregate", [(one, one + 1) for one in range(25)])
    few = Settings(handed_out=5)
    for turn in range(240):
        with database.write() as connection:
            handing.refill(connection, few)
            claim = life.claim(connection, few, "w")
            life.finish(connection, claim, {}, b"")
            # a commit leaves half of the bound to the elections that only the refill over all looks at
            assert len(handing.refill(connection, few, claim.election_id).handed) <= (turn == 0)
    assert set(done_per_election(database)) == set(names)


def test_a_commit_hands_out_for_its_own_election_only(database):
    for name in ("one", "other"):
        add_election(database, name, "aggregate", [(number, number + 1) for number in range(9)])
    worker_beats(database, ["w1", "w2"])
    with database.write() as connection:
        assert len(handing.refill(connection, SETTINGS, "one").handed) == 4
        claim = life.claim(connection, SETTINGS, "w1")
        life.finish(connection, claim, {}, b"")
        assert len(handing.refill(connection, SETTINGS, "one").handed) == 1
        assert len(handing.refill(connection, SETTINGS).handed) == 2
        handed = select(chunks.c.election_id).where(chunks.c.state == life.HANDED)
        assert set(connection.execute(handed).scalars()) == {"one", "other"}
        connection.execute(update(elections).where(elections.c.id == "one").values(paused=True))
        life.finish(connection, life.claim(connection, SETTINGS, "w1"), {}, b"")
        assert handing.refill(connection, SETTINGS, "one").handed == []


def finish_one(connection):
    claim = life.claim(connection, SETTINGS, "w1")
    life.finish(connection, claim, {}, b"")
    return claim


def test_one_that_is_done_is_followed_by_the_next_in_its_place(database):
    add_election(database, "one", "aggregate", [(number, number + 1) for number in range(9)])
    worker_beats(database, ["w1", "w2"])
    with database.write() as connection:
        handed, window = handing.refill(connection, SETTINGS)
        assert window == len(handed) == 4
        claim = life.claim(connection, SETTINGS, "w1")
        assert life.follow(connection, claim, window) == []  # it is not done
        life.finish(connection, claim, {}, b"")
        (follower,) = life.follow(connection, claim, window)
        assert follower.id == max(row.id for row in handed) + 1
        assert life.follow(connection, claim, window) == []
        claim = finish_one(connection)
        assert life.follow(connection, claim, window - 1) == []  # the window was made smaller meanwhile
        assert len(life.follow(connection, claim, window)) == 1
    with database.write() as connection:
        claim = finish_one(connection)
        connection.execute(update(elections).values(paused=True))
        assert life.follow(connection, claim, window) == []
        connection.execute(update(elections).values(paused=False))
        connection.execute(update(chunks).where(chunks.c.state == life.READY).values(due_at=now() + 60.0))
        assert life.follow(connection, claim, window) == []


def test_what_follows_is_of_the_same_phase(database):
    add_election(database, "one", "aggregate", [(0, 1)])
    with database.write() as connection:
        assert len(handing.refill(connection, SETTINGS).handed) == 1
        phase = phases.begin(connection, "one", "combine")
        life.add(connection, phase, [NewChunk(0, 1)])
        claim = finish_one(connection)
        assert life.follow(connection, claim, 4) == []
        assert life.all_done(connection, claim.phase_id)


def test_none_follows_where_half_of_the_bound_is_used_up(database):
    for name in ("one", "other"):
        add_election(database, name, "aggregate", [(number, number + 1) for number in range(9)])
    for bound, window in ((8, 2), (7, 0), (4, 0)):
        with database.write() as connection:
            assert handing.refill(connection, Settings(handed_out=bound)).window == window


def test_as_many_are_out_as_before_whoever_else_hands_out_meanwhile(database):
    """Two workers finish, each with one to follow, while a relay fills the windows."""
    add_election(database, "one", "test_phase", [(number, number + 1) for number in range(40)])
    worker_beats(database, ["w0", "w1"])
    most = handing.window(2, 1)

    def out(connection):
        return connection.execute(
            select(func.count()).where(life.is_one_of(chunks.c.state, life.OUT))
        ).scalar_one()

    def take_part(number):
        own = Database(database.url)
        for _ in range(12):
            with own.write() as connection:
                if number == 2:
                    handing.refill(connection, SETTINGS)
                    assert out(connection) <= most
                    continue
                claim = life.claim(connection, SETTINGS, f"w{number}")
            if number < 2 and claim is not None:
                with own.write() as connection:
                    life.finish(connection, claim, {}, b"")
                    life.follow(connection, claim, most)
        own.close()

    in_parallel(3, take_part)
    with database.write() as connection:
        handing.refill(connection, SETTINGS)
        assert out(connection) == most


def test_failed_and_paused_chunks_hold_no_credit(database):
    add_election(database, "one", "publish", [(number, number + 1) for number in range(6)])
    with database.write() as connection:
        assert len(handing.refill(connection, SETTINGS).handed) == 2
        for _ in range(2):
            claim = life.claim(connection, SETTINGS, "w")
            life.park(connection, life.held(connection, claim), "broken")
        assert len(handing.refill(connection, SETTINGS).handed) == 2
        connection.execute(update(chunks).values(state=life.DONE).where(chunks.c.state == life.HANDED))
        assert len(handing.refill(connection, SETTINGS).handed) == 2
