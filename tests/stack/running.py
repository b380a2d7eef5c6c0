"""The running stack: everything in private folders and at free ports of this machine; all ends with the block."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Self

from amarvote.worker.addresses import BROKER, DATABASE, file_of
from servers import postgresql, processes, rabbitmq
from stack import places
from stack.keeping import Keeper
from stack.memory import Watcher
from stack.parts import Part, Program, Server
from stack.places import HOST

AMARVOTE = Path(sys.executable).with_name("amarvote")
QUICK = Path(__file__).with_name("quick.py")
QUICK_SCRAPES = "5s"
PROGRAMS = ("nginx", "prometheus", "prometheus-node-exporter", "prometheus-blackbox-exporter")


def missing() -> str | None:
    """The package that this machine lacks for a stack; None where it has all."""
    if postgresql.programs() is None:
        return "postgresql"
    if rabbitmq.program() is None:
        return "rabbitmq-server"
    return next((name for name in PROGRAMS if places.find(name) is None), None)


class Stack:
    """What runs within the block, by name in `parts`: postgres, rabbitmq, api-1 …, worker-1 …, nginx, prometheus,
    node-exporter, blackbox-exporter.

    A part that dies is started again, as the containers' restart policy does; one that was stopped is not.
    """

    def __init__(self, *, apis: int = 2, workers: int = 2, quick: bool = False) -> None:
        """`quick`: Prometheus asks more often than as deployed, and so do guardians' programs."""
        self._apis, self._workers, self._quick = apis, workers, quick
        self.program: list[str | Path] = [sys.executable, "-P", QUICK] if quick else [AMARVOTE]
        """What people start, in front of its arguments."""
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with self._open as opened:
            self._start()
            self._open = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    # ---- where things are

    @property
    def url(self) -> str:
        """Of the service, through nginx, for which the authority in the file `ca` vouches."""
        return f"https://{HOST}:{self.ports.tls}"

    @property
    def plain_url(self) -> str:
        """Where nginx sends people on to TLS."""
        return f"http://{HOST}:{self.ports.plain}"

    @property
    def prometheus_url(self) -> str:
        return f"http://{HOST}:{self.ports.prometheus}"

    @property
    def environment(self) -> dict[str, str]:
        """Of every process of the service: the addresses are in files."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AMARVOTE_")}
        files = {DATABASE: self.secrets / "database-url", BROKER: self.secrets / "broker-url"}
        return kept | {file_of(setting): str(file) for setting, file in files.items()}

    def url_of(self, name: str) -> str:
        """Where an API or a worker answers itself, past nginx."""
        return f"http://{HOST}:{self._listening[name]}"

    def of_kind(self, kind: str) -> list[Part]:
        """All of the kind `api`, or `worker`."""
        return [part for name, part in self.parts.items() if name.startswith(f"{kind}-")]

    # ---- what it does

    def amarvote(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """One of the program's commands, to its end."""
        command = [str(AMARVOTE), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, env=self.environment, check=False)

    def add_worker(self) -> Part:
        """Another worker, once it is up."""
        worker = self._worker()
        worker.start()
        self._tell_prometheus()
        self.keeper.keep(worker)
        return worker

    def remove_worker(self) -> None:
        """End the newest worker, for good."""
        worker = self.of_kind("worker")[-1]
        worker.stop()
        del self.parts[worker.name]
        self._tell_prometheus()

    def _start(self) -> None:
        self.parts: dict[str, Part] = {}
        self._listening: dict[str, int] = {}
        self.ports = places.Ports()
        self.folder = self._folder("stack")
        self.logs = self.folder / "logs"
        self.logs.mkdir()
        self.secrets = self.folder / "secrets"
        places.make_secrets(self.secrets, self.ports)
        self._start_servers()
        migrated = self.amarvote("db", "upgrade")
        if migrated.returncode != 0:
            raise processes.ServerError(f"The tables were not made: {migrated.stderr}")
        started = [self._api() for _ in range(self._apis)] + [self._worker() for _ in range(self._workers)]
        started += [self._proxy(), *self._watchers()]
        for program in started:
            program.begin()
        for program in started:
            program.await_up()
        self.memory = Watcher(lambda: list(self.parts.values()))
        self._open.callback(self.memory.close)
        self.keeper = Keeper()
        self._open.callback(self.keeper.stop)
        self._open.callback(self._stop)
        for part in self.parts.values():
            self.keeper.keep(part)

    def _stop(self) -> None:
        """Whoever needs others ends before them; the servers are closed afterwards, with their data."""
        for part in reversed(list(self.parts.values())):
            if isinstance(part, Server):
                part.wanted = False
            else:
                part.stop()

    # ---- its parts

    def _start_servers(self) -> None:
        database = postgresql.PostgreSQL(
            base=places.postgresql_settings(),
            user="postgres",
            password=places.secret(self.secrets, "postgres-password"),
            port=self.ports.postgresql,
        )
        self._open.callback(database.close)
        self.parts["postgres"] = Server("postgres", database)
        places.make_role(self.secrets, self.ports)
        broker = rabbitmq.RabbitMQ(
            places.rabbitmq_settings(self.ports),
            plugins=places.rabbitmq_plugins(),
            password=places.secret(self.secrets, "rabbitmq-password.conf"),
            port=self.ports.rabbitmq,
        )
        self._open.callback(broker.close)
        self.parts["rabbitmq"] = Server("rabbitmq", broker)

    def _api(self) -> Program:
        port = processes.free_port()
        command = [AMARVOTE, "api", "--port", str(port), "--proxy", HOST]
        return self._service("api", port, command, "/health/ready")

    def _worker(self) -> Program:
        port = processes.free_port()
        return self._service("worker", port, [AMARVOTE, "worker", "--health-port", str(port)], "/health/live")

    def _service(self, kind: str, port: int, command: list[str | Path], health: str) -> Program:
        name = f"{kind}-{len(self.of_kind(kind)) + 1}"
        self._listening[name] = port
        return self._program(name, command, f"{self.url_of(name)}{health}", environment=self.environment)

    def _proxy(self) -> Program:
        self.nginx = places.Nginx(self._folder("nginx", processes.unprivileged()), self.ports)
        self.nginx.write(self._listening_of("api"))
        self.ca = self.nginx.ca
        return self._program("nginx", self.nginx.command, self.plain_url, user=processes.unprivileged())

    def _watchers(self) -> Iterator[Program]:
        every = QUICK_SCRAPES if self._quick else None
        self._watched = places.Prometheus(self.folder / "prometheus", self.ports, every)
        self._tell_prometheus()
        for name, command, answers in self._watched.programs():
            yield self._program(name, command, answers)

    def _tell_prometheus(self) -> None:
        self._watched.write_targets(self._listening_of("api"), self._listening_of("worker"))

    def _listening_of(self, kind: str) -> list[int]:
        return [self._listening[part.name] for part in self.of_kind(kind)]

    def _program(
        self,
        name: str,
        command: list[str | Path],
        answers: str,
        environment: dict[str, str] | None = None,
        user: str | None = None,
    ) -> Program:
        up = partial(_answers, answers)
        made = Program(name, command, self.logs / name, up, environment=environment, user=user)
        self.parts[name] = made
        return made

    def _folder(self, name: str, owner: str | None = None) -> Path:
        made = processes.folder(name, owner)
        self._open.callback(processes.remove, made)
        return made


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


_asking = urllib.request.build_opener(_NoRedirect)


def _answers(url: str) -> bool:
    """Whether somebody answers there, and does not say that it cannot."""
    try:
        _asking.open(url, timeout=5).close()
    except urllib.error.HTTPError as problem:
        problem.close()
        return problem.code < 400
    except OSError:
        return False
    return True
