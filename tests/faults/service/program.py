"""The service's real programs with a test's times and, where asked for, a mishap of their own.

    python -m faults.service.program worker|api ARGUMENT…

They are `amarvote worker` and `amarvote api`; what a test changes comes in the environment:

    AMARVOTE_TEST_SETTINGS   JSON: members of `Settings` and their values
    AMARVOTE_TEST_MISHAP     "STEP kill|kill-child|stop, …": one after the other, when the worker's loop reaches
                             the step, it kills itself or its child, or stands still until SIGCONT; the API's
                             steps are "committing" and "committed", of a ballot that was handed in
    AMARVOTE_TEST_POISON     "segfault|memory HEX": the child dies over work in which these bytes stand
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from amarvote.pipeline.settings import DEFAULTS

SETTINGS, MISHAP, POISON = "AMARVOTE_TEST_SETTINGS", "AMARVOTE_TEST_MISHAP", "AMARVOTE_TEST_POISON"


def _shorten_times() -> None:
    """Everybody holds the one object, also as a default argument."""
    for name, value in json.loads(os.environ.get(SETTINGS, "{}")).items():
        object.__setattr__(DEFAULTS, name, value)


class Mishaps:
    """Each strikes once, when its step is reached."""

    def __init__(self, listed: str) -> None:
        self._left = [tuple(one.split()) for one in listed.split(",")]
        self.child_pid: int | None = None

    def __call__(self, name: str) -> None:
        if not self._left or self._left[0][0] != name:
            return
        _, what = self._left.pop(0)
        pid = self.child_pid if what == "kill-child" else os.getpid()
        sys.stderr.write(f"mishap at {name}: {what} {pid}\n")
        if pid is not None:
            os.kill(pid, signal.SIGSTOP if what == "stop" else signal.SIGKILL)


def _arrange_mishaps(listed: str) -> None:
    from amarvote.pipeline.computer import Computer
    from amarvote.worker import __main__ as program

    mishaps = Mishaps(listed)

    class Watched(Computer):
        def start(self) -> None:
            super().start()
            mishaps.child_pid = self.pid

    class Unlucky(program.Worker):
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, computer=Watched(), at_step=mishaps, **options)  # type: ignore[arg-type]

    program.Worker = Unlucky  # type: ignore[misc]


def _arrange_mishaps_of_api(listed: str) -> None:
    from amarvote.elections import storing, submission

    mishaps = Mishaps(listed)

    def then(do: Callable[..., Any], step: str) -> Callable[..., Any]:
        def both(*arguments: Any) -> Any:
            outcome = do(*arguments)
            mishaps(step)
            return outcome

        return both

    storing._store = then(storing._store, "committing")  # it is all written by then
    submission.store_all = then(submission.store_all, "committed")


def _arrange_poison(poison: str) -> None:
    from amarvote.pipeline.computer import Computer

    # The child gets none of our environment's names.
    program = ("-m", "faults.service.poisoned_child", *poison.split())
    Computer.__init__.__defaults__ = (program,)


def main() -> int:
    which = sys.argv.pop(1)
    _shorten_times()
    if which == "worker":
        if MISHAP in os.environ:
            _arrange_mishaps(os.environ[MISHAP])
        if POISON in os.environ:
            _arrange_poison(os.environ[POISON])
        from amarvote.worker.__main__ import main as work

        return work()
    if MISHAP in os.environ:
        _arrange_mishaps_of_api(os.environ[MISHAP])
    from amarvote.cli.main import main as command

    sys.argv.insert(1, "api")
    return command() or 0


if __name__ == "__main__":
    sys.exit(main())
