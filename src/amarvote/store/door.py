"""Keeps a process from hammering a database that is away: found out once, then told to everybody who asks.

Shut, whoever wants something of the database is refused at once; one thread looks whether it is back, with pauses
that grow, and opens the door again. What a working database refuses does not shut it (see `patience`).
"""

import logging
import threading
import time
from collections.abc import Callable

from amarvote.store.backoff import Backoff
from amarvote.store.passing import AwayError

log = logging.getLogger(__name__)

FIRST_PAUSE = 0.25
LONGEST_PAUSE = 10.0
"""Seconds between two looks at a database that is away."""

STEADY_SECONDS = 10.0
"""A door that stood open for so long was well open: pauses begin anew."""

SILENT_SECONDS = 5.0
"""A statement without an answer for so long: is the database there at all?"""


class Door:
    """The door to one database, for all threads of a process."""

    def __init__(self, name: str, is_there: Callable[[], bool]) -> None:
        """`is_there` says within seconds whether the database lets us in."""
        self._name = name
        self._is_there = is_there
        self._backoff = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._open = threading.Event()
        self._open.set()
        self._over = threading.Event()
        self._again_at = self._opened = self._heard = 0.0
        self.trouble = ""
        """Why it is shut, in a sentence; empty where it is open."""

    def check(self) -> None:
        """AwayError where it is shut."""
        if not self._open.is_set():
            raise AwayError(self.trouble, self._again_at - time.monotonic())

    def shut(self, cause: object) -> AwayError:
        """The database is away; the error to be raised.

        It stays open where no thread is to be had that would open it again: the next one to find out tries anew.
        """
        with self._lock:
            if self._open.is_set():
                sentence = f"{self._name} does not answer: {str(cause).strip()}"
                log.warning("%s", sentence)
                if time.monotonic() - self._opened > STEADY_SECONDS:
                    self._backoff.reset()
                self._again_at = time.monotonic() + FIRST_PAUSE
                try:
                    threading.Thread(target=self._look, name="database", daemon=True).start()
                except (RuntimeError, MemoryError) as problem:
                    log.warning("nobody looks whether %s is back: %s", self._name, problem)
                    return AwayError(sentence, FIRST_PAUSE)
                self.trouble = sentence
                self._open.clear()
            return AwayError(self.trouble, self._again_at - time.monotonic())

    def _look(self) -> None:
        """Begins while `shut` holds the lock, and so opens nothing before that has shut it."""
        while True:
            pause = self._backoff.pause()
            self._again_at = time.monotonic() + pause
            if self._over.wait(pause):
                return
            try:
                if self._is_there():
                    break
            except Exception as problem:  # noqa: BLE001 - nobody else would open it, so whatever it is, look again
                log.warning("%s could not be looked at: %s: %s", self._name, type(problem).__name__, problem)
        with self._lock:
            self._opened = self._heard = time.monotonic()
            self.trouble = ""
            self._open.set()
        log.warning("%s answers again", self._name)

    def listen(self, is_heard: Callable[[], bool]) -> None:
        """Somebody waits for an answer, in vain so far; AwayError where the database is not heard at all.

        One thread asks for all of them.
        """
        self.check()
        if time.monotonic() - self._heard < SILENT_SECONDS or not self._asking.acquire(blocking=False):
            return
        try:
            if not is_heard():
                raise self.shut("it has fallen silent")
            self._heard = time.monotonic()
        finally:
            self._asking.release()

    def wait(self, seconds: float) -> None:
        """Let some time pass; less of it where the database comes back meanwhile."""
        if self._open.is_set():
            time.sleep(seconds)
        else:
            self._open.wait(seconds)

    def close(self) -> None:
        """Look no more."""
        self._over.set()
