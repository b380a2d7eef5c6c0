"""The service on one machine: its database, API, workers and the boards' signer in one folder, kept alive."""

import fcntl
import logging
import os
import socket
import time
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Any

from amarvote.elections.board_desk import VOTING
from amarvote.elections.paging import MOST
from amarvote.elections.preparing import prepare, signer_token, without_signer
from amarvote.elections.service import Database, DatabaseError, patiently
from amarvote.elections.services import Services
from amarvote.launch.errors import RunFailed, WrongOptions
from amarvote.launch.run_folder import holds_run, resolved
from amarvote.launch.signing import HOMES
from amarvote.launch.supervisor import Program, Supervisor
from amarvote.launch.workers import worker
from amarvote.participants.files import private_folder, write_durably
from amarvote.participants.service import Refused, Service
from amarvote.signer import home

log = logging.getLogger(__name__)

DATABASE = "sqlite:///service.db"
"""Relative to the folder, in which every process works."""

SIGNER = "board.localhost"

LOOK_EVERY = 1.0
START_SECONDS = 60.0


class Installation:
    """The service in `folder`, from entering to leaving the block."""

    def __init__(self, folder: Path, workers: int, port: int) -> None:
        self._folder = resolved(folder)
        self._workers = workers
        self._port = port
        self._stack = ExitStack()
        self._supervisor: Supervisor | None = None
        self.unsigned: list[Path] = []
        """Homes of signers, named as their elections, that are not here though the boards may still grow."""

    @property
    def token_file(self) -> Path:
        """Where the operator's token is, which only the owner of the folder can read."""
        return self._folder / "operator-token"

    def __enter__(self) -> "Installation":
        """Make what is missing and start everything; WrongOptions where folder or port are somebody else's."""
        with self._stack as stack:
            if holds_run(self._folder):
                raise WrongOptions(f"{self._folder} holds a run of AmarVote. Choose another folder.")
            try:
                private_folder(self._folder)
                lock = stack.enter_context((self._folder / "lock").open("a"))
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise WrongOptions(f"Another service works in {self._folder}. Use that one.") from None
            except OSError as problem:
                raise WrongOptions(f"{self._folder} cannot be used: {problem.strerror}.") from None
            self._require_port()
            self._prepare()
            self.unsigned = self._without_home()
            supervisor = Supervisor(self._folder)
            stack.callback(supervisor.close)
            self._supervisor = supervisor
            self._start(supervisor)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End everything."""
        self._stack.close()

    def keep(self) -> None:
        """Keep everything alive; ends with an exception only."""
        with closing(self._database()) as database:
            while self._supervisor is not None:
                try:
                    patiently(self._name_signers, database)
                except DatabaseError as problem:
                    log.warning("signers are named later: %s", problem)
                self._supervisor.wait(LOOK_EVERY)

    def _name_signers(self, database: Database) -> None:
        """Each election gets a signer with a key of its own, unless its officer has named another one."""
        homes = self._folder / HOMES
        unfinished = (path.parent.name for path in homes.glob("*/key") if not (path.parent / "token").exists())
        for election in {*without_signer(database), *unfinished}:
            folder = homes / election
            key = home.Home(folder).signer.verifier if (folder / "key").exists() else home.create(folder, SIGNER)
            write_durably(folder / "token", signer_token(database, election, str(key)).encode())

    def _without_home(self) -> list[Path]:
        after: str | None = ""
        growing: set[str] = set()
        with closing(self._database()) as database:
            services = Services(database)
            while after is not None:
                page: dict[str, Any] = services.listing(after, MOST)
                growing |= {one["id"] for one in page["items"] if one["state"] in VOTING}
                after = page["next"]
            growing -= set(without_signer(database))
        homes = [self._folder / HOMES / election for election in sorted(growing)]
        return [home for home in homes if not (home / "key").exists()]

    def _database(self) -> Database:
        return Database(f"sqlite:///{self._folder / 'service.db'}")

    def _require_port(self) -> None:
        try:
            socket.create_server(("127.0.0.1", self._port)).close()
        except OSError as problem:
            why = os.strerror(problem.errno or 0)
            raise WrongOptions(
                f"Nothing can listen at port {self._port} of this machine: {why}. Choose another with --port."
            ) from None

    def _prepare(self) -> None:
        """The database in its present form, and an operator's token that is good: it ends after some weeks."""
        held = self.token_file.read_text().strip() if self.token_file.exists() else ""
        token = prepare(f"sqlite:///{self._folder / 'service.db'}", held)
        if token != held:
            write_durably(self.token_file, f"{token}\n".encode())

    def _start(self, supervisor: Supervisor) -> None:
        where = ("--database", DATABASE)
        supervisor.start(Program("api", "amarvote.api.serve", (*where, "--port", str(self._port))))
        for number in range(1, self._workers + 1):
            name = f"worker-{number}"
            supervisor.start(worker(name, DATABASE))
        supervisor.start(Program("signer", "amarvote.launch.signing", (str(self._port),)))
        self._wait_for_the_api(supervisor)

    def _wait_for_the_api(self, supervisor: Supervisor) -> None:
        until = time.monotonic() + START_SECONDS

        def wait(seconds: float) -> None:
            if time.monotonic() > until:
                raise RunFailed(f"The API does not answer; see {self._folder}/logs/api.log.")
            supervisor.wait(seconds)

        service = Service(f"http://127.0.0.1:{self._port}", pause=wait)
        try:
            service.get("/health/ready")
        except Refused:
            raise RunFailed(f"Something else answers at port {self._port}. Choose another one.") from None
        finally:
            service.close()
