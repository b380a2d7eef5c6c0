"""Fixtures for every folder of tests: staged elections and private servers."""

from amarvote.pipeline import memory

pytest_plugins = [
    "staging.commands",
    "staging.fixtures",
    "servers.missing",
    "servers.fixtures",
    "servers.groups",
    "stack.fixtures",
    "faults.service.chaos",
]


def pytest_collection_finish() -> None:
    """A staged worker collects garbage after a chunk: its own, not all that thousands of tests are made of."""
    memory.settle()
