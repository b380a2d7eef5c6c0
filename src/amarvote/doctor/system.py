"""Where everything is that is looked at, and what several checks ask for."""

from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Row, make_url, select

from amarvote.pipeline.handing import ENDED
from amarvote.pipeline.settings import DEFAULTS, Settings
from amarvote.store.clock import now
from amarvote.store.database import Database
from amarvote.store.tables import workers

RABBITMQ_PORT = 15692
"""Of RabbitMQ's own metrics: its plugin rabbitmq_prometheus, which takes little memory; management takes much."""

ANSWER_SECONDS = 5.0
LARGEST_ANSWER = 16 << 20
OK = 200

Series = list[tuple[dict[str, str], float]]
"""Labels and values of one metric."""


@dataclass(frozen=True)
class System:
    """What the operator named; None and empty where nothing was."""

    database: Database
    broker: str | None = None
    rabbitmq: str | None = None
    """Where RabbitMQ shows its metrics; by default on the broker's host."""
    api: str | None = None
    ca: Path | None = None
    backups: Path | None = None
    secrets: tuple[Path, ...] = ()
    """Files that hold addresses with passwords."""
    processes: Path = Path("/proc")
    groups: Path = Path("/sys/fs/cgroup")
    settings: Settings = field(default=DEFAULTS)

    @property
    def database_file(self) -> Path | None:
        """The database where it is a file, on a laptop: there is no other machine then, and no broker."""
        address = make_url(self.database.url)
        sqlite = address.get_backend_name() == "sqlite"
        return Path(address.database).absolute() if sqlite and address.database else None

    def workers(self) -> list[Row[Any]]:
        """Those whose hearts beat."""
        alive = workers.c.beat_at > now() - self.settings.lost_worker_seconds
        with self.database.read() as connection:
            return list(
                connection.execute(select(workers).where(alive, workers.c.step != ENDED).order_by(workers.c.name))
            )

    def rabbitmq_address(self) -> str | None:
        """Where RabbitMQ's metrics are; None without a broker."""
        if self.broker is None or self.rabbitmq is not None:
            return self.rabbitmq
        return f"http://{urlsplit(self.broker).hostname}:{RABBITMQ_PORT}"


@dataclass(frozen=True, slots=True)
class Told:
    """What RabbitMQ's metrics say, and when by its clock."""

    series: dict[str, Series]
    date: str | None

    def of(self, name: str, **labels: str) -> Series:
        """The series of a metric that have these labels."""
        return [one for one in self.series.get(name, []) if labels.items() <= one[0].items()]


class SilentError(Exception):
    """Nobody gives the metrics that were asked for."""


def metrics_at(address: str, path: str) -> Told:
    """The metrics at `path` below an address; SilentError."""
    parts = urlsplit(address)
    try:
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=ANSWER_SECONDS)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            text = answer.read(LARGEST_ANSWER).decode("utf-8", "replace")
        finally:
            connection.close()
        if answer.status != OK:
            raise SilentError(f"{address} answers {answer.status}")
        series: dict[str, Series] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                series.setdefault(sample.name, []).append((dict(sample.labels), sample.value))
    except (OSError, HTTPException, ValueError) as problem:
        raise SilentError(f"{address} gives no metrics: {problem}") from None
    return Told(series, answer.headers.get("Date"))
