"""`python -m amarvote.pipeline.worker --database URL [--name NAME]`: takes one chunk at a time.

This parent holds the database's door and the lease; a child computes. While the child computes, no connection
and no transaction is open, but for a moment each time that it asks for a piece of the record that it verifies.
The steps of the loop have names; `committing` is the last moment before the transaction commits. Those that can
last stand in the worker's heartbeat row, a second later at most: starting, idle, asked.

    starting, idle, claimed, loaded, asked, answered, committing, committed
"""

import argparse
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable

from amarvote.pipeline import chunks as life
from amarvote.pipeline import failing, handing, memory, phases, record_files
from amarvote.pipeline.child import ERROR
from amarvote.pipeline.chunks import ChunkRefusedError, Claim, FencedError
from amarvote.pipeline.computer import ChildDiedError, Computer
from amarvote.pipeline.computing.asking import WANT
from amarvote.pipeline.heartbeat import Heartbeat
from amarvote.pipeline.messages import Message
from amarvote.pipeline.relay import relay
from amarvote.pipeline.settings import DEFAULTS, Settings
from amarvote.store.database import Database, DatabaseError, NoDatabaseError, is_passing

log = logging.getLogger(__name__)

UNREADABLE = 2
PAUSE_AFTER_FAILED_START = 1.0
LASTING = frozenset({"starting", "idle", "asked"})


def no_step(name: str) -> None:
    """What happens at each step beside the work: nothing."""


