"""Chunks handed out by the database itself: what an embedded run, or a small service, needs no broker for."""

import time

from sqlalchemy import Connection

from amarvote.pipeline import chunks as life
from amarvote.pipeline import handing
from amarvote.pipeline.chunks import Claim
from amarvote.pipeline.settings import Settings
from amarvote.store.database import Database

NAME = "handed out"


class DatabaseQueue:
    """Looks into the table, again and again while nothing is there; looking takes no lock."""

    trouble = ""

    def __init__(self, database: Database, settings: Settings, worker: str) -> None:
        self._database = database
        self._settings = settings
        self._worker = worker
        self.depths = {NAME: 0}

    def claim(self, seconds: float) -> Claim | None:
        """The chunk that was handed out first, claimed; hands out what is due where nothing was."""
        until = time.monotonic() + seconds
        while True:
            claim = self._look()
            left = until - time.monotonic()
            if claim is not None or left <= 0:
                return claim
            time.sleep(min(self._settings.idle_seconds, left))

    def _look(self) -> Claim | None:
        with self._database.read() as connection:
            if not handing.anything(connection):
                return None
        with self._database.write() as connection:
            claim = life.claim(connection, self._settings, self._worker)
            if claim is None and handing.refill(connection, self._settings).handed:
                claim = life.claim(connection, self._settings, self._worker)
            return claim

    def follow(self, connection: Connection, claim: Claim) -> bool:  # noqa: ARG002
        """Nothing is handed out before somebody looks for it."""
        return False

    def hand_out(self, connection: Connection, election_id: str) -> None:
        """Whoever looks for a chunk and finds none hands out what is due."""

    def settle(self) -> None:
        """The table knows already."""

    def relay(self) -> None:
        """Nothing gets lost in a table; how many chunks are handed out and not claimed is counted."""
        with self._database.read() as connection:
            self.depths = {NAME: handing.handed_out(connection)}

    def close(self) -> None:
        """There is nothing to give back."""
