"""A worker's row: that it lives, at which step it is, and how much memory it and its child hold together.

The loop beats, once a second, but not while it waits for a transaction, which may last as long as the list of
ballots is large: then a thread beats for it, and says so. Not with SQLite, where whoever writes is alone: nobody's
heart beats there while a transaction lasts.
"""

import logging
import os
import threading
import time

from sqlalchemy import bindparam, delete, insert, update

from amarvote.pipeline import memory
from amarvote.pipeline.computer import Computer
from amarvote.pipeline.watch import Memory
from amarvote.store.clock import now
from amarvote.store.database import Database
from amarvote.store.tables import workers

log = logging.getLogger(__name__)

ADVANCING = "advancing"
"""The step of a worker amid a transaction that lasts: it freezes the list of ballots, or plans what comes next."""

FORGET_SECONDS = 600.0
"""Rows of workers that have been silent for so long are removed when another one starts."""

_BEAT = update(workers).where(workers.c.name == bindparam("of")).values(beat_at=now())


class Heartbeat:
    """Writes the row of one worker. All but `keep`'s thread is called in the loop's."""

    def __init__(self, database: Database, name: str, computer: Computer) -> None:
        self._database = database
        self._name = name
        self._computer = computer
        self._baseline_kb: int | None = None
        self._rss_kb = 0
        self._peak_kb = 0
        self._own_peak_kb = self._recent_own_peak_kb = 0
        self._known = False
        self._beating = threading.Lock()  # so that a beat amid a transaction does not come after one behind it
        self._beaten = 0.0
        self._over = threading.Event()
        self.advancing = False
        """Does the loop wait for a transaction that may last?"""
        self.step = ""
        self.chunks_done = 0

    def measure(self) -> Memory:
        """The memory of parent and child now; also notes it, and the greatest that both have had."""
        own, self._recent_own_peak_kb = memory.held_kb(os.getpid())
        child = self._computer.resident_kb()
        self._rss_kb = own + child
        self._own_peak_kb = max(self._own_peak_kb, self._recent_own_peak_kb)
        self._peak_kb = max(self._peak_kb, self._own_peak_kb + self._computer.peak_kb)
        if self._baseline_kb is None and child:
            self._baseline_kb = self._rss_kb
        return Memory(own, child)

    def begin_chunk(self) -> Memory:
        """The memory before a chunk, whose own peak counts from now."""
        before = self.measure()
        memory.forget_peak(os.getpid())
        self._computer.forget_peak()
        return before

    @property
    def peak_of_chunk(self) -> Memory:
        """The greatest memory since it began, as it was when it was measured last."""
        return Memory(self._recent_own_peak_kb, self._computer.recent_peak_kb)

    def keep(self, seconds: float) -> None:
        """Until `stop`, let no transaction keep the heart from beating for twice so long."""
        if not self._database.url.startswith("sqlite"):
            threading.Thread(target=self._keep, args=(seconds,), name="heart", daemon=True).start()

    def stop(self) -> None:
        """Beat no more but where `beat` is called."""
        self._over.set()

    def _keep(self, seconds: float) -> None:
        silent = False
        while not self._over.wait(seconds):
            if not self.advancing or time.monotonic() - self._beaten < seconds:
                continue
            try:
                self._beat_amid()
                silent = False
            except Exception as problem:  # noqa: BLE001 - nobody else would beat, so whatever it is, try again
                if not silent:
                    log.warning("the heart could not beat amid a transaction: %s", problem)
                silent = True

    def _beat_amid(self) -> None:
        """Say that a transaction lasts; all else in the row stays, for it is the loop's."""
        with self._beating:
            if self.advancing:
                with self._database.write() as connection:
                    connection.execute(_BEAT, {"of": self._name, "step": ADVANCING})
                self._beaten = time.monotonic()

    def beat(self) -> None:
        """Write the row."""
        self.measure()
        values = {
            "pid": os.getpid(),
            "child_pid": self._computer.pid,
            "step": self.step,
            "chunks_done": self.chunks_done,
            "baseline_kb": self._baseline_kb,
            "rss_kb": self._rss_kb,
            "peak_kb": self._peak_kb,
        }
        with self._beating:
            self._write(values)
            self._beaten = time.monotonic()

    def _write(self, values: dict[str, int | str | None]) -> None:
        with self._database.write() as connection:
            # a worker that was cut off for long finds its row forgotten
            self._known = self._known and bool(connection.execute(_BEAT, {"of": self._name, **values}).rowcount)
            if not self._known:
                connection.execute(
                    delete(workers).where(
                        (workers.c.name == self._name) | (workers.c.beat_at < now() - FORGET_SECONDS)
                    )
                )
                connection.execute(insert(workers).values(name=self._name, beat_at=now(), **values))
        self._known = True
