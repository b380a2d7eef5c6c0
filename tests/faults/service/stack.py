"""The service's real processes around one election, and what must be true of it after whatever happened."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
from sqlalchemy import func, select

import plain_http
from amarvote.elections import officer
from amarvote.pipeline import chunks as life
from amarvote.store.database import DatabaseError, is_passing
from amarvote.store.tables import chunks
from faults.service import program
from faults.service.election import Ballot
from faults.service.times import Times
from servers.cut_proxy import CutProxy
from servers.postgresql import PostgreSQL
from servers.processes import dies_with_us, free_port
from servers.rabbitmq import RabbitMQ
from staging.stage import Stage

TESTS = Path(__file__).parents[2]
GUARDIANS = [1, 2]
OFTEN, SELDOM = 0.03, 0.1
"""Seconds between two looks: at chunks, which last no longer; at what lasts seconds."""

Answer = TypeVar("Answer")


def path_of(tree: Path | None) -> str:
    """Where Python finds the tests' programs, before whatever the environment says; those of another tree and that
    tree's `amarvote` where one is given.
    """
    if tree is not None:
        return os.pathsep.join([str(tree / "tests"), str(tree / "src")])
    return os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")]))


class Process:
    """One of the service's processes, with what it said."""

    def __init__(
        self, name: str, command: list[str], log: Path, environment: Mapping[str, str], tree: Path | None = None
    ) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as words:
            self._popen = subprocess.Popen(
                command,
                stdout=words,
                stderr=words,
                preexec_fn=dies_with_us,
                env={**os.environ, "PYTHONPATH": path_of(tree), **environment},
            )
        self.pid = self._popen.pid

    def is_alive(self) -> bool:
        return self._popen.poll() is None

    def is_stopped(self) -> bool:
        """Does it stand still (SIGSTOP)?"""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    def child(self) -> int | None:
        """Its only child, if it has one."""
        try:
            listed = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        except OSError:
            return None
        return int(listed[0]) if listed else None

    def send(self, number: signal.Signals) -> None:
        self._popen.send_signal(number)

    def wake(self) -> None:
        """Ends its standing still."""
        self.send(signal.SIGCONT)

    def kill(self) -> None:
        self._popen.kill()
        self._popen.wait()

    def wait(self, seconds: float = 60.0) -> int:
        return self._popen.wait(seconds)

    def said(self) -> str:
        return self.log.read_text(errors="replace")


