"""Private servers with a durable database, and the service's processes on them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from amarvote.pipeline import memory
from amarvote.store.database import Database
from amarvote.worker.addresses import BROKER, DATABASE
from bench.service import notes, worker
from servers.postgresql import PostgreSQL
from servers.processes import free_port
from servers.rabbitmq import RabbitMQ
from stack.places import postgresql_settings
from staging.rows import make_schema

ROOT = Path(__file__).parents[2]
AMARVOTE = Path(sys.executable).with_name("amarvote")
PATIENCE = 1800.0
TICKS = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """Something did not work that is no question of speed; with what the processes said."""


class Process:
    """One process of the service; ended with `stop`."""

    def __init__(self, name: str, command: list[str | Path], log: Path, environment: dict[str, str]) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as words:
            self._popen = subprocess.Popen(command, stdout=words, stderr=words, env=os.environ | environment)
        self.pid = self._popen.pid

    def ended(self) -> bool:
        """Has it ended by itself? BenchError where it failed."""
        if self._popen.poll():
            raise BenchError(f"{self.name} ended with {self._popen.returncode}: {self.last_words()}")
        return self._popen.returncode == 0

    def peak_mib(self) -> float:
        """The greatest resident memory so far."""
        return memory.held_kb(self.pid)[1] / 1024

    def processor_seconds(self) -> float:
        """Used so far."""
        return memory.processor_ticks(self.pid) / TICKS

    def child_peak_mib(self) -> float:
        """That of its only child."""
        listed = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return sum(memory.held_kb(int(pid))[1] for pid in listed) / 1024

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]

    def stop(self) -> None:
        """End it in order; kill it where that takes too long."""
        if self._popen.poll() is None:
            self._popen.send_signal(signal.SIGTERM)
            try:
                self._popen.wait(40)
            except subprocess.TimeoutExpired:
                self._popen.kill()
                self._popen.wait()


@dataclass
class Service:
    """A database and a virtual host of the broker, and what is started on them."""

    folder: Path
    url: str
    rabbitmq: RabbitMQ
    vhost: str
    database: Database
    processes: list[Process] = field(default_factory=list)

    def start(self, name: str, command: list[str | Path], **environment: str) -> Process:
        """A program that knows where database and broker are."""
        addresses = {
            DATABASE: self.url,
            BROKER: self.rabbitmq.url(self.vhost),
            "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}",
            notes.FOLDER: str(self.folder),
        }
        process = Process(name, command, self.folder / f"{name}.log", addresses | environment)
        self.processes.append(process)
        return process

    def worker(self, name: str, **settings: Any) -> Process:
        """A worker, once it is idle or at work; `settings` that differ from the defaults."""
        command: list[str | Path] = [sys.executable, "-m", "bench.service.worker", "--name", name]
        process = self.start(name, command, **{worker.SETTINGS: json.dumps(settings)}, **memory.ENVIRONMENT)
        question = f"SELECT 1 FROM workers WHERE name = '{name}' AND pid = {process.pid} AND step <> 'starting'"
        self.wait(lambda: self.ask(question), f"{name} is at work")
        return process

    def api(self) -> tuple[Process, str]:
        """A process of the API, once it is ready, and its address."""
        port = free_port()
        process = self.start("api", [AMARVOTE, "api", "--port", str(port)])
        root = f"http://127.0.0.1:{port}"
        self.wait(partial(_is_ready, root), "the API is ready")
        return process, root

    def notes_of(self, name: str) -> dict[str, Any]:
        """What a process that has ended noted."""
        return notes.read(self.folder, name)

    def stop(self, *processes: Process) -> None:
        """End these, or all."""
        for process in processes or tuple(self.processes):
            process.stop()
            self.processes.remove(process)

    def ask(self, question: str) -> list[Any]:
        """Rows, by plain SQL."""
        with self.database.read() as connection:
            return list(connection.exec_driver_sql(question))

    def wait(self, met: Callable[[], object], what: str, every: float = 0.1) -> None:
        """Look again and again; BenchError where it does not happen, or a process or a chunk fails meanwhile."""
        deadline = time.monotonic() + PATIENCE
        while not met():
            for process in self.processes:
                process.ended()
            for (reason,) in self.ask("SELECT reason FROM chunks WHERE state = 'failed' LIMIT 1"):
                raise BenchError(f"A chunk failed: {reason}")
            if time.monotonic() > deadline:
                said = "\n".join(f"{process.name}: {process.last_words()}" for process in self.processes)
                raise BenchError(f"It does not happen that {what}.\n{said}")
            time.sleep(every)


def _is_ready(root: str) -> bool:
    try:
        return httpx.get(f"{root}/health/ready", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


class Servers:
    """PostgreSQL and RabbitMQ, for everything that is measured.

    The former with the settings that are delivered: the tests' is quicker, and forgets what a dying machine takes.
    """

    def __init__(self) -> None:
        self._postgresql = PostgreSQL(base=postgresql_settings())
        try:
            self._rabbitmq = RabbitMQ()
        except BaseException:
            self._postgresql.close()
            raise

    @contextmanager
    def service(self) -> Iterator[Service]:
        """A service without rows or processes; everything is ended and removed with the block."""
        name, vhost = self._postgresql.create_database(), self._rabbitmq.create_vhost()
        url = self._postgresql.url(name)
        make_schema(url)
        database = Database(url)
        try:
            with TemporaryDirectory() as folder:
                service = Service(Path(folder), url, self._rabbitmq, vhost, database)
                try:
                    yield service
                finally:
                    service.stop()
        finally:
            database.close()
            self._rabbitmq.delete_vhost(vhost)
            self._postgresql.drop_database(name)

    def version(self) -> str:
        """In words."""
        ((said,),) = self._postgresql.run("SHOW server_version")
        return f"PostgreSQL {str(said).split()[0]}, RabbitMQ {self._rabbitmq.version()}"

    def close(self) -> None:
        """End both."""
        self._rabbitmq.close()
        self._postgresql.close()
