"""The database goes away, cuts, refuses, is full; what was answered is kept, what was not is asked again."""

import random
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest

from faults.service.chaos import fault_of
from faults.service.election import make_ballots
from faults.service.outcome import check_outcome
from faults.service.stack import Api, Stack, standing
from faults.service.times import Times
from servers import processes
from servers.postgresql import PostgreSQL
from servers.rabbitmq import RabbitMQ
from servers.small_disk import SmallDisk, small_disk
from staging.people import Guardians
from staging.stage import Stage

pytestmark = pytest.mark.timeout(3000)


def _under_way(stack: Stack) -> None:
    before = stack.chunks_done()
    stack.wait(lambda: stack.chunks_done() >= before + 2, "work is under way", stack.guardians_answer)


def _vote_on_and_close(stack: Stack, api: Api, first: int) -> None:
    """PostgreSQL is started again, and takes the ballots from the one that it was away for."""
    stack.postgresql.start()
    for ballot in stack.ballots[first:]:
        assert stack.insist(lambda: api, ballot).status_code == 202
    stack.ask(stack.close_voting)


@pytest.mark.parametrize("how", [pytest.param("stop", marks=pytest.mark.chaos), "kill"])
def test_restarted(stack: Stack, how: str, record_property) -> None:  # type: ignore[no-untyped-def]
    """PostgreSQL stopped and started, or killed and recovered, in the middle."""
    api = stack.ready_api()
    stack.workers()
    half = len(stack.ballots) // 2
    for ballot in stack.ballots[:half]:
        assert stack.put_ballot(api, ballot).status_code == 202
    getattr(stack.postgresql, how)()
    stack.worker("started while it is away")
    answer = stack.put_ballot(api, stack.ballots[half])
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Content-Type"] == "application/problem+json"
    _vote_on_and_close(stack, api, half)
    for _ in range(stack.times.rounds):
        _under_way(stack)
        getattr(stack.postgresql, how)()
        time.sleep(random.Random(how).uniform(0.1, 1.0))
        stack.postgresql.start()
    check_outcome(stack)
    record_property("done", f"{1 + stack.times.rounds} times")


@pytest.mark.chaos
def test_connections_cut(stack: Stack, record_property) -> None:  # type: ignore[no-untyped-def]
    """PostgreSQL cuts every connection, again and again."""
    api = stack.ready_api()
    stack.workers()
    cut = 0
    for number, ballot in enumerate(stack.ballots):
        if number % 4 == 3:
            cut += stack.postgresql.cut_connections(stack.database)
        assert stack.insist(lambda: api, ballot).status_code == 202
    stack.ask(stack.close_voting)
    while stack.state() != "published":
        before = stack.chunks_done()
        stack.wait(
            lambda before=before: stack.chunks_done() >= before + 3 or stack.state() == "published",  # type: ignore[misc]
            "work goes on",
            stack.guardians_answer,
        )
        cut += stack.postgresql.cut_connections(stack.database)
    check_outcome(stack)
    record_property("done", f"{cut} connections")


SOMETIMES = """
CREATE FUNCTION sometimes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF random() < 0.15 THEN RAISE EXCEPTION 'a test' USING ERRCODE = TG_ARGV[0]; END IF;
    RETURN NULL;
END $$
"""


@pytest.mark.chaos
@pytest.mark.parametrize(("name", "code"), [("serialization failure", "40001"), ("deadlock", "40P01")])
def test_transactions_refused(stack: Stack, name: str, code: str, record_property) -> None:  # type: ignore[no-untyped-def]
    """PostgreSQL ends 15 of 100 statements that change chunks or ballots, each time others."""
    stack.postgresql.run(SOMETIMES, stack.database)
    for table in ("chunks", "ballots"):
        stack.postgresql.run(
            f"CREATE TRIGGER sometimes BEFORE INSERT OR UPDATE ON {table}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION sometimes('{code}')",
            stack.database,
        )
    api = stack.ready_api()
    stack.workers()
    for ballot in stack.ballots:
        assert stack.insist(lambda: api, ballot).status_code == 202
    stack.ask(stack.close_voting)
    stack.wait(lambda: stack.state() == "waiting_for_guardians", "the guardians are asked")
    stack.postgresql.run("ALTER TABLE chunks DISABLE TRIGGER sometimes", stack.database)  # the guardians' part
    stack.guardians_answer()
    stack.postgresql.run("ALTER TABLE chunks ENABLE TRIGGER sometimes", stack.database)
    check_outcome(stack)
    assert all(row.errors == 0 for row in stack.chunk_rows()), "it is no error of a chunk"
    record_property("done", name)