class Api(Process):
    """A replica of the API at `url`."""

    root: str
    url: str
    """Below its root, the election's."""

    def is_ready(self) -> bool:
        try:
            return plain_http.get(f"{self.root}/health/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False


class Stack:
    """An election in PostgreSQL, a virtual host of RabbitMQ, and the processes that a test starts between them."""

    def __init__(
        self,
        stage: Stage,
        ballots: Sequence[Ballot],
        postgresql: PostgreSQL,
        database: str,
        rabbitmq: RabbitMQ,
        vhost: str,
        times: Times,
    ) -> None:
        self.stage = stage
        self.ballots = ballots[: times.ballots]
        self.all_ballots = ballots
        self.postgresql = postgresql
        self.database = database
        self.rabbitmq = rabbitmq
        self.vhost = vhost
        self.times = times
        self.processes: list[Process] = []
        self._proxies: list[CutProxy] = []
        self._started = 0

    # ---- processes

    def worker(
        self,
        name: str | None = None,
        *,
        mishap: str = "",
        poison: str = "",
        database_port: int | None = None,
        broker_port: int | None = None,
        host: str = "127.0.0.1",
        prefix: Sequence[str] = (),
        tree: Path | None = None,
    ) -> Process:
        """`mishap` and `poison` as `program` says; ports and host for a way round; `prefix` before the command;
        `tree` of another commit, whose program it is.
        """
        self._started += 1
        name = name or f"worker-{self._started}"
        environment = self._addresses(database_port, broker_port, host)
        if mishap:
            environment[program.MISHAP] = mishap
        if poison:
            environment[program.POISON] = poison
        command = [*prefix, *self._program("worker"), "--name", name]
        process = Process(name, command, self._log(name), environment, tree)
        self.processes.append(process)
        return process

    def workers(self, **options: str) -> list[Process]:
        """Two, so that there is always another one."""
        return [self.worker(**options) for _ in range(2)]

    def api(self, tree: Path | None = None, mishap: str = "") -> Api:
        """A replica, not yet ready; of another commit where its tree is given; `mishap` as `program` says."""
        self._started += 1
        port, name = free_port(), f"api-{self._started}"
        environment = self._addresses(None, None, "127.0.0.1")
        if mishap:
            environment[program.MISHAP] = mishap
        api = Api(name, [*self._program("api"), "--port", str(port)], self._log(name), environment, tree)
        api.root = f"http://127.0.0.1:{port}"
        api.url = f"{api.root}/elections/{self.stage.creation.election_id}"
        self.processes.append(api)
        return api

    def ready_api(self, tree: Path | None = None, mishap: str = "") -> Api:
        api = self.api(tree, mishap)
        self.wait(api.is_ready, "the API is ready", pause=SELDOM)
        return api

    def proxy(self, port: int, host: str = "127.0.0.1") -> CutProxy:
        made = CutProxy(port, host)
        self._proxies.append(made)
        return made

    def _program(self, which: str) -> list[str]:
        return [sys.executable, "-m", "faults.service.program", which]

    def _addresses(self, database_port: int | None, broker_port: int | None, host: str) -> dict[str, str]:
        database = self.postgresql.url(self.database, database_port)
        broker = self.rabbitmq.url(self.vhost, broker_port)
        return {
            "AMARVOTE_DATABASE_URL": database.replace("127.0.0.1", host),
            "AMARVOTE_BROKER_URL": broker.replace("127.0.0.1", host),
            program.SETTINGS: json.dumps(dict(self.times.settings)),
        }

    def _log(self, name: str) -> Path:
        return self.stage.folder / f"{name}.log"

    def close(self) -> None:
        for process in self.processes:
            process.kill()
        for proxy in self._proxies:
            proxy.close()
        self.stage.service.close()

    # ---- asking and waiting

    def ask(self, question: Callable[..., Answer], *arguments: Any) -> Answer:
        """Asks the database, again where what failed passes; for tests in which it is away for a while."""
        deadline = time.monotonic() + self.times.patience
        while True:
            try:
                return question(*arguments)
            except DatabaseError as problem:
                if not is_passing(problem) or time.monotonic() > deadline:
                    raise
            time.sleep(0.1)

    def wait(
        self,
        met: Callable[[], object],
        what: str,
        keep_going: Callable[[], None] | None = None,
        pause: float = OFTEN,
    ) -> None:
        deadline = time.monotonic() + self.times.patience
        while not met():
            if time.monotonic() > deadline:
                raise AssertionError(f"It does not happen that {what}.\n{self.whereabouts()}")
            if keep_going is not None:
                keep_going()
            time.sleep(pause)

    def state(self) -> str:
        return self.ask(self.stage.state)

    def until(self, state: str) -> None:
        """Waits for the election's state; the guardians answer as soon as they are asked."""
        self.wait(lambda: self.state() == state, f"the election is {state}", self.guardians_answer, SELDOM)

    def guardians_answer(self) -> None:
        if self.state() == "waiting_for_guardians":
            run = self.ask(self.stage.run, GUARDIANS)
            self.stage.answer(run)

    def whereabouts(self) -> str:
        """For whoever reads a failure."""
        words = [f"state {self.state()}, queues {self.rabbitmq.depths(self.vhost)}"]
        words += [str(row) for row in self.chunk_rows() if row.state not in (life.DONE, life.HALVED)][:10]
        for process in self.processes:
            words.append(f"--- {process.name} ({'alive' if process.is_alive() else 'ended'})")
            words += process.said().splitlines()[-15:]
        return "\n".join(words)

    def chunk_rows(self) -> list[Any]:
        def rows() -> list[Any]:
            with self.stage.service.database.read() as connection:
                columns = (
                    chunks.c.id, chunks.c.state, chunks.c.attempt, chunks.c.errors, chunks.c.deaths,
                    chunks.c.worker, chunks.c.reason, chunks.c.published_at,
                )  # fmt: skip
                return list(connection.execute(select(*columns).order_by(chunks.c.id)))

        return self.ask(rows)

    def chunks_done(self) -> int:
        def count() -> int:
            with self.stage.service.database.read() as connection:
                done = select(func.count()).select_from(chunks).where(chunks.c.state == life.DONE)
                return connection.execute(done).scalar_one()

        return self.ask(count)

    def deaths(self) -> int:
        return sum(row.deaths for row in self.chunk_rows())

    # ---- the election

    def submit(self, ballots: Sequence[Ballot] | None = None) -> None:
        """Hands ballots in without the API."""
        for ballot in self.ballots if ballots is None else ballots:
            self.ask(self.stage.submit, ballot.vote)

    def close_voting(self) -> None:
        officer.close_voting(self.stage.service)

    def put_ballot(self, api: Api, ballot: Ballot) -> httpx.Response:
        token = self.stage.creation.devices["device-1"].value
        return plain_http.put(
            f"{api.url}/ballots",
            content=ballot.vote.body,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/octet-stream"},
            timeout=30,
        )

    def insist(self, api: Callable[[], Api], ballot: Ballot) -> httpx.Response:
        """Hands a ballot in as devices do: the same again while nothing, or "later", comes back."""
        deadline = time.monotonic() + self.times.patience
        while True:
            try:
                answer = self.put_ballot(api(), ballot)
                if answer.status_code not in (429, 503):
                    return answer
            except httpx.TransportError:
                pass
            if time.monotonic() > deadline:
                raise AssertionError(f"No ballot is taken.\n{self.whereabouts()}")
            time.sleep(0.1)


@contextmanager
def standing(*arguments: Any) -> Iterator[Stack]:
    stack = Stack(*arguments)
    try:
        yield stack
    finally:
        stack.close()
