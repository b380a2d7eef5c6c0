"""Which tests one process of xdist runs one after the other, because they share something that is dear to start.

xdist's own groups (`--dist loadgroup`) write into a name that pytest 9.2 does not read any more.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parents[2]
SERVICE = "tests/faults/service/"
WHOLE_RUNS = "tests/integration/test_demo.py"
BY_HAND = "tests/integration/test_officer.py"


@lru_cache(maxsize=1000)
def group_of(path: str) -> str | None:
    """The group of a file of tests, by what it asks for; None where each of its tests goes its own way."""
    if path in (WHOLE_RUNS, BY_HAND):
        return path
    source = (ROOT / path).read_text()
    if path.startswith("tests/integration/") and "from stack" in source:
        return "stack"
    shared = path.startswith(SERVICE) or "rabbitmq_server" in source or "rabbitmq_url" in source
    return "rabbitmq" if shared else None


class Groups(LoadScopeScheduling):
    """Groups as wholes, everything else test by test."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid.partition("::")[0]) or nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups | None:
    """The full run's own way of sharing the tests out."""
    return Groups(config, log) if config.rootpath == ROOT else None
