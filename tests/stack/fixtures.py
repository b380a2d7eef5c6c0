"""One stack for all tests that ask for it; where a program of it is not installed they are named as not run."""

from collections.abc import Iterator

import pytest

from servers.missing import not_here
from stack.running import Stack, missing


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Two replicas of the API and two workers. A test that stops a part starts it again."""
    lacking = missing()
    if lacking is not None:
        not_here(lacking)
    with Stack() as running:
        yield running
