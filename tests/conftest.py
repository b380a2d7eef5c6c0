"""Fixtures for every folder of tests: staged elections and private servers."""

pytest_plugins = [
    "staging.commands",
    "staging.fixtures",
    "servers.missing",
    "servers.fixtures",
    "servers.groups",
    "stack.fixtures",
    "faults.service.chaos",
]
