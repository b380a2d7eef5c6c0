"""A worker's row: that it lives, at which step it is, and how much memory it and its child hold together."""

import os

from sqlalchemy import delete, insert, update

from amarvote.pipeline import memory
from amarvote.pipeline.chunks import Claim
from amarvote.pipeline.computer import Computer
from amarvote.store.clock import now
from amarvote.store.database import Database
from amarvote.store.tables import workers

FORGET_SECONDS = 600.0
"""Rows of workers that have been silent for so long are removed when another one starts."""


class Heartbeat:
    """Writes the row of one worker."""

    def __init__(self, database: Database, name: str, computer: Computer) -> None:
        self._database = database
        self._name = name
        self._computer = computer
        self._chunk_id: int | None = None
        self._baseline_kb: int | None = None
        self._rss_kb = 0
        self._peak_kb = 0
        self._known = False
        self.step = ""
        self.chunks_done = 0

    def at(self, step: str, claim: Claim | None) -> None:
        """Note a step of the loop."""
        self.step = step
        self._chunk_id = None if claim is None else claim.chunk_id
        self.beat()

    def measure(self) -> None:
        """Note memory: of parent and child together now, and the greatest that both have had."""
        own, child = memory.resident_kb(os.getpid()), self._computer.resident_kb()
        self._rss_kb = own + child
        self._peak_kb = max(self._peak_kb, memory.peak_kb(os.getpid()) + self._computer.peak_kb)
        if self._baseline_kb is None and child:
            self._baseline_kb = self._rss_kb

    def beat(self) -> None:
        """Write the row."""
        self.measure()
        values = {
            "pid": os.getpid(),
            "child_pid": self._computer.pid,
            "step": self.step,
            "chunk_id": self._chunk_id,
            "chunks_done": self.chunks_done,
            "baseline_kb": self._baseline_kb,
            "rss_kb": self._rss_kb,
            "peak_kb": self._peak_kb,
            "beat_at": now(),
        }
        with self._database.write() as connection:
            if not self._known:
                connection.execute(
                    delete(workers).where(
                        (workers.c.name == self._name) | (workers.c.beat_at < now() - FORGET_SECONDS)
                    )
                )
                connection.execute(insert(workers).values(name=self._name, **values))
                self._known = True
            else:
                connection.execute(update(workers).where(workers.c.name == self._name).values(**values))
