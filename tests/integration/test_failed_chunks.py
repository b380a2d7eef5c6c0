"""However many chunks have failed, who asks is told how many and the first; one command tries them all again."""

import threading

from sqlalchemy import select, text, update

from amarvote.elections import progress, work
from amarvote.elections.service import service_of
from amarvote.pipeline import chunks as life
from amarvote.pipeline import phases as order
from amarvote.store.database import Database
from amarvote.store.tables import chunks, phases
from staging.rows import add_chunks, add_election
from staging.waiting import until

MANY = 70_000
"""More than a statement of PostgreSQL may have parameters."""


def add(database, phase_id, number, state):
    with database.write() as connection:
        add_chunks(connection, number, state, phases.c.id == phase_id, errors=3)


def test_of_very_many_failed_chunks_the_first_are_shown_and_all_are_tried_again(both):
    add(both, add_election(both, "one", "aggregate", []), MANY, life.FAILED)
    add(both, add_election(both, "other", "aggregate", []), 1, life.FAILED)
    with both.write() as connection:  # a phase that was stopped waits for nobody
        old = order.begin(connection, "one", "combine", "a run")
    add(both, old.id, 3, life.FAILED)
    with both.write() as connection:
        connection.execute(update(phases).where(phases.c.id == old.id).values(state="stopped"))
    service = service_of(both, "one")
    told = progress.progress(service)
    assert told["failed_chunks"] == MANY
    assert [one["ordinal"] for one in told["failed"]] == list(range(20))
    assert told["waiting_for"].startswith(f"{MANY} failed chunks wait for the officer's retry or verdict")
    assert work.retry_all(service) == MANY
    assert work.retry_all(service) == 0
    told = progress.progress(service)
    assert (told["failed_chunks"], told["failed"]) == (0, [])
    assert [one for one in told["events"] if "tried again" in one] == [f"{MANY} failed chunks are tried again"]
    with both.read() as connection:
        rows = connection.execute(select(chunks.c.state, chunks.c.errors, chunks.c.phase_id)).all()
    assert {(row.state, row.errors) for row in rows if row.phase_id == 1} == {(life.READY, 0)}
    assert {(row.state, row.errors) for row in rows if row.phase_id != 1} == {(life.FAILED, 3)}


def test_many_chunks_are_changed_as_they_are_once_nobody_else_changes_them(postgresql_tables):
    """Who waited for a chunk looks again: one that moved on meanwhile is left alone, the others are changed."""
    database = Database(postgresql_tables)
    add(database, add_election(database, "one", "aggregate", []), 4, life.HANDED)
    with database.write() as connection:
        connection.execute(update(chunks).values(handed_at=1.0))
    changed = []

    def change():
        with database.write() as connection:
            changed.append(life.change_all(connection, life.is_in(life.HANDED), state=life.READY, handed_at=None))

    second = threading.Thread(target=change)
    with database.write() as connection:
        connection.execute(update(chunks).where(chunks.c.ordinal == 0).values(state=life.RUNNING))
        connection.execute(update(chunks).where(chunks.c.ordinal == 1).values(published_at=5.0))
        second.start()
        until(lambda: waiting(database))
    second.join()
    with database.read() as connection:
        rows = connection.execute(select(chunks).order_by(chunks.c.ordinal)).all()
    database.close()
    assert changed == [3]
    assert [(row.state, row.handed_at) for row in rows] == [(life.RUNNING, 1.0), *3 * [(life.READY, None)]]
    assert rows[1].published_at == 5.0


def waiting(database):
    with database.read() as connection:
        of_others = "FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        return connection.execute(text(f"SELECT count(*) {of_others}")).scalar_one()
