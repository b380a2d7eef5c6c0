"""What the stack consists of: each part may be started, stopped, killed, and asked for its memory."""

import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from servers import processes


class Part:
    """One part. `wanted` says whether it is to run: whoever kills it wants it back, whoever stops it does not."""

    def __init__(self, name: str, *, wanted: bool) -> None:
        self.name = name
        self.wanted = wanted
        self.revivals = 0
        """How often it was started again because it had died."""
        self._changing = threading.Lock()

    @property
    def pid(self) -> int | None:
        """Of its first process; None while it does not run."""
        raise NotImplementedError

    def is_alive(self) -> bool:
        return self.pid is not None

    def start(self) -> None:
        """Start it, at the same address and over the same data as before; returns once it is up."""
        with self._changing:
            self.wanted = True
            if not self.is_alive():
                self._start()

    def stop(self) -> None:
        """End it in order."""
        with self._changing:
            self.wanted = False
            self._stop()

    def kill(self) -> None:
        """kill -9: an accident, after which its keeper starts it again."""
        with self._changing:
            self._kill()

    def restart(self) -> None:
        """Stop and start it: what an update does."""
        self.stop()
        self.start()

    def revive(self) -> None:
        """Start it if it has died meanwhile."""
        with self._changing:
            if self.wanted and not self.is_alive():
                self.revivals += 1
                self._start()

    def _start(self) -> None:
        raise NotImplementedError

    def _stop(self) -> None:
        raise NotImplementedError

    def _kill(self) -> None:
        raise NotImplementedError


class Server(Part):
    """A private server of the tests, which runs already and knows by itself how it is started again."""

    def __init__(self, name: str, server: Any) -> None:
        super().__init__(name, wanted=True)
        self.server = server

    @property
    def pid(self) -> int | None:
        return self.server.pid

    def _start(self) -> None:
        self.server.start()

    def _stop(self) -> None:
        self.server.stop()

    def _kill(self) -> None:
        self.server.kill()


class Program(Part):
    """A process, started with `command` by `user` (default: who we are); it is up once `is_up` says so."""

    def __init__(
        self,
        name: str,
        command: list[str | Path],
        log: Path,
        is_up: Callable[[], bool],
        *,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
    ) -> None:
        super().__init__(name, wanted=False)
        self._command = command
        self.log = log
        self._is_up = is_up
        self._environment = environment
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return processes.pid_of(self._process)

    def send(self, number: signal.Signals) -> None:
        """A signal, for instance SIGSTOP, or nginx's SIGHUP."""
        if self._process is not None:
            self._process.send_signal(number)

    def begin(self) -> None:
        """Start it without waiting until it is up."""
        with self._changing:
            self.wanted = True
            self._begin()

    def await_up(self) -> None:
        """Return once it is up; ServerError where it ended instead."""
        if self._process is not None:
            processes.wait_until(self._is_up, self._process, self.log)

    def _begin(self) -> None:
        self._process = processes.start(self._command, self.log, self._user, self._environment)

    def _start(self) -> None:
        self._begin()
        self.await_up()

    def _stop(self) -> None:
        if self._process is not None:
            processes.end(self._process, signal.SIGTERM)

    def _kill(self) -> None:
        if self._process is not None:
            processes.kill_session(self._process)
