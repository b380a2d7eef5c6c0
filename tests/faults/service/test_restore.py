"""The database is lost in mid-tally, the broker with it; a backup is restored into fresh ones."""

from pathlib import Path

import pytest
from sqlalchemy import select

from amarvote.backups.restoring import restore
from amarvote.backups.taking import take
from amarvote.pipeline import chunks as life
from amarvote.store.tables import chunks
from faults.service.outcome import check_outcome
from faults.service.stack import Stack, standing
from servers.postgresql import PostgreSQL
from servers.rabbitmq import RabbitMQ

pytestmark = pytest.mark.timeout(3000)


def test_restored_in_mid_tally(
    stack: Stack,
    postgresql_server: PostgreSQL,
    rabbitmq_server: RabbitMQ,
    tmp_path: Path,
    record_property,  # type: ignore[no-untyped-def]
) -> None:
    """Database and broker lost in mid-tally, chunks claimed and handed out; a backup restored into new ones."""
    stack.submit()
    stack.close_voting()
    stack.worker("gone", mishap="committed stop, asked stop")
    lost = stack.processes[-1]
    stack.wait(lambda: stack.chunks_done() and lost.is_stopped(), "a chunk is done")
    lost.wake()
    stack.wait(lambda: _number(stack, life.RUNNING) and lost.is_stopped(), "another one is claimed")
    running, handed = _number(stack, life.RUNNING), _number(stack, life.HANDED)
    assert handed, "messages wait in the broker"
    backup = take(stack.stage.url, tmp_path / "kept").backup
    lost.wake()
    stack.wait(lambda: stack.chunks_done() > 1, "the lost database went on meanwhile")
    stack.close()
    postgresql_server.drop_database(stack.database)

    database, vhost = postgresql_server.create_database(), rabbitmq_server.create_vhost()
    url = postgresql_server.url(database)
    restored = restore(backup.path, url)
    (held,) = restored.elections
    assert (held.state in ("closing", "counting"), held.ballots) == (True, len(stack.ballots))
    twin = stack.stage.moved_to(tmp_path / "twin", url)
    arguments = (postgresql_server, database, rabbitmq_server, vhost, stack.times)
    with standing(twin, stack.all_ballots, *arguments) as again:
        assert (_number(again, life.RUNNING), _number(again, life.HANDED)) == (running, handed)
        again.workers()
        check_outcome(again)
        assert [row.deaths for row in again.chunk_rows() if row.deaths] == [1] * running
    rabbitmq_server.delete_vhost(vhost)
    postgresql_server.drop_database(database)
    record_property("done", f"{running} claimed, {handed} handed out")


def _number(stack: Stack, state: str) -> int:
    with stack.stage.service.database.read() as connection:
        return len(connection.execute(select(chunks.c.id).where(chunks.c.state == state)).all())
