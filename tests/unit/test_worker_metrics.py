"""What a worker counts, and that nobody who reads it waits for anybody."""

from types import SimpleNamespace

import pytest

from amarvote.pipeline import memory, watch
from amarvote.pipeline.chunks import Claim
from amarvote.pipeline.watch import Memory
from amarvote.worker.metrics import Metrics
from staging.rows import fresh_database

CLAIM = Claim(17, 1, "accept", 1, "of nobody's concern here", chunk=None)


@pytest.fixture
def database(tmp_path):
    database = fresh_database(tmp_path)
    yield database
    database.close()


def test_what_is_counted(database):
    queue = SimpleNamespace(depths={"amarvote.chunks": 3})
    broker = SimpleNamespace(trouble="", connections=2)
    metrics = Metrics(database, queue, broker, lambda: ["something is missing"])
    metrics.claimed(CLAIM, Memory(1, 2))
    metrics.ended(CLAIM, watch.DEATH, 2.0, Memory(1024, 4096), Memory(1024, 2048))
    metrics.expired(2)
    metrics.measured(1024, 2048, [0.0005, 0.15, 3.0])
    said = metrics.text().decode().splitlines()
    for line in (
        'amarvote_chunk_attempts_total{phase="accept"} 1.0',
        'amarvote_chunks_total{outcome="death",phase="accept"} 1.0',
        'amarvote_chunk_seconds_bucket{le="3.0",phase="accept"} 1.0',
        "amarvote_leases_expired_total 2.0",
        'amarvote_worker_resident_bytes{moment="before",process="child"} 2048.0',
        'amarvote_worker_resident_bytes{moment="peak",process="child"} 4.194304e+06',
        'amarvote_worker_resident_bytes{moment="after",process="child"} 2.097152e+06',
        'amarvote_worker_resident_bytes{moment="after",process="parent"} 1.048576e+06',
        'amarvote_queue_messages{queue="amarvote.chunks"} 3.0',
        "amarvote_worker_troubles 1.0",
        "amarvote_database_up 1.0",
        "amarvote_broker_up 1.0",
        "amarvote_broker_connections_total 2.0",
        'amarvote_collector_pause_seconds_bucket{le="0.2",process="child"} 2.0',
        'amarvote_collector_pause_seconds_bucket{le="+Inf",process="child"} 3.0',
    ):
        assert line in said
    assert CLAIM.election_id not in "".join(said)


def test_what_nobody_knows_is_not_said(database):
    """A depth that was heard before the broker went away is none."""
    queue = SimpleNamespace(depths={"amarvote.chunks": 3})
    broker = SimpleNamespace(trouble="The broker does not serve us.", connections=2)
    metrics = Metrics(database, queue, broker, list)
    said = metrics.text().decode()
    assert "amarvote_broker_up 0.0" in said
    assert "amarvote_queue_messages{" not in said
    assert "amarvote_broker" not in Metrics(database, queue, None, list).text().decode()
    away = SimpleNamespace(trouble="It does not answer.", connections={"idle": 0, "in_use": 0})
    said = Metrics(away, queue, None, list).text().decode()
    assert "amarvote_database_up 0.0" in said
    assert "amarvote_queue_messages{" not in said


def test_a_worker_without_a_limit_has_the_one_of_law_7(monkeypatch, database):
    monkeypatch.setattr(memory, "limit_bytes", lambda: None)
    said = Metrics(database, SimpleNamespace(depths={}), None, list).text().decode()
    assert "amarvote_worker_memory_limit_bytes 2.097152e+08" in said
