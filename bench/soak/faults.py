"""Something breaks now and then: by chance, but the same again with the same seed."""

import os
import random
import signal
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException

from stack.memory import tree
from stack.parts import Part
from stack.running import Stack

EVERY = (15.0, 45.0)
"""Seconds from everybody's being up again to the next fault."""

STANDING = (5.0, 40.0)
"""Seconds that a worker stands still: its claims last for 30."""

PATIENCE = 120.0
DATABASE = VHOST = "amarvote"

WORKER_KILLED = "kill -9 of a worker"
CHILD_KILLED = "kill -9 of a worker's child"
API_KILLED = "kill -9 of a replica of the API"
WORKER_ENDED = "SIGTERM to a worker"
WORKER_STANDS = "a worker stands still"
POSTGRES_RESTARTED = "restart of PostgreSQL"
RABBITMQ_RESTARTED = "restart of RabbitMQ"
POSTGRES_CUT = "connections to PostgreSQL cut"
RABBITMQ_CUT = "connections to RabbitMQ cut"
NGINX_RELOADED = "nginx reads its files again"
KINDS = (
    WORKER_KILLED,
    CHILD_KILLED,
    API_KILLED,
    WORKER_ENDED,
    WORKER_STANDS,
    POSTGRES_RESTARTED,
    RABBITMQ_RESTARTED,
    POSTGRES_CUT,
    RABBITMQ_CUT,
    NGINX_RELOADED,
)


class FaultError(Exception):
    """A fault did not come about, or was not recovered from."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What was done to which part at `at` (seconds since 1970), and how long until everybody was ready again."""

    at: float
    kind: str
    part: str
    seconds: float


class Order:
    """Which fault comes next, after how long: each kind equally often, in an order that the seed decides."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._left: list[str] = []

    def pause(self) -> float:
        return self._random.uniform(*EVERY)

    def standing(self) -> float:
        return self._random.uniform(*STANDING)

    def kind(self) -> str:
        if not self._left:
            self._left = list(KINDS)
            self._random.shuffle(self._left)
        return self._left.pop()

    def one_of(self, parts: list[Part]) -> Part:
        return self._random.choice(parts)


class Faults:
    """Strikes in a thread of its own, from `start` to `close`. Who dies is started again by the stack."""

    def __init__(self, stack: Stack, seed: int) -> None:
        self._stack = stack
        self._order = Order(seed)
        self._over = threading.Event()
        self._rest = threading.Lock()
        self._ended = Counter({part.name: part.revivals for part in stack.parts.values()})
        self.struck: list[Fault] = []
        self.troubles: list[str] = []
        """What did not come back, or ended without having been struck."""
        self._thread = threading.Thread(target=self._run, name="faults", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self.look_for_deaths()

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Within the block nothing is struck, and everybody is up."""
        with self._rest:
            yield

    def _run(self) -> None:
        while not self._over.wait(self._order.pause()):
            with self._rest:
                if self._over.is_set():
                    return
                self.look_for_deaths()
                kind = self._order.kind()
                try:
                    self.strike(kind)
                except Exception as problem:  # noqa: BLE001 - is counted; the others go on
                    self.troubles.append(f"{kind}: {type(problem).__name__}: {problem}")

    def strike(self, kind: str) -> None:
        """Do it to one of those whom it can befall; returns once everybody is ready again."""
        part = self._order.one_of(self._whom(kind))
        at, began = time.time(), time.monotonic()
        try:
            self._deeds()[kind](part)
            self._wait(self._ready, "everybody is ready again")
        finally:
            self.struck.append(Fault(at, kind, part.name, time.monotonic() - began))

    def _whom(self, kind: str) -> list[Part]:
        if "PostgreSQL" in kind:
            return [self._stack.parts["postgres"]]
        if "RabbitMQ" in kind:
            return [self._stack.parts["rabbitmq"]]
        if kind == NGINX_RELOADED:
            return [self._stack.parts["nginx"]]
        return self._stack.of_kind("api" if kind == API_KILLED else "worker")

    def _deeds(self) -> dict[str, Callable[[Part], None]]:
        return {
            WORKER_KILLED: lambda part: self._end(part, signal.SIGKILL),
            CHILD_KILLED: self._kill_child,
            API_KILLED: lambda part: self._end(part, signal.SIGKILL),
            WORKER_ENDED: lambda part: self._end(part, signal.SIGTERM),
            WORKER_STANDS: self._stop_for_a_while,
            POSTGRES_RESTARTED: lambda part: self._end(part, signal.SIGINT),
            RABBITMQ_RESTARTED: lambda part: self._end(part, signal.SIGTERM),
            POSTGRES_CUT: lambda part: part.server.cut_connections(DATABASE),
            RABBITMQ_CUT: lambda part: part.server.cut_connections(VHOST),
            NGINX_RELOADED: lambda part: os.kill(_pid(part), signal.SIGHUP),
        }

    def _end(self, part: Part, number: signal.Signals) -> None:
        """Its first process gets the signal; the stack starts the part again."""
        before = _pid(part)
        self._ended[part.name] += 1
        os.kill(before, number)
        self._wait(lambda: part.pid not in (None, before), f"{part.name} is started again")

    def _kill_child(self, part: Part) -> None:
        self._wait(lambda: tree(_pid(part))[1:], f"{part.name} has a child")
        for child in tree(_pid(part))[1:]:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    def _stop_for_a_while(self, part: Part) -> None:
        stopped = _pid(part)
        os.kill(stopped, signal.SIGSTOP)
        try:
            self._over.wait(self._order.standing())
        finally:
            os.kill(stopped, signal.SIGCONT)

    def look_for_deaths(self) -> None:
        """Who was started again more often than it was ended here?"""
        for part in list(self._stack.parts.values()):
            by_itself = part.revivals - self._ended[part.name]
            if by_itself > 0:
                self._ended[part.name] += by_itself
                self.troubles.append(f"{part.name} ended by itself")

    def _ready(self) -> bool:
        """Is everybody alive, and do API and workers say that they can do their work?"""
        stack = self._stack
        if not all(part.is_alive() for part in stack.parts.values()):
            return False
        services = stack.of_kind("api") + stack.of_kind("worker")
        return all(_says_ready(f"{stack.url_of(part.name)}/health/ready") for part in services)

    def _wait(self, met: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not met() and not self._over.is_set():
            if time.monotonic() > deadline:
                raise FaultError(f"It does not happen within {PATIENCE:.0f} s that {what}.")
            time.sleep(0.1)


def _pid(part: Part) -> int:
    pid = part.pid
    if pid is None:
        raise FaultError(f"{part.name} does not run.")
    return pid


def _says_ready(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=10).close()
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return False
    except (OSError, HTTPException):
        return False
    return True
