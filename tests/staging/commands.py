"""Commands run within the test's process, for those that end by themselves: starting a program takes seconds."""

import gc
import logging
import os
import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from amarvote.cli.main import main
from amarvote.pipeline import memory


class Ended(NamedTuple):
    """What a shell would see of a command."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """`command("api", "--port", 0, AMARVOTE_LOG="json")`: `amarvote api --port 0` with that set."""

    def run(*arguments: object, **environment: str) -> Ended:
        loggers = [logging.getLogger(name) for name in (None, "pika")]
        before = [(one, one.handlers[:], one.level) for one in loggers]
        collected = gc.callbacks[:]
        capfd.readouterr()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["amarvote", *map(str, arguments)])
            for name, value in environment.items():
                patch.setenv(name, value)
            for lasting in ("one_arena", "settle"):  # they would hold for everything that follows
                patch.setattr(memory, lasting, lambda: None)
            patch.setattr(os, "execve", lambda _, *given: _become_worker(patch, *given))
            try:
                with pytest.raises(SystemExit) as ended:
                    main()
            finally:
                gc.callbacks[:] = collected
                for one, handlers, level in before:
                    one.handlers[:] = handlers
                    one.setLevel(level)
        return Ended(int(ended.value.code or 0), *capfd.readouterr())

    return run


def _become_worker(patch: pytest.MonkeyPatch, arguments: list[str], environment: dict[str, str]) -> None:
    """What `amarvote worker` becomes runs here as well: the process of the tests is not to end."""
    from amarvote.worker.__main__ import main as worker

    assert arguments[:3] == [sys.executable, "-m", "amarvote.worker"]
    patch.setattr(sys, "argv", arguments[2:])
    for name in os.environ.keys() - environment.keys():
        patch.delenv(name)
    for name, value in environment.items():
        patch.setenv(name, value)
    sys.exit(worker())
