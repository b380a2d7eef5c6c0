"""Starts programs, notices at once when one dies, and starts it again; writes down the pids of all."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from amarvote.launch.pids import PidFiles
from amarvote.participants.files import private_folder
from amarvote.pipeline import memory
from amarvote.worker.exits import GROWN

REFUSED = 3
"""Exit code of a participant that refuses for good; its reason is the last line of its log."""

FAILURES_IN_A_ROW = 5
"""A program that ends by its own error so often within LIVED_SHORTLY each time is not started again."""

LIVED_SHORTLY = 10.0
LOOK_EVERY = 0.25
"""Seconds between two looks at the workers' children."""

LONGEST_PAUSE = 2.0
STOP_SECONDS = 5.0


class ProgramFailed(Exception):  # noqa: N818 - reads as what happened
    """A program ended for good without having done its work; the message says which, why, and where its log is."""


@dataclass(frozen=True, slots=True)
class Program:
    """One process to keep alive: `python -m module arguments…`; one that `ends` is done when it exits with 0."""

    name: str
    module: str
    arguments: tuple[str, ...]
    worker: bool = False
    ends: bool = False


@dataclass(slots=True)
class _Running:
    program: Program
    process: subprocess.Popen[bytes] | None = None
    pidfd: int = -1
    started: float = 0.0
    failures: int = 0
    due: float = 0.0
    done: bool = False
    pauses: int = field(default=0)


class Supervisor:
    """All programs of a run, in one thread: whoever waits, waits with `wait`, which looks after them.

    Must be used from the thread that lives longest: programs die with the thread that started them.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._logs = private_folder(folder / "logs")
        self._environment = {**os.environ, "MALLOC_ARENA_MAX": "1", **(environment or {})}
        self._running: dict[str, _Running] = {}
        self._poll = select.poll()
        self._pids = PidFiles(folder)
        self._write_pids()

    def start(self, program: Program) -> None:
        """Start a program and keep it alive; nothing where one of this name runs already."""
        if program.name not in self._running:
            self._running[program.name] = _Running(program)
            self._spawn(self._running[program.name])
            self._write_pids()

    def stop(self, name: str) -> None:
        """End a program for good: politely, then not."""
        running = self._running.pop(name, None)
        if running is None:
            return
        self._end([running])
        self._write_pids()

    def done(self, name: str) -> bool:
        """True where a program that ends has done its work."""
        return self._running[name].done

    def wait(self, seconds: float) -> None:
        """Let `seconds` pass, or fewer where a program has done its work; start again whatever died meanwhile.

        Raises ProgramFailed.
        """
        until = time.monotonic() + seconds
        done = self._number_done()
        while True:
            left = until - time.monotonic()
            for descriptor, _ in self._poll.poll(max(0.0, min(left, LOOK_EVERY, self._next_start())) * 1000):
                self._died(next(one for one in self._running.values() if one.pidfd == descriptor))
            self._start_due()
            self._write_pids()
            if left <= 0 or self._number_done() > done:
                return

    def close(self) -> None:
        """End everything."""
        running = list(self._running.values())
        self._running.clear()
        self._end(running)
        self._write_pids()

    def _spawn(self, running: _Running) -> None:
        program = running.program
        command = [sys.executable, "-m", "amarvote.launch.child", str(os.getpid()), program.module]
        with (self._logs / f"{program.name}.log").open("ab") as log:
            process = subprocess.Popen(
                [*command, *program.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=self._environment | (memory.ENVIRONMENT if program.worker else {}),
                process_group=0,  # a terminal's interrupt is for the launcher, which then ends all
            )
        running.process = process
        running.pidfd = os.pidfd_open(process.pid)
        running.started = time.monotonic()
        running.due = 0.0
        self._poll.register(running.pidfd, select.POLLIN)

    def _died(self, running: _Running) -> None:
        code = self._reap(running)
        program = running.program
        lived = time.monotonic() - running.started
        if code == 0 and program.ends:
            running.done = True
            return
        if code == REFUSED:
            raise ProgramFailed(f"{program.name} refuses: {self._last_words(program)}")
        # Death by a signal is somebody else's doing, and a worker that has grown too large says so.
        harmless = code <= 0 or code == GROWN or lived > LIVED_SHORTLY
        running.failures = 0 if harmless else running.failures + 1
        running.pauses = 0 if lived > LIVED_SHORTLY else running.pauses + 1
        if running.failures >= FAILURES_IN_A_ROW:
            raise ProgramFailed(
                f"{program.name} ended {running.failures} times in a row (exit code {code}): "
                f"{self._last_words(program)} See {self._logs / program.name}.log"
            )
        pause = 0.0 if running.pauses <= 1 else min(0.05 * 2**running.pauses, LONGEST_PAUSE)
        running.due = time.monotonic() + pause

    def _number_done(self) -> int:
        return sum(one.done for one in self._running.values())

    def _reap(self, running: _Running) -> int:
        process = running.process
        code = 0 if process is None else process.wait()
        if running.pidfd >= 0:
            self._poll.unregister(running.pidfd)
            os.close(running.pidfd)
        running.process, running.pidfd = None, -1
        return code

    def _start_due(self) -> None:
        now = time.monotonic()
        for running in self._running.values():
            if running.process is None and not running.done and now >= running.due:
                self._spawn(running)

    def _next_start(self) -> float:
        waiting = [one.due for one in self._running.values() if one.process is None and not one.done]
        return min(waiting, default=float("inf")) - time.monotonic()

    def _end(self, all_running: list[_Running]) -> None:
        alive = [running for running in all_running if running.process is not None]
        for running in alive:
            self._signal(running, signal.SIGTERM)
        until = time.monotonic() + STOP_SECONDS
        for running in alive:
            ready = select.poll()
            ready.register(running.pidfd, select.POLLIN)
            if not ready.poll(max(0.0, until - time.monotonic()) * 1000):
                self._signal(running, signal.SIGKILL)
            self._reap(running)

    @staticmethod
    def _signal(running: _Running, number: signal.Signals) -> None:
        if running.process is not None:
            running.process.send_signal(number)

    def _last_words(self, program: Program) -> str:
        try:
            with (self._logs / f"{program.name}.log").open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - 4096))
                lines = log.read().decode("utf-8", "replace").split("\n")
        except OSError:
            return "it left no words."
        return next((line.strip() for line in reversed(lines) if line.strip()), "it left no words.")

    def _write_pids(self) -> None:
        alive = {name: one.process.pid for name, one in self._running.items() if one.process is not None}
        workers = {name for name, one in self._running.items() if one.program.worker}
        self._pids.write(
            {name: pid for name, pid in alive.items() if name in workers},
            {name: pid for name, pid in alive.items() if name not in workers},
        )
