"""What a worker counts about itself, for Prometheus: one registry for one process."""

from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from amarvote.pipeline.pauses import Pauses

CHUNK_SECONDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
PAUSE_SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.5, 1.0)


class Metrics:
    """The `pipeline.watch.Watch` of a worker in a service."""

    def __init__(self, depths: Callable[[], Mapping[str, int]], troubles: Callable[[], list[str]]) -> None:
        """`depths` and `troubles` are asked when somebody reads the metrics."""
        self._registry = CollectorRegistry()
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
            "Resident memory of the parent and of its computing child.",
            ["process"],
            registry=self._registry,
        )
        self._pauses = _Pauses()
        self._registry.register(self._pauses)
        self._registry.register(_Now(depths, troubles))

    def claimed(self, phase: str) -> None:
        """An attempt begins."""
        self._attempts.labels(phase).inc()

    def ended(self, phase: str, outcome: str, seconds: float) -> None:
        """It ended, so long after it was claimed."""
        self._chunks.labels(phase, outcome).inc()
        self._seconds.labels(phase).observe(seconds)

    def expired(self, leases: int) -> None:
        """So many leases were found to have run out."""
        self._expired.inc(leases)

    def measured(self, own_kb: int, child_kb: int, pauses: list[float]) -> None:
        """Resident memory of parent and child, and pauses of the child."""
        self._pauses.add("parent", self._pauses.own.take())
        self._pauses.add("child", pauses)
        self._resident.labels("parent").set(own_kb << 10)
        self._resident.labels("child").set(child_kb << 10)

    def text(self) -> bytes:
        """Everything, in the format of Prometheus."""
        return generate_latest(self._registry)


class _Now(Collector):
    """What is looked up at the moment that somebody asks."""

    def __init__(self, depths: Callable[[], Mapping[str, int]], troubles: Callable[[], list[str]]) -> None:
        self._depths = depths
        self._troubles = troubles

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The depth of the queues, and whether anything is missing."""
        depth = GaugeMetricFamily("amarvote_queue_messages", "Messages, or chunks, that wait.", labels=["queue"])
        for name, number in self._depths().items():
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
