"""What everybody takes and does over time: Prometheus knows it of API and workers, the system of the others."""

import json
import threading
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from stack.running import Stack

LOOK_EVERY = 5.0
STEP = 15.0
"""As often as the deployment's Prometheus asks."""

TRIES = 5
MIB = 1 << 20
UNSEEN = ("node-exporter", "blackbox-exporter")
"""What tells about the others only."""

WORKERS = 'sum by (instance) (amarvote_worker_resident_bytes{moment="peak"})'
APIS = 'process_resident_memory_bytes{job="api"}'
BALLOTS_TAKEN = 'amarvote_api_requests_total{method="PUT",route="/elections/{election}/ballots",status="202"}'
CHUNKS_DONE = 'amarvote_chunks_total{outcome="done"}'
ERRORS = 'amarvote_api_requests_total{status=~"5..",route!~"/health/.*"}'
DEPTH = 'max(amarvote_queue_messages{queue="amarvote.chunks"})'


@dataclass(frozen=True, slots=True)
class Series:
    """Values of one thing, each with the minutes since the beginning."""

    name: str
    points: list[tuple[float, float]]

    @property
    def values(self) -> list[float]:
        return [value for _, value in self.points]


@dataclass(frozen=True, slots=True)
class Watched:
    """Everything that was seen: MiB by part, numbers a second, and what was counted."""

    memory: list[Series]
    rates: list[Series]
    chunks: int
    depth: float
    errors: int
    """Answers of the API with a status of 500 or more, but those to whoever asks how it is."""

    errors_outside: int
    """Such answers as people got them, from nginx."""


class Watching:
    """Looks every few seconds at what Prometheus is not told; from its making to `close`."""

    def __init__(self, stack: Stack, began: float) -> None:
        self._stack = stack
        self._began = began
        self._memory: dict[str, list[tuple[float, float]]] = {}
        self.troubles: list[str] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watching", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while True:
            at = self._minutes(time.time())
            for name, used_kb in self._stack.memory.now().items():
                if name not in UNSEEN and name not in self._instances().values() and used_kb:
                    self._memory.setdefault(name, []).append((at, used_kb / 1024))
            if self._over.wait(LOOK_EVERY):
                return

    def seen(self) -> Watched:
        """Everything until now; the stack must be running still."""
        names = self._instances()
        of_service = [
            Series(names[labels["instance"]], [(at, value / MIB) for at, value in points])
            for question in (APIS, WORKERS)
            for labels, points in self._ask(question)
            if labels["instance"] in names
        ]
        memory = sorted(of_service, key=lambda one: one.name) + [
            Series(name, points) for name, points in self._memory.items()
        ]
        rates = [
            Series(name, [point for _, points in self._ask(f"sum(rate({counter}[1m]))") for point in points])
            for name, counter in (("ballots", BALLOTS_TAKEN), ("chunks", CHUNKS_DONE))
        ]
        return Watched(
            memory,
            rates,
            self._counted(CHUNKS_DONE),
            max((value for _, points in self._ask(DEPTH) for _, value in points), default=0.0),
            self._counted(ERRORS),
            self._errors_outside(),
        )

    def _instances(self) -> dict[str, str]:
        """Names of API and workers, by where Prometheus asks them."""
        parts = self._stack.of_kind("api") + self._stack.of_kind("worker")
        return {self._stack.url_of(part.name).removeprefix("http://"): part.name for part in parts}

    def _counted(self, counter: str) -> int:
        """What a counter came to, over all its series and over the deaths of whoever counts."""
        return round(sum(risen(points) for _, points in self._ask(counter)))

    def _errors_outside(self) -> int:
        with self._stack.nginx.access_log.open(encoding="utf-8", errors="replace") as lines:
            return sum(status_of(line) >= 500 for line in lines)

    def _ask(self, question: str) -> list[tuple[dict[str, str], list[tuple[float, float]]]]:
        """Labels and points of each series of the answer; one that does not come is a trouble."""
        asked = {"query": question, "start": self._began, "end": time.time(), "step": STEP}
        url = f"{self._stack.prometheus_url}/api/v1/query_range?{urllib.parse.urlencode(asked)}"
        problem: Exception | None = None
        for _ in range(TRIES):
            try:
                with urllib.request.urlopen(url, timeout=30) as answer:
                    result = json.load(answer)["data"]["result"]
                return [(one["metric"], self._points(one["values"])) for one in result]
            except (OSError, HTTPException, ValueError, KeyError) as unanswered:
                problem = unanswered
                time.sleep(1.0)
        self.troubles.append(f"Prometheus does not answer {question}: {problem!r}")
        return []

    def _points(self, values: list[list[Any]]) -> list[tuple[float, float]]:
        return [(self._minutes(float(at)), float(value)) for at, value in values]

    def _minutes(self, at: float) -> float:
        return (at - self._began) / 60


def risen(points: list[tuple[float, float]]) -> float:
    """By how much a counter rose that began at nought, and again whenever its process was started anew."""
    before, total = 0.0, 0.0
    for _, value in points:
        total += value - before if value >= before else value
        before = value
    return total


def status_of(line: str) -> int:
    """Of a line of nginx's access log; 0 where it has none."""
    words = line.split()
    return int(words[3]) if len(words) > 3 and words[3].isdigit() else 0
