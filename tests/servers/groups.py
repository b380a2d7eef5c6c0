"""Which tests one process of xdist runs one after the other, because they share something that is dear to start.

It ends with them: left until all tests have been run, idle servers would take a tenth of a processor so long.
xdist's own groups (`--dist loadgroup`) write into a name that pytest 9.2 does not read any more.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import pytest
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parents[2]
SERVICE = "tests/faults/service/"
WHOLE_RUNS = "tests/integration/test_demo.py"
BY_HAND = "tests/integration/test_officer.py"
STACK, RABBITMQ = "stack", "rabbitmq"

Shared = TypeVar("Shared")


@lru_cache(maxsize=1000)
def group_of(path: str) -> str | None:
    """The group of a file of tests, by what it asks for; None where each of its tests goes its own way."""
    if path in (WHOLE_RUNS, BY_HAND):
        return path
    source = (ROOT / path).read_text()
    if path.startswith("tests/integration/") and "from stack" in source:
        return STACK
    shared = path.startswith(SERVICE) or "rabbitmq_server" in source or "rabbitmq_url" in source
    return RABBITMQ if shared else None


class Groups(LoadScopeScheduling):
    """Groups as wholes, everything else test by test."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid.partition("::")[0]) or nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups | None:
    """The full run's own way of sharing the tests out."""
    return Groups(config, log) if config.rootpath == ROOT else None


_ends: dict[str, ExitStack] = defaultdict(ExitStack)


@contextmanager
def lasting(group: str, opened: AbstractContextManager[Shared]) -> Iterator[Shared]:
    """For a fixture of the session: it ends with the group, or with the session where all tests are mixed."""
    with ExitStack() as own:
        shared = own.enter_context(opened)
        _ends[group].callback(own.close)
        yield shared


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """The last test of a group has been run: in a process of xdist the next one belongs to another."""
    try:
        return (yield)
    finally:
        if hasattr(item.config, "workerinput") and item.config.rootpath == ROOT:
            here, then = (group_of(one.nodeid.partition("::")[0]) if one else None for one in (item, nextitem))
            if here in _ends and here != then:
                _ends.pop(here).close()
