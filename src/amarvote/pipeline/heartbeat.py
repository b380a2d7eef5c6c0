"""A worker's row: that it lives, at which step it is, and how much memory it and its child hold together."""

import os

from sqlalchemy import bindparam, delete, insert, update

from amarvote.pipeline import memory
from amarvote.pipeline.computer import Computer
from amarvote.pipeline.watch import Memory
from amarvote.store.clock import now
from amarvote.store.database import Database
from amarvote.store.tables import workers

FORGET_SECONDS = 600.0
"""Rows of workers that have been silent for so long are removed when another one starts."""

_BEAT = update(workers).where(workers.c.name == bindparam("of")).values(beat_at=now())


class Heartbeat:
    """Writes the row of one worker."""

    def __init__(self, database: Database, name: str, computer: Computer) -> None:
        self._database = database
        self._name = name
        self._computer = computer
        self._baseline_kb: int | None = None
        self._rss_kb = 0
        self._peak_kb = 0
        self._own_peak_kb = self._recent_own_peak_kb = 0
        self._known = False
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