@pytest.mark.parametrize("tablespace", ["small"])
def test_full_disk(full_disk: SmallDisk, stack: Stack, record_property) -> None:  # type: ignore[no-untyped-def]
    """A full disk under the database's tables, while ballots come in and while they are counted."""
    api = stack.ready_api()
    stack.workers()
    half = len(stack.ballots) // 2
    for ballot in stack.ballots[:half]:
        assert stack.put_ballot(api, ballot).status_code == 202
    refused = 0
    full_disk.fill()
    for ballot in stack.ballots[half:]:
        refused += stack.put_ballot(api, ballot).status_code == 503
        if refused == 2:
            break
    assert refused == 2, "what could not be stored was not taken"
    full_disk.free()
    for ballot in stack.ballots[half:]:
        assert stack.insist(lambda: api, ballot).status_code == 202
    stack.close_voting()
    for _ in range(stack.times.rounds):
        _under_way(stack)
        full_disk.fill()
        time.sleep(3.0)
        full_disk.free()
    check_outcome(stack)
    record_property("done", f"{1 + stack.times.rounds} times")


@pytest.fixture
def on_small_disk(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    plain_guardians: Guardians,
    plain_manifest: bytes,
    rabbitmq_server: RabbitMQ,
    rabbitmq_url: str,
    times: Times,
) -> Iterator[tuple[Stack, SmallDisk]]:
    """A stack with a PostgreSQL of its own, of which everything lies on one small disk, as it is deployed."""
    request.node.user_properties.append(("fault", fault_of(request)))
    with small_disk(192, processes.unprivileged()) as disk, closing(PostgreSQL(disk=disk.path)) as server:
        database = server.create_database()
        stage = Stage(tmp_path, plain_guardians, plain_manifest, devices=2, url=server.url(database))
        stage.prepare(voters=times.ballots)
        ballots = make_ballots(stage, times.ballots)
        vhost = rabbitmq_url.rpartition("/")[2]
        with standing(stage, ballots, server, database, rabbitmq_server, vhost, times) as stack:
            yield stack, disk


@pytest.mark.chaos
def test_full_disk_under_the_log_as_well(on_small_disk, record_property) -> None:  # type: ignore[no-untyped-def]
    """A disk too full for PostgreSQL's log as well: it ends, and is started again once there is room."""
    stack, disk = on_small_disk
    api = stack.ready_api()
    stack.workers()
    half = len(stack.ballots) // 2
    for ballot in stack.ballots[:half]:
        assert stack.put_ballot(api, ballot).status_code == 202
    _fill_until_it_ends(stack, disk)
    assert stack.put_ballot(api, stack.ballots[half]).status_code == 503
    disk.free()
    _vote_on_and_close(stack, api, half)
    for _ in range(stack.times.rounds):
        _under_way(stack)
        _fill_until_it_ends(stack, disk)
        time.sleep(3.0)
        disk.free()
        stack.postgresql.start()
    check_outcome(stack)
    record_property("done", f"{1 + stack.times.rounds} times")


def _fill_until_it_ends(stack: Stack, disk: SmallDisk) -> None:
    """Somebody else writes into its log until there is no room, not even when it recovers and frees some."""

    def write() -> None:
        disk.fill()
        with suppress(psycopg.Error):
            stack.postgresql.run("SELECT pg_logical_emit_message(false, 'a test', repeat('x', 500000))")

    stack.wait(lambda: stack.postgresql.pid is None, "PostgreSQL ends", write)
