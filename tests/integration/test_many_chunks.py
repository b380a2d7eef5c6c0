"""100,000 chunks pending: the queue stays short, and no question of the loop looks at all of them."""

import re
import tracemalloc

import pytest
from sqlalchemy import func, insert, literal, select, text, update

from amarvote.pipeline import chunks as life
from amarvote.pipeline import handing, recording, tree
from amarvote.pipeline import phases as order
from amarvote.pipeline.chunks import NewChunk
from amarvote.pipeline.record_rows import store_items
from amarvote.pipeline.settings import DEFAULTS
from amarvote.pipeline.sweep import sweep
from amarvote.queues import publication
from amarvote.record.sections import Section, SectionType
from amarvote.store.clock import now
from amarvote.store.tables import chunk_results, chunks, elections, openings, phases, record_items, runs
from staging.hearing import heard
from staging.rows import add_chunks, add_election, put_election, worker_beats

ELECTIONS = 500
PENDING = 100_000


@pytest.fixture
def crowded(both):
    """500 elections with 200 chunks each, all of them due."""
    add_election(both, "e0", "aggregate", [])
    with both.write() as connection:
        first = connection.execute(select(elections)).one()._asdict()
        phase = connection.execute(select(phases)).one()._asdict()
        rows = [{**first, "id": f"e{number}", "title": f"e{number}"} for number in range(1, ELECTIONS)]
        connection.execute(insert(elections), rows)
        more = [{**phase, "id": number + 1, "election_id": f"e{number}"} for number in range(1, ELECTIONS)]
        connection.execute(insert(phases), more)
        add_chunks(connection, PENDING // ELECTIONS, life.READY)
    worker_beats(both, ["w1", "w2"])
    with both.write() as connection:
        connection.execute(text("ANALYZE"))
    return both


def count(database, *where):
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(chunks).where(*where)).scalar_one()


def test_the_queue_stays_short_and_no_step_looks_at_every_chunk(crowded):
    assert count(crowded, chunks.c.state == life.READY) == PENDING
    with crowded.write() as connection:
        assert len(handing.refill(connection, DEFAULTS).handed) == DEFAULTS.handed_out == 900
    for _ in range(5):
        with crowded.write() as connection:
            claim = life.claim(connection, DEFAULTS, "w1")
            life.finish(connection, claim, {}, b"")
            assert not life.all_done(connection, claim.phase_id)
            assert len(handing.refill(connection, DEFAULTS).handed) == 1
        assert count(crowded, chunks.c.state.in_((life.HANDED, life.RUNNING))) == 900

    with heard(crowded) as said, crowded.write() as connection:
        handing.anything(connection)
        claim = life.claim(connection, DEFAULTS, "w1")
        life.claim_one(connection, DEFAULTS, "w2", claim.chunk_id)
        life.finish(connection, claim, {}, b"")
        life.all_done(connection, claim.phase_id)
        assert len(life.follow(connection, claim, 900)) == 1
        handing.refill(connection, DEFAULTS)
        publication.unpublished(connection, 3.0)
        publication.parked(connection, 1000)
        publication.overdue(connection, claim.chunk_id)
        if connection.dialect.name == "postgresql":  # the broker's queue goes with it
            publication.forget_lost(connection, 5.0, empty=True)
    each = [statement for statement, _ in said if statement.startswith("UPDATE chunks")][1:4]
    assert len(each) == 3, "a claim by its number, what is done, what follows"
    with heard(crowded) as of_sweep:
        assert sweep(crowded, DEFAULTS) == 0
    assert sum(statement.startswith("SELECT") for statement, _ in of_sweep) == 1, of_sweep
    said += of_sweep
    assert len(said) >= 10
    for statement, values in said:
        plan = plan_of(crowded, statement, values)
        assert "Seq Scan on chunks" not in plan, f"{statement}\n{plan}"
        assert not re.search(r"SCAN chunks(?! USING)", plan), f"{statement}\n{plan}"
        looked_at = re.findall(r"actual time=\S+ rows=(\d+)|Rows Removed by [^:]+: (\d+)", plan)
        most = 10 if statement in each else PENDING / 50
        assert all(int(rows or removed) <= most for rows, removed in looked_at), f"{statement}\n{plan}"


@pytest.mark.parametrize(("ground", "name", "level"), [("aggregate", "merge", 0), ("verify", "verify_merge", 1)])
def test_a_chunk_of_a_tree_reads_its_own_part_of_the_level_below(both, ground, name, level):
    leaves = 5000
    with both.write() as connection:
        below = [NewChunk(number, number + 1, level) for number in range(leaves)]
        phase_id = put_election(connection, "one", ground, below)
        connection.execute(update(chunks).values(state=life.DONE))
        results = select(chunks.c.id, literal({}, chunk_results.c.fields.type), literal(b"data"))
        connection.execute(insert(chunk_results).from_select(["chunk_id", "fields", "data"], results))
        connection.execute(text("ANALYZE"))
        connection.execute(update(phases).where(phases.c.id == phase_id).values(state="done"))
        phase = order.begin(connection, "one", name)
        assert tree.grow(order.Place.of(connection, DEFAULTS, phase))
        above = connection.execute(select(chunks).where(chunks.c.phase_id == phase.id).order_by(chunks.c.first))
        nodes = above.all()
    assert len(nodes) == leaves / DEFAULTS.items
    with heard(both) as said, both.read() as connection:
        found = tree.results_of(connection, phase, nodes[7])
    assert [one.data for one in found] == [b"data"] * DEFAULTS.items
    with both.read() as connection:
        for statement, values in said:
            if statement.startswith("SELECT"):
                assert len(connection.exec_driver_sql(statement, values).all()) <= DEFAULTS.items


