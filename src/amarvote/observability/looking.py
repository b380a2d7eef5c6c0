"""A look at the database for whoever scrapes: kept some seconds, one at a time, waited for a moment only."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from amarvote.store.database import DatabaseError

log = logging.getLogger(__name__)

KEPT_SECONDS = 10.0
WAIT_SECONDS = 3.0
"""Far less than the ten seconds after which Prometheus gives a scrape up."""

Seen = TypeVar("Seen")


class Look(Generic[Seen]):
    """What `see` returned last; it is asked in a thread of its own, which may wait as long as it has to."""

    def __init__(self, see: Callable[[], Seen]) -> None:
        self._see = see
        self._lock = threading.Lock()
        self._over: threading.Event | None = None
        self._seen: Seen | None = None
        self._until = 0.0

    def __call__(self) -> Seen | None:
        """At most KEPT_SECONDS old; None where the database does not answer within WAIT_SECONDS."""
        with self._lock:
            if time.monotonic() < self._until:
                return self._seen
            if self._over is None:
                self._over = threading.Event()
                threading.Thread(target=self._run, args=(self._over,), name="look", daemon=True).start()
            over = self._over
        return self._seen if over.wait(WAIT_SECONDS) else None

    def _run(self, over: threading.Event) -> None:
        seen = None
        try:
            seen = self._see()
        except DatabaseError as problem:
            log.debug("nothing is seen: %s", problem)
        except Exception:  # a scrape does not fail, and a defect does not stay unseen
            log.exception("the service cannot be looked at")
        with self._lock:
            self._seen, self._until, self._over = seen, time.monotonic() + KEPT_SECONDS, None
        over.set()
