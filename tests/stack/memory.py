"""What each part takes: the proportional set size of its processes, which counts what they share once."""

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from stack.parts import Part

LOOK_EVERY = 0.5


def tree(pid: int) -> list[int]:
    """A process and all that it started."""
    found = [pid]
    for one in found:
        with suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def used_kb(pid: int) -> int:
    """Of a process with all that it started; nothing where it has ended."""
    total = 0
    for one in tree(pid):
        with suppress(OSError):
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total


class Watcher:
    """Looks at every part twice a second; `peaks` holds the most that each has taken, in kB."""

    def __init__(self, parts: Callable[[], Iterable[Part]]) -> None:
        self._parts = parts
        self.peaks: dict[str, int] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="memory", daemon=True)
        self._thread.start()

    def now(self) -> dict[str, int]:
        """What each part takes at this moment, in kB."""
        found = {part.name: used_kb(pid) for part in self._parts() if (pid := part.pid) is not None}
        for name, used in found.items():
            self.peaks[name] = max(used, self.peaks.get(name, 0))
        return found

    def close(self) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(LOOK_EVERY):
            self.now()
