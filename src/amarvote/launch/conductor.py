"""Leads an election from its ceremony to its results, by what the service says of its state, step by step.

Nothing of where it stands is kept here: a launcher that was killed looks again and goes on.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from amarvote.launch.electorate import device_names, read_roll
from amarvote.launch.errors import RunFailed, RunParked
from amarvote.launch.finished_record import bring_record
from amarvote.launch.inputs import Inputs
from amarvote.launch.officer import Officer
from amarvote.launch.options import Options
from amarvote.launch.roles import DATABASE, SOCKET, Roles
from amarvote.launch.stages import stages
from amarvote.launch.supervisor import Supervisor
from amarvote.launch.wording import number_of
from amarvote.launch.workers import worker
from amarvote.launch.workers_memory import WorkersMemory
from amarvote.participants import address
from amarvote.participants.service import Service

RECORD = "record"
FIRST_LOOK = 0.03
LONGEST_LOOK = 0.25
"""Seconds between two looks at the election while nothing moves: they grow."""

TELL_EVERY = 1.0
SILENT_SECONDS = 20.0
"""After so long without progress, people are told what it waits for."""

CONSENT = "The ballots of this demonstration are public records already."
BEFORE_CLOSE = ("ceremony", "setting_up", "ready", "open")


class Reporter(Protocol):
    """Where the run tells how far it is."""

    def update(self, phase: str, done: int, total: int) -> None:
        """`done` of `total` of `phase` are finished."""


@contextmanager
def reachable(folder: Path) -> Iterator[str]:
    """The address of the service whose socket is in `folder`, for this process, until the end of the block.

    A socket's address has room for a short path only; through a descriptor the folder may lie anywhere.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield address.of_socket(Path(f"/proc/self/fd/{descriptor}") / SOCKET)
    finally:
        os.close(descriptor)


class Conductor:
    """One run, from wherever it stands."""

    def __init__(
        self,
        folder: Path,
        options: Options,
        inputs: Inputs,
        supervisor: Supervisor,
        reporter: Reporter,
        say: Callable[[str], None],
        service: str,
    ) -> None:
        self._options = options
        self._folder = folder
        self._inputs = inputs
        self._supervisor = supervisor
        self._reporter = reporter
        self._say = say
        self._roles = Roles(folder, options)
        election = address.of_election(service, self._roles.election_id())
        self._service = Service(election, self._roles.officer_token(), supervisor.wait)
        self._officer = Officer(self._service)
        self._voting = False
        self._last: tuple[float, Any] = (time.monotonic(), None)
        self.memory = WorkersMemory()

    def conduct(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Lead the election to its end, with its record in the folder; the last progress, and the results.

        Raises RunFailed.
        """
        self._start_service()
        self._officer.retry_failed()
        state, told, pause = "", 0.0, FIRST_LOOK
        stood: object = None
        while True:
            now, before = time.monotonic(), state
            state = str(self._officer.election()["state"])
            if state != before or now - told >= TELL_EVERY:
                told = now
                progress = self._officer.progress()
                self.memory.note(progress["workers"])
                self._tell(progress)
                self._stop_where_it_failed(progress)
                if progress["state"] == "published":
                    bring_record(self._service, self._folder / RECORD)
                    return progress, self._officer.results()
            self._step(state)
            stands = (state, self._roles.in_ceremony())
            pause = FIRST_LOOK if stands != stood else min(1.5 * pause, LONGEST_LOOK)
            stood = stands
            self._supervisor.wait(pause)

    def challenged(self) -> Iterator[dict[str, Any]]:
        """Of the results, the challenged ballots, opened."""
        return self._officer.challenged()

    def close(self) -> None:
        """Give the connection back."""
        self._service.close()

    def _start_service(self) -> None:
        self._supervisor.start(self._roles.api())
        made, steps = self._roles.in_ceremony()
        for index in range(1, self._options.guardians + 1):
            if index in self._options.present or made < steps:
                self._supervisor.start(self._roles.guardian(index))
        for number in range(1, self._options.workers + 1):
            name = f"worker-{number}"
            self._supervisor.start(worker(name, f"sqlite:///{DATABASE}"))

    def _stop_where_it_failed(self, progress: dict[str, Any]) -> None:
        if progress["failed"]:
            raise RunParked(f"{progress['waiting_for']} A resumed run tries them again.")
        if progress["state"] in ("ceremony_failed", "verification_failed"):
            raise RunFailed(progress["waiting_for"])

    def _step(self, state: str) -> None:
        """What the launcher has to do in this state; nothing where the others are at it."""
        self._guardians(state)
        match state:
            case "ceremony":
                self._roles.compare_words()
            case "ready":
                self._officer.bring_roll(read_roll(self._folder))
                self._officer.open_voting()
            case "open":
                self._vote()
            case "waiting_for_guardians":
                self._start_run()
            case "decrypting":
                self._go_on_without_those_who_refuse()

    def _guardians(self, state: str) -> None:
        """All guardians take part in the ceremony; absent ones are not there when it comes to opening."""
        for index in range(1, self._options.guardians + 1):
            program = self._roles.guardian(index)
            if index in self._options.present or state in BEFORE_CLOSE:
                self._supervisor.start(program)
            else:
                self._supervisor.stop(program.name)

    def _vote(self) -> None:
        """Devices serve their voters; when all have closed, so does voting."""
        names = device_names(self._options)
        if not self._voting:
            self._roles.pin_devices()
            for name in names:
                self._supervisor.start(self._roles.device(name))
            self._voting = True
        elif all(self._supervisor.done(name) for name in names):
            self._officer.close_voting()

    def _start_run(self) -> None:
        desk = self._officer.run()
        aside = {int(index): str(why) for index, why in desk.get("set_aside", {}).items()}
        members = [index for index in self._options.present if index not in aside]
        if len(members) < self._options.quorum:
            reasons = "; ".join(f"guardian {index}: {why}" for index, why in sorted(aside.items()))
            raise RunFailed(
                f"Only {number_of(len(members), 'guardian')} left, {self._options.quorum} needed. {reasons}"
            )
        if set(members) <= set(desk.get("checked_in", ())):
            if self._inputs.smallest_contest < self._options.minimum_group:
                self._officer.consent(CONSENT)
            self._officer.start_run(members)

    def _go_on_without_those_who_refuse(self) -> None:
        run = self._officer.run()
        for index in run.get("guardians", ()):
            why = self._roles.refusal(index, run["run"])
            if why is not None:
                if len(run["set_aside"]) >= self._options.guardians - self._options.quorum:
                    raise RunFailed(f"Guardian {index} is needed and refuses: {why}")
                self._say(f"Guardian {index} is set aside: {why}")
                self._officer.set_aside(index, why)
                return

    def _tell(self, progress: dict[str, Any]) -> None:
        voters = self._inputs.voters + self._options.challenged
        verified = [self._roles.verified(index) for index in self._options.present]
        lines = stages(progress, voters, self._roles.in_ceremony(), verified)
        for name, done, total in lines:
            self._reporter.update(name, done, total)
        now = time.monotonic()
        if lines != self._last[1]:
            self._last = (now, lines)
        elif now - self._last[0] > SILENT_SECONDS:
            self._say(progress["waiting_for"])
            self._last = (now, lines)
