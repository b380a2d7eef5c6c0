"""One stack for all tests that ask for it; where a program of it is not installed they are named as not run."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from servers.groups import STACK, lasting
from servers.missing import not_here
from stack.running import Stack, missing
from stack.voting import Election


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Two replicas of the API and two workers. A test that stops a part starts it again."""
    lacking = missing()
    if lacking is not None:
        not_here(lacking)
    with lasting(STACK, Stack(quick=True)) as running:
        yield running


@pytest.fixture(scope="session")
def election(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Election]:
    """An election in which everybody has voted: two of its three guardians are enough to count it."""
    folder = tmp_path_factory.mktemp("people") / "election"
    with lasting(STACK, closing(Election(stack, folder, guardians=3, quorum=2))) as election:
        election.open()
        election.vote()
        yield election