def test_a_level_over_very_many_results_is_planned_some_at_a_time(both, monkeypatch):
    """50 million ballots are a million results: as rows they are more than a worker's parent may take."""
    leaves = 20_000
    monkeypatch.setattr(
        life, "AT_ONCE", 100
    )  # a statement that adds a thousand takes 10 MB, however many there are
    add_election(both, "one", "aggregate", [])
    with both.write() as connection:
        ground = connection.execute(select(phases.c.id)).scalar_one()
        put_done(connection, ground, leaves)
        connection.execute(update(phases).values(state="done"))
        phase = order.begin(connection, "one", "merge")
        tracemalloc.start()
        try:
            assert tree.grow(order.Place.of(connection, DEFAULTS, phase))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        of_level = select(chunks.c.first, chunks.c.last, chunks.c.level, chunks.c.spec)
        planned = connection.execute(
            of_level.where(chunks.c.phase_id == phase.id).order_by(chunks.c.ordinal)
        ).all()
    bounds = [(first, first + DEFAULTS.items, 1, None) for first in range(0, leaves, DEFAULTS.items)]
    assert [tuple(row) for row in planned] == bounds
    assert peak < 100 * leaves


def put_done(connection, phase_id, number):
    """So many chunks with a result."""
    numbers = select(literal(0).label("n")).cte("numbers", recursive=True)
    counted = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < number - 1))
    values = {
        "phase_id": literal(phase_id),
        "election_id": literal("one"),
        "ordinal": counted.c.n,
        "level": literal(0),
        "first": counted.c.n,
        "last": counted.c.n + 1,
        "state": literal(life.DONE),
        "attempt": literal(1),
        "errors": literal(0),
        "deaths": literal(0),
        "due_at": now(),
    }
    every = select(*(value.label(name) for name, value in values.items()))
    connection.execute(insert(chunks).from_select(list(values), every))
    results = select(chunks.c.id, literal({}, chunk_results.c.fields.type), literal(b"data"))
    connection.execute(insert(chunk_results).from_select(["chunk_id", "fields", "data"], results))
    connection.execute(text("ANALYZE"))


def test_very_many_chunks_are_added_some_at_a_time(both):
    """So that planning them holds only some of them in memory."""
    phase_id = add_election(both, "one", "aggregate", [])
    behind = []

    def planned(connection):
        for number in range(2500):
            if number % 500 == 0:
                there = connection.execute(select(func.count()).select_from(chunks)).scalar_one()
                behind.append(number - there)
            yield NewChunk(number, number + 1)

    with both.write() as connection:
        phase = connection.execute(select(phases).where(phases.c.id == phase_id)).one()
        ids = life.add(connection, phase, planned(connection))
        added = connection.execute(select(chunks.c.id, chunks.c.first).order_by(chunks.c.ordinal)).all()
    assert [tuple(row) for row in added] == list(zip(ids, range(2500), strict=True))
    assert max(behind) <= life.AT_ONCE == 1000


def test_very_many_openings_become_items_some_at_a_time(both):
    """So that recording holds only some of them in memory: 40 MB here, and no more than a few of them at once."""
    add_election(both, "one", "combine", [])
    data, number = bytes(20_000), 2000
    with both.write() as connection:
        run = {"id": "run", "election_id": "one", "ordinal": 0, "guardians": [1], "root": b"", "parts": []}
        connection.execute(insert(runs).values(state="done", **run))
        row = {"election_id": "one", "kind": "challenged", "run_id": "run", "data": data}
        for first in range(0, number, 50):
            connection.execute(insert(openings), [{**row, "number": first + one} for one in range(50)])
    section = Section(SectionType.CHALLENGED_BALLOT_DECRYPTIONS)
    tracemalloc.start()
    try:
        with both.write() as connection:
            opened = recording._opened(connection, "one", "challenged")
            if connection.dialect.name == "postgresql":  # whose client would hold what it was sent, all of it
                assert connection.exec_driver_sql("SELECT count(*) FROM pg_cursors").scalar_one() == 1
            store_items(connection, "one", section, enumerate(opened))
            stored = connection.execute(select(func.count()).select_from(record_items)).scalar_one()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert stored == number
    assert peak < number * len(data) / 2


def plan_of(database, statement, values):
    """How the database does it, as text, PostgreSQL with the rows it looks at; nothing for other statements."""
    if not statement.startswith(("SELECT", "UPDATE", "WITH")):
        return ""
    with database.write() as connection, connection.begin_nested() as attempt:
        word = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN ANALYZE"
        plan = "\n".join(str(row[-1]) for row in connection.exec_driver_sql(f"{word} {statement}", values))
        attempt.rollback()
    return plan
