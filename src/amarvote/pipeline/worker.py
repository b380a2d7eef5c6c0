"""The worker's loop: takes one chunk at a time, from whoever hands them out, until it is told to end.

This parent holds the database's door and the lease; a child computes. While the child computes, no connection
and no transaction is open, but for a moment each time that it asks for a piece of the record that it verifies.
The steps of the loop have names; `committing` is the last moment before the transaction commits. Those that can
last stand in the worker's heartbeat row, a second later at most: starting, idle, asked. Where the transaction of a
chunk or of a sweep lasts, `advancing` stands there meanwhile (see `heartbeat`).

    starting, idle, claimed, loaded, asked, answered, committing, committed, ended

What the broker brought is acknowledged when the database holds what became of it, not before. A worker that cannot
say so, because the database does not answer, keeps the message and gives the chunk back as soon as it can.
"""

import logging
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection

from amarvote.pipeline import chunks as life
from amarvote.pipeline import failing, memory, phases, record_files, watch
from amarvote.pipeline.chunks import ChunkRefusedError, Claim, FencedError
from amarvote.pipeline.computer import ChildDiedError, Computer
from amarvote.pipeline.computing.asking import WANT
from amarvote.pipeline.defects import told
from amarvote.pipeline.heartbeat import Heartbeat
from amarvote.pipeline.messages import ERROR, Message
from amarvote.pipeline.queue import Queue
from amarvote.pipeline.settings import DEFAULTS, Settings
from amarvote.pipeline.sweep import sweep
from amarvote.store.backoff import Backoff
from amarvote.store.database import Database, DatabaseError, NoAnswerError, is_passing
from amarvote.store.turns import take

log = logging.getLogger(__name__)

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
"""Seconds before a database that did not answer, or a child that did not start, is tried again: they grow."""

TRIM_EVERY = 0.2
"""Seconds: chunks that take less leave little behind, and giving it back takes as long as they do."""

LASTING = frozenset({"starting", "idle", "asked", "ended"})


def no_step(name: str) -> None:
    """What happens at each step beside the work: nothing."""


class _TimeIsUpError(Exception):
    """The worker was told to end, and its chunk takes longer than it may."""


