"""Fixtures for every folder of tests: staged elections and private servers."""

from pathlib import Path

import pytest

from amarvote.pipeline import memory

pytest_plugins = [
    "staging.commands",
    "staging.fixtures",
    "servers.missing",
    "servers.groups",
    "servers.fixtures",
    "stack.fixtures",
    "faults.service.chaos",
]


class Settling:
    """A staged worker collects garbage after each chunk: its own, not all that thousands of tests are made of, nor
    what those of other files have left, which took most of the time of some tests.
    """

    def __init__(self) -> None:
        self._file: Path | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Before the first test of a file."""
        if item.path != self._file:
            self._file = item.path
            memory.settle()


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Settling(), "settling")
