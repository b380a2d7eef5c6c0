"""Starts again what died, as `restart: unless-stopped` and systemd do: at once, then after pauses that grow."""

import threading
import time

from servers.processes import ServerError
from stack.parts import Part

LOOK_EVERY = 0.1
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
STEADY_SECONDS = 10.0
"""A part that ran for so long is started at once again."""


class Keeper:
    """A thread for each part, for what a thread starts ends with it: stop the parts first, then the keeper."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self.failed: list[str] = []
        """What could not be started, in words."""

    def keep(self, part: Part) -> None:
        """Look after this part from now on."""
        thread = threading.Thread(target=self._keep, args=(part,), name=f"keeper of {part.name}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _keep(self, part: Part) -> None:
        pause, started = FIRST_PAUSE, time.monotonic()
        while not self._over.wait(LOOK_EVERY):
            if part.is_alive() or not part.wanted:
                continue
            pause = FIRST_PAUSE if time.monotonic() - started > STEADY_SECONDS else min(2 * pause, LONGEST_PAUSE)
            if self._over.wait(pause):
                return
            started = time.monotonic()
            try:
                part.revive()
            except ServerError as problem:
                self.failed.append(f"{part.name}: {problem}")
