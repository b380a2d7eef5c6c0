"""The workers of a service in one folder: the same program that machines of their own run."""

from amarvote.launch.supervisor import STOP_SECONDS, Program


def worker(name: str, database: str) -> Program:
    """A worker on this database, without a broker; it gives its chunk back before the launcher loses patience."""
    patience = ("--stop-seconds", str(STOP_SECONDS - 1))
    return Program(name, "amarvote.worker", ("--database", database, "--name", name, *patience), worker=True)
