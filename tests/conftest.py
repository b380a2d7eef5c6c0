"""Fixtures of staged elections, for every folder of tests."""

pytest_plugins = ["staging.fixtures"]