class Worker:
    """One parent and its child. Its name is its own: what another one of this name still holds is given back."""

    def __init__(
        self,
        database: Database,
        name: str,
        settings: Settings = DEFAULTS,
        computer: Computer | None = None,
        at_step: Callable[[str], None] = no_step,
    ) -> None:
        self._database = database
        self._settings = settings
        self._name = name
        self._computer = computer or Computer()
        self._heartbeat = Heartbeat(database, name, self._computer)
        self._at_step = at_step
        self._over = False
        self._relayed = self._beaten = 0.0

    def stop(self) -> None:
        """End after the present chunk."""
        self._over = True

    def run(self) -> None:
        """Take chunk after chunk until told to stop, or grown too large."""
        self._step("starting")
        self._heartbeat.beat()
        with self._database.write() as connection:
            life.end_leases(connection, self._name)
        try:
            while not self._over:
                try:
                    self._one_round()
                except DatabaseError as problem:
                    log.warning("the database did not answer: %s", problem)
                    time.sleep(self._settings.idle_seconds)
                except ChildDiedError as problem:
                    log.warning("%s before it had work", problem)
                    time.sleep(PAUSE_AFTER_FAILED_START)
        finally:
            self._computer.stop()

    def _one_round(self) -> None:
        """One chunk, or a short sleep where there is none."""
        self._computer.start()
        self._keep_moving()
        if not self.one_chunk():
            if self._heartbeat.step != "idle":
                self._step("idle")
                self._heartbeat.beat()
            time.sleep(self._settings.idle_seconds)

    def one_chunk(self) -> bool:
        """Claim a chunk and work on it to its end, whatever that is; False where none is handed out."""
        with self._database.write() as connection:
            claim = life.claim(connection, self._settings, self._name)
        if claim is None:
            return False
        self._step("claimed")
        try:
            self._work(claim)
        except FencedError as lost:
            log.warning("%s", lost)
            self._computer.kill()
        self._give_back()
        return True

    def _work(self, claim: Claim) -> None:
        """Load, compute, commit; whatever goes wrong is written down."""
        try:
            self._computer.ask(self._load(claim))
            self._step("asked")
            answer = self._wait(claim)
            self._step("answered")
            self._commit(claim, answer)
        except ChildDiedError as died:
            self._computer.kill()
            with self._database.write() as connection:
                failing.death(connection, self._settings, claim, str(died))
                handing.refill(connection, self._settings)
        except FencedError:
            raise
        except Exception as problem:  # whatever it is becomes the chunk's reason
            if isinstance(problem, DatabaseError) and is_passing(problem):
                raise
            log.warning("%s failed: %r", claim, problem)
            reason = (
                str(problem) if isinstance(problem, ChunkRefusedError) else f"{type(problem).__name__}: {problem}"
            )
            with self._database.write() as connection:
                failing.error(connection, self._settings, claim, reason)
                handing.refill(connection, self._settings)
        self._step("committed")

    def _load(self, claim: Claim) -> Message:
        """What the child needs, read in one snapshot."""
        with self._database.read() as connection:
            chunk = life.held(connection, claim, locked=False)
            place = phases.place(connection, self._settings, claim.phase_id, locked=False)
            load = phases.step_of(claim.phase).load
            if load is None:
                raise ChunkRefusedError(f"Phase {claim.phase} has no chunks.")
            message = load(place, chunk)
        self._step("loaded")
        return message

    def _wait(self, claim: Claim) -> Message:
        """The child's answer; renews the lease while the child makes progress."""
        settings = self._settings
        started = renewed = time.monotonic()
        pause = min(settings.renew_seconds, settings.relay_seconds)
        self._computer.moved()
        while True:
            answer = self._computer.answer(pause)
            if answer is not None and answer.kind != WANT:
                return answer
            if answer is not None:
                with self._database.read() as connection:
                    given = record_files.give(connection, answer)
                self._computer.ask(given)
            self._keep_moving()
            now = time.monotonic()
            if now - started > settings.chunk_seconds:
                raise ChildDiedError(f"the computing process was at it for {settings.chunk_seconds:.0f} s")
            if now - renewed >= settings.renew_seconds:
                if self._computer.moved():
                    with self._database.write() as connection:
                        life.renew(connection, settings, claim)
                    renewed = now
                elif now - renewed > settings.lease_seconds:
                    raise ChildDiedError("the computing process stood still for a whole lease")

    def _commit(self, claim: Claim, answer: Message) -> None:
        """Result, state, what follows from them, and what is handed out next, in one transaction."""
        if answer.kind == ERROR:
            raise ChunkRefusedError(answer.fields["reason"])
        with self._database.write() as connection:
            place = phases.place(connection, self._settings, claim.phase_id)
            chunk = life.held(connection, claim)
            step = phases.step_of(claim.phase)
            if step.commit is not None:
                step.commit(place, chunk, answer)
            life.finish(connection, claim, answer.fields, answer.parts[0] if step.keeps else b"")
            phases.advance(connection, self._settings, claim.election_id)
            handing.refill(connection, self._settings)
            self._at_step("committing")
        self._heartbeat.chunks_done += 1

    def _keep_moving(self) -> None:
        """Relay and heartbeat, when they are due."""
        now = time.monotonic()
        if now - self._relayed >= self._settings.relay_seconds:
            self._relayed = now
            relay(self._database, self._settings)
        if now - self._beaten >= self._settings.relay_seconds:
            self._beaten = now
            self._heartbeat.beat()

    def _give_back(self) -> None:
        """After each chunk: memory back to the system; whoever is still too large is replaced."""
        memory.trim()
        own, child = self._heartbeat.measure()
        if child > self._settings.child_rss_kb:
            log.warning("the computing process has grown to %d KiB; it is replaced", child)
            self._computer.stop()
        if own > self._settings.parent_rss_kb:
            log.warning("this worker has grown to %d KiB; it ends, to be started anew", own)
            self._over = True

    def _step(self, name: str) -> None:
        if name in LASTING:
            self._heartbeat.step = name
        self._at_step(name)


def main() -> int:
    """Work until terminated."""
    parser = argparse.ArgumentParser(prog="amarvote.pipeline.worker", description="Take chunks, one at a time.")
    parser.add_argument("--database", required=True, help="sqlite:////absolute/path")
    parser.add_argument("--name", default=f"{socket.gethostname()}-{os.getpid()}", help="in the table of workers")
    options = parser.parse_args()
    memory.one_arena()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    database = Database(options.database)
    try:
        database.require_schema()
    except NoDatabaseError as problem:
        sys.stderr.write(f"{problem}\n")
        return UNREADABLE
    memory.settle()
    run_until_terminated(Worker(database, options.name))
    return 0


def run_until_terminated(worker: Worker) -> None:
    """Run; SIGTERM and SIGINT end it after the present chunk."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    worker.run()


if __name__ == "__main__":
    sys.exit(main())