class Worker:
    """One parent and its child. Its name is its own: what another one of this name still holds is given back."""

    def __init__(
        self,
        database: Database,
        queue: Queue,
        name: str,
        settings: Settings = DEFAULTS,
        computer: Computer | None = None,
        at_step: Callable[[str], None] = no_step,
        watched_by: watch.Watch | None = None,
    ) -> None:
        self._database = database
        self._queue = queue
        self._settings = settings
        self._name = name
        self._computer = computer or Computer()
        self._heartbeat = Heartbeat(database, name, self._computer)
        self._at_step = at_step
        self._watch = watched_by or watch.Watch()
        self._backoff = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        self._over = False
        self._until = 0.0
        self._upset = ""  # the database failed in the middle of something
        self._kept_moving = 0.0
        self._swept = 0.0
        self._trimmed = 0.0
        self._moved = time.monotonic()
        self.grown = False
        """It ended because it had grown too large."""

    def stop(self) -> None:
        """End after the present chunk, or by handing it back where that takes too long; told twice, at once."""
        self._until = time.monotonic() + (0.0 if self._over else self._settings.stop_seconds)
        self._over = True

    @property
    def troubles(self) -> list[str]:
        """What is missing at the moment, in sentences."""
        child = "" if self._computer.pid is not None else "There is no computing process."
        return [one for one in (self._database.trouble or self._upset, self._queue.trouble, child) if one]

    def idle(self) -> float:
        """Seconds since the loop moved last; none while it waits for a transaction, which the database ends."""
        return 0.0 if self._heartbeat.advancing else time.monotonic() - self._moved

    def run(self) -> None:
        """Take chunk after chunk until told to stop, or grown too large; NoDatabaseError where it is not ours."""
        self._step("starting")
        self._heartbeat.keep(self._settings.lost_worker_seconds / 4)
        begun = False
        try:
            while not self._over:
                self._moved = time.monotonic()
                try:
                    if not begun:
                        self._begin()
                        begun = True
                    self._one_round()
                    self._backoff.reset()
                except (DatabaseError, NoAnswerError) as problem:
                    self._is_upset(problem)
                    self._database.wait(self._backoff.pause())
                except ChildDiedError as problem:
                    log.warning("%s before it had work", problem)
                    time.sleep(self._backoff.pause())
        finally:
            self._end(begun=begun)

    def _begin(self) -> None:
        self._database.require_schema()
        self._heartbeat.beat()
        with self._database.write() as connection:
            life.end_leases(connection, self._name)

    def _one_round(self) -> None:
        """One chunk, or a short wait where there is none."""
        self._recover()
        self._computer.start()
        self._sweep()
        self._keep_moving()
        idle = self._heartbeat.step == "idle"
        if not self.one_chunk(self._settings.relay_seconds if idle else self._settings.idle_seconds) and not idle:
            self._step("idle")
            self._heartbeat.beat()

    def _recover(self) -> None:
        """After a failure of the database: what was in hand then is given back, nobody need wait for its lease."""
        if self._upset:
            with self._database.write() as connection:
                given_back = life.hand_back(connection, self._name)
            log.warning("the database answers again%s", "; a chunk was given back" if given_back else "")
            self._upset = ""

    def _end(self, *, begun: bool) -> None:
        """Hold nothing any more; nothing is written into a database that never answered, or is not ours."""
        self._computer.stop()
        self._heartbeat.stop()
        try:
            if begun and self._upset:
                self._recover()
            self._queue.close()
            self._step("ended")
            if begun:
                self._heartbeat.beat()
        except DatabaseError as problem:
            log.warning("the database did not answer at the end; leases will run out: %s", problem)

    def one_chunk(self, seconds: float = 0.0) -> bool:
        """Claim a chunk and work on it to its end, whatever that is; False where none came within `seconds`."""
        claim = self._queue.claim(seconds)
        if claim is None:
            return False
        started = time.monotonic()
        outcome = watch.BROKEN_OFF
        self._watch.claimed(claim, self._heartbeat.begin_chunk())
        try:
            self._step("claimed")
            outcome = self._outcome(claim)
            self._queue.settle()
            self._step("committed")
        finally:
            seconds, after = time.monotonic() - started, self._give_back()
            self._watch.ended(claim, outcome, seconds, self._heartbeat.peak_of_chunk, after)
        return True

    def _outcome(self, claim: Claim) -> str:
        """Load, compute, commit; whatever goes wrong is written down. How it ended, one of `watch`."""
        try:
            self._computer.ask(self._load(claim))
            self._step("asked")
            answer = self._wait(claim)
            self._step("answered")
            self._commit(claim, answer)
        except FencedError as lost:
            log.warning("%s", lost)
            self._computer.kill()
            return watch.FENCED
        except _TimeIsUpError:
            log.warning("%s is handed back: this worker was told to end", claim)
            self._computer.kill()
            self._turn_away(claim, lambda connection: life.hand_back(connection, self._name))
            return watch.HANDED_BACK
        except ChildDiedError as died:
            self._computer.kill()
            return self._went_wrong(claim, failing.death, str(died), watch.DEATH)
        except ChunkRefusedError as refused:
            log.warning("%s failed: %s", claim, refused)
            return self._went_wrong(claim, failing.error, str(refused), watch.ERROR)
        except Exception as problem:  # its class becomes the chunk's reason
            if isinstance(problem, DatabaseError) and is_passing(problem):
                raise
            log.warning("%s failed", claim, exc_info=problem)
            return self._went_wrong(claim, failing.error, told(problem), watch.ERROR)
        return watch.DONE

    def _turn_away(self, claim: Claim, work: Callable[[Connection], object]) -> None:
        """The chunk is not done: say what becomes of it; that may be due, and others as well."""

        def both(connection: Connection) -> None:
            work(connection)
            self._queue.hand_out(connection, claim.election_id)

        self._transact(both)

    def _went_wrong(self, claim: Claim, how: Callable[..., None], reason: str, outcome: str) -> str:
        try:
            self._turn_away(claim, lambda connection: how(connection, self._settings, claim, reason))
        except FencedError as lost:
            log.warning("%s", lost)
            return watch.FENCED
        return outcome

    def _load(self, claim: Claim) -> Message:
        """What the child needs, read in one snapshot."""
        with self._database.read() as connection:
            load = phases.step_of(claim.phase).load
            if load is None:
                raise ChunkRefusedError(f"Phase {claim.phase} has no chunks.")
            place = phases.Place(connection, self._settings, claim.phase_id, claim.election_id)
            message = load(place, claim.chunk)
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
            now = time.monotonic()
            if self._over and now >= self._until:
                raise _TimeIsUpError
            if now - started > settings.chunk_seconds:
                raise ChildDiedError(f"the computing process was at it for {settings.chunk_seconds:.0f} s")
            # the child goes on without the database: where that is back in time, nothing is lost
            try:
                if now - renewed >= settings.renew_seconds:
                    if self._computer.moved():
                        self._renew(claim)
                        renewed = now
                    elif now - renewed > settings.lease_seconds:
                        raise ChildDiedError("the computing process stood still for a whole lease")
                self._keep_moving()
            except DatabaseError as problem:
                log.warning("the database did not answer while the child computes: %s", problem)

    def _renew(self, claim: Claim) -> None:
        with self._database.write() as connection:
            life.renew(connection, self._settings, claim)

    def _commit(self, claim: Claim, answer: Message) -> None:
        """Result, state, and what follows from them, in one transaction."""
        if answer.kind == ERROR:
            raise ChunkRefusedError(answer.fields["reason"])
        self._transact(lambda connection: self._write_down(connection, claim, answer))
        self._heartbeat.chunks_done += 1

    def _transact(self, work: Callable[[Connection], None]) -> None:
        """What becomes of a chunk, and what is handed out then, in one transaction."""

        def both(connection: Connection) -> None:
            work(connection)
            self._at_step("committing")

        with self._transaction():
            self._database.transact(both)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """One that may take a transition: it lasts as long as the list of ballots is large."""
        self._heartbeat.advancing = True
        try:
            yield
        finally:
            self._heartbeat.advancing = False
            self._moved = time.monotonic()

    def _write_down(self, connection: Connection, claim: Claim, answer: Message) -> None:
        step = phases.step_of(claim.phase)
        if step.keeps:
            life.finish(connection, claim, answer.fields, answer.parts[0] if answer.parts else b"")
        else:
            life.finish(connection, claim)
        last = not self._queue.follow(connection, claim) and life.all_done(connection, claim.phase_id)
        if step.commit is not None:
            place = phases.Place(connection, self._settings, claim.phase_id, claim.election_id)
            step.commit(place, claim.chunk, answer)
        if last:
            phases.advance(connection, self._settings, claim.election_id)
            self._queue.hand_out(connection, claim.election_id)

    def _keep_moving(self) -> None:
        """Once a second: beat, hand out what is due."""
        now = time.monotonic()
        self._moved = now
        every = self._settings.relay_seconds
        if now - self._kept_moving < every:
            return
        self._kept_moving = now
        self._heartbeat.beat()
        self._measure()
        self._queue.relay()

    def _sweep(self) -> None:
        """Once a second, where it is this worker's turn; not while it holds a chunk, whose lease would run out."""
        now, every = time.monotonic(), self._settings.relay_seconds
        if now - self._swept < every:
            return
        self._swept = now
        if self._database.transact(lambda connection: take(connection, "sweep", every)):
            with self._transaction():
                self._watch.expired(sweep(self._database, self._settings))

    def _give_back(self) -> watch.Memory:
        """After each chunk: memory back to the system, whoever is too large is replaced; what is held then."""
        if time.monotonic() - self._trimmed >= TRIM_EVERY:
            memory.trim()
            self._trimmed = time.monotonic()
        held = self._measure()
        if held.child_kb > self._settings.child_rss_kb:
            log.warning("the computing process has grown to %d KiB; it is replaced", held.child_kb)
            self._computer.stop()
        if held.own_kb > self._settings.parent_rss_kb:
            log.warning("this worker has grown to %d KiB; it ends, to be started anew", held.own_kb)
            self._over = self.grown = True
        return held

    def _measure(self) -> watch.Memory:
        """The memory of parent and child; whoever watches is told."""
        held = self._heartbeat.measure()
        pauses, self._computer.pauses = self._computer.pauses, []
        self._watch.measured(held.own_kb, held.child_kb, pauses)
        return held

    def _is_upset(self, problem: Exception) -> None:
        self._upset = "The database does not answer."
        log.warning("the database did not answer: %s", problem)

    def _step(self, name: str) -> None:
        if name in LASTING:
            self._heartbeat.step = name
        self._watch.step(name)
        self._at_step(name)


def run_until_terminated(worker: Worker) -> None:
    """Run; SIGTERM and SIGINT end it after the present chunk, or by handing that back."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    with suppress(KeyboardInterrupt):
        worker.run()
