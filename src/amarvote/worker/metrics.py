"""What Prometheus reads of a worker: its chunks, its memory, what it sees of the queue."""

from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Protocol

from prometheus_client import Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from amarvote.observability.process import registry
from amarvote.pipeline import memory
from amarvote.pipeline.chunks import Claim
from amarvote.pipeline.pauses import Pauses
from amarvote.pipeline.queue import Queue
from amarvote.pipeline.watch import Memory, Watch
from amarvote.store.database import Database

CHUNK_SECONDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
PAUSE_SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.5, 1.0)

MOST_BYTES = 200 << 20
"""What a worker may take, parent and child together (law 7), where the system sets it no limit."""


class Broker(Protocol):
    """The connection to a broker."""

    trouble: str
    connections: int


class Metrics(Watch):
    """Counts in one registry."""

    def __init__(
        self, database: Database, queue: Queue, broker: Broker | None, troubles: Callable[[], list[str]]
    ) -> None:
        """What is given here is asked when somebody reads the metrics."""
        self._registry = registry("worker", database)
        self._attempts = Counter(
            "amarvote_chunk_attempts", "Chunks claimed, each time counted.", ["phase"], registry=self._registry
        )
        self._chunks = Counter(
            "amarvote_chunks", "Attempts that ended, by how.", ["phase", "outcome"], registry=self._registry
        )
        self._seconds = Histogram(
            "amarvote_chunk_seconds",
            "Seconds from the claim of a chunk to its commit.",
            ["phase"],
            buckets=CHUNK_SECONDS,
            registry=self._registry,
        )
        self._expired = Counter(
            "amarvote_leases_expired",
            "Leases, of any worker, that this one found to have run out.",
            registry=self._registry,
        )
        self._resident = Gauge(
            "amarvote_worker_resident_bytes",
            "Resident memory of the parent and of its computing child before, during and after the last chunk.",
            ["process", "moment"],
            registry=self._registry,
        )
        limit = Gauge(
            "amarvote_worker_memory_limit_bytes", "What both together may take.", registry=self._registry
        )
        limit.set(memory.limit_bytes() or MOST_BYTES)
        self._pauses = _Pauses()
        self._registry.register(self._pauses)
        self._registry.register(_Now(database, queue, broker, troubles))

    def claimed(self, claim: Claim, before: Memory) -> None:
        """An attempt begins."""
        self._attempts.labels(claim.phase).inc()
        self._holds("before", before)

    def ended(self, claim: Claim, outcome: str, seconds: float, peak: Memory, after: Memory) -> None:
        """It ended, so long after it was claimed."""
        self._chunks.labels(claim.phase, outcome).inc()
        self._seconds.labels(claim.phase).observe(seconds)
        self._holds("peak", peak)
        self._holds("after", after)

    def _holds(self, moment: str, held: Memory) -> None:
        self._resident.labels("parent", moment).set(held.own_kb << 10)
        self._resident.labels("child", moment).set(held.child_kb << 10)

    def expired(self, leases: int) -> None:
        """So many leases were found to have run out."""
        self._expired.inc(leases)

    def measured(self, own_kb: int, child_kb: int, pauses: list[float]) -> None:  # noqa: ARG002 - others watch it
        """Pauses of the child; those of the parent are known here."""
        self._pauses.add("parent", self._pauses.own.take())
        self._pauses.add("child", pauses)

    def text(self) -> bytes:
        """Everything, in the format of Prometheus."""
        return generate_latest(self._registry)


class _Now(Collector):
    """What is looked up at the moment that somebody asks; nobody is waited for."""

    def __init__(
        self, database: Database, queue: Queue, broker: Broker | None, troubles: Callable[[], list[str]]
    ) -> None:
        self._database = database
        self._queue = queue
        self._broker = broker
        self._troubles = troubles

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """Who answers, and what waits, as long as all answer who know."""
        up, broker = not self._database.trouble, self._broker
        yield GaugeMetricFamily("amarvote_database_up", "Does the database answer?", value=up)
        if broker is not None:
            yield GaugeMetricFamily("amarvote_broker_up", "Does the broker serve us?", value=not broker.trouble)
            yield CounterMetricFamily(
                "amarvote_broker_connections", "Connections made to the broker.", value=broker.connections
            )
        depth = GaugeMetricFamily("amarvote_queue_messages", "Messages, or chunks, that wait.", labels=["queue"])
        if up and (broker is None or not broker.trouble):
            for name, number in self._queue.depths.items():
                depth.add_metric([name], number)
        yield depth
        troubles = len(self._troubles())
        yield GaugeMetricFamily("amarvote_worker_troubles", "Parts that do not answer.", value=troubles)


class _Pauses(Collector):
    """How long collecting garbage held up the parent and its child."""

    def __init__(self) -> None:
        self.own = Pauses()
        self._counted = {name: ([0] * (len(PAUSE_SECONDS) + 1), [0.0]) for name in ("parent", "child")}

    def add(self, process: str, pauses: list[float]) -> None:
        """Count pauses of the parent or the child."""
        counts, total = self._counted[process]
        for seconds in pauses:
            counts[sum(seconds > bound for bound in PAUSE_SECONDS)] += 1
            total[0] += seconds

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """The histograms."""
        family = HistogramMetricFamily(
            "amarvote_collector_pause_seconds", "Pauses for collecting garbage.", labels=["process"]
        )
        bounds = [*map(str, PAUSE_SECONDS), "+Inf"]
        for process, (counts, total) in self._counted.items():
            family.add_metric([process], list(zip(bounds, accumulate(counts), strict=True)), total[0])
        yield family
