"""SIGINT and SIGTERM as one exception, so that a command ends in order and says how to go on."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from amarvote.cli.exits import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(BaseException):
    """Somebody wants the command to end; `code` is the exit code that tells by which signal."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.code = 128 + number


@contextmanager
def stoppable() -> Iterator[None]:
    """Raise Stopped at the first of the signals; further ones are ignored, so that the end is an orderly one."""

    def stop(number: int, _frame: FrameType | None) -> None:
        for one in SIGNALS:
            signal.signal(one, signal.SIG_IGN)
        raise Stopped(number)

    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # of a command in the background, a terminal's interrupt is not meant
            signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def resumable() -> Iterator[None]:
    """The same for a command that goes on where it was: Interrupted says so."""
    try:
        with stoppable():
            yield
    except Stopped as stopped:
        raise Interrupted("Stopped. The same command goes on where it was.", stopped.code) from None
