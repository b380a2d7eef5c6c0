"""What every process says of itself: which build it is, what it takes of the machine, its database connections."""

import platform
from collections.abc import Iterator
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from amarvote.store.database import Database


def registry(role: str, database: Database) -> CollectorRegistry:
    """A process's one registry, with what all roles share in it already."""
    disable_created_metrics()  # type: ignore[no-untyped-call]  # a series beside each counter: when it was made
    made = CollectorRegistry()
    build = Gauge(
        "amarvote_build_info",
        "Always 1; the labels say which build.",
        ["version", "python", "role"],
        registry=made,
    )
    build.labels(version("amarvote"), platform.python_version(), role).set(1)
    ProcessCollector(registry=made)
    made.register(_Connections(database))
    return made


class _Connections(Collector):
    """Looked up at the moment that somebody asks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The connections of this process."""
        family = GaugeMetricFamily(
            "amarvote_database_connections", "Connections of this process to the database.", labels=["state"]
        )
        for state, number in self._database.connections.items():
            family.add_metric([state], number)
        yield family
