"""A small real election for the tests of the service: every role driven directly, real SQLite and cryptography."""
