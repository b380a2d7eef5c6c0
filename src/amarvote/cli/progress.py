"""Progress on standard error: bars on a terminal, plain lines otherwise, with an estimate of what is left."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

LINE_EVERY_SECONDS = 5.0
BAR_WIDTH = 32


class Reporter(Protocol):
    """Where long work tells how far it is."""

    def update(self, phase: str, done: int, total: int) -> None:
        """`done` of `total` items of `phase` are finished; call as often as you like."""


class Bar(ProgressColumn):
    """A bar whose empty part looks empty without colours, too."""

    def __init__(self, *, plain: bool) -> None:
        super().__init__()
        self._full, self._empty = ("#", ".") if plain else ("━", "·")

    def render(self, task: Task) -> Text:
        """The part that is done, then the rest."""
        done = int(BAR_WIDTH * task.completed / task.total) if task.total else 0
        return Text.assemble((self._full * done, "cyan"), (self._empty * (BAR_WIDTH - done), "dim"))


class _Bars:
    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def update(self, phase: str, done: int, total: int) -> None:
        task = self._tasks.get(phase)
        if task is None:
            task = self._tasks[phase] = self._bars.add_task(phase, total=total)
        self._bars.update(task, completed=done, total=total)


class _Lines:
    def __init__(self) -> None:
        self._phases: dict[str, tuple[float, float, int]] = {}

    def update(self, phase: str, done: int, total: int) -> None:
        now = time.monotonic()
        started, said, last = self._phases.get(phase, (now, 0.0, -1))
        finished = done >= total
        if done == last or not (finished or now - said >= LINE_EVERY_SECONDS):
            self._phases[phase] = (started, said, last)
            return
        left = ""
        if not finished and done and now > started:
            left = f", about {(now - started) / done * (total - done):.0f} s left"
        sys.stderr.write(f"{phase}: {done} of {total}{left}\n")
        sys.stderr.flush()
        self._phases[phase] = (started, now, done)


@contextmanager
def progress() -> Iterator[Reporter]:
    """A reporter that fits standard error."""
    console = Console(stderr=True)
    if not console.is_terminal or console.is_dumb_terminal:
        yield _Lines()
        return
    bars = Progress(
        TextColumn("{task.description:<16}"),
        Bar(plain=console.options.ascii_only),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
    )
    with bars:
        yield _Bars(bars)
