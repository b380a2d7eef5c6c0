"""Database: does it answer, are its tables those of this program, do clocks agree."""

import time
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from amarvote.doctor.address import date_of_api
from amarvote.doctor.findings import Finding, attention, failed, unchecked, well
from amarvote.doctor.system import SilentError, System, metrics_at
from amarvote.store import schema
from amarvote.store.clock import now
from amarvote.store.database import AwayError, DatabaseError
from amarvote.store.migrations import HEAD

TOLERATED_SECONDS = 2.0
GRAVE_SECONDS = 60.0

TOLD_WITHIN = 1.0
"""Seconds. A header has whole ones, and many servers write it anew once a second only."""


def why_not_reached(system: System) -> str | None:
    """In a sentence, where nothing can be asked of the database."""
    file = system.database_file
    try:
        if file is not None and not file.exists():  # to be asked it would be made
            return f"There is no database {file}"
        with system.database.read() as connection:
            connection.execute(select(1))
    except DatabaseError as problem:
        return refusal(system, problem)
    except OSError as problem:
        return f"The database {file} cannot be used: {problem.strerror}"
    return None


def refusal(system: System, problem: DatabaseError) -> str:
    """Which database did not do what was asked, and why, for people: what libraries add is left out."""
    cause = problem.orig if isinstance(problem, DBAPIError) else problem
    first = next(iter(str(cause).strip().splitlines()), type(cause).__name__).rstrip(".")
    return first if isinstance(problem, AwayError) else f"{system.database.name} cannot be used: {first}"


def migrations(system: System) -> Iterator[Finding]:
    """The revision of the tables, beside the one that this program works with."""
    with system.database.read() as connection:
        found = schema.revision(connection)
    name = system.database.name
    if found == HEAD:
        yield well(f"{name} answers and has schema {found}, which this program works with.")
    elif found is None:
        yield failed(f"{name} answers and holds nothing of AmarVote.", "Run amarvote db upgrade.")
    elif found < HEAD:
        yield failed(
            f"{name} has schema {found}, this program works with {HEAD}.",
            "Make a backup, then run amarvote db upgrade.",
        )
    elif schema.same_age(found, HEAD):
        yield attention(
            f"{name} has schema {found}, which is newer than this program ({HEAD}) and works with it.",
            "Update AmarVote here, so that all programs are of one version.",
        )
    else:
        yield failed(f"{name} has schema {found}, this program works with {HEAD}.", "Update AmarVote here.")


def clocks(system: System) -> Iterator[Finding]:
    """The clocks of database, API and broker, beside this machine's."""
    before = time.time()
    with system.database.read() as connection:
        at: float = connection.execute(select(now())).scalar_one()
    after = time.time()
    yield _beside("The database's clock", at - (before + after) / 2)
    if system.api is not None:
        yield _dated(
            f"The clock at {system.api} (of the proxy, where one stands before the API)", date_of_api, system
        )
    address = system.rabbitmq_address()
    if address is not None:
        yield _dated("RabbitMQ's clock", _date_of_rabbitmq, system)


def _date_of_rabbitmq(system: System) -> str | None:
    return metrics_at(system.rabbitmq_address() or "", "/metrics").date


def _dated(whose: str, date_of: Callable[[System], str | None], system: System) -> Finding:
    """By the header of an answer: it was written in the second of its date, or in the one after."""
    before = time.time()
    try:
        date = date_of(system)
        after = time.time()
        ahead = parsedate_to_datetime(date or "").timestamp() + TOLD_WITHIN - (before + after) / 2
    except SilentError as silent:
        return unchecked(f"{whose}: {silent}.")
    except ValueError:
        return unchecked(f"{whose}: it was not told.")
    if abs(ahead) <= TOLD_WITHIN + (after - before) / 2:
        return well(f"{whose} agrees with this machine's within 1 s; it tells whole seconds.")
    return _beside(whose, ahead)


def _beside(whose: str, ahead: float) -> Finding:
    seen = f"{whose} is {abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} this machine's."
    if abs(ahead) <= TOLERATED_SECONDS:
        return well(seen)
    how = failed if abs(ahead) > GRAVE_SECONDS else attention
    return how(seen, "Let every machine take its time from the network (chrony, systemd-timesyncd).")
