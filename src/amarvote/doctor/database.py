"""Database: is it there, are its tables those of this program, do clocks agree."""

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from sqlalchemy import select

from amarvote.doctor.address import date_of_api
from amarvote.doctor.findings import Finding, attention, failed, unchecked, well
from amarvote.doctor.system import SilentError, System, metrics_at
from amarvote.store import schema
from amarvote.store.clock import now
from amarvote.store.migrations import HEAD

TOLERATED_SECONDS = 2.0
GRAVE_SECONDS = 60.0


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
        yield _dated("The API's clock", date_of_api(system))
    address = system.rabbitmq_address()
    if address is not None:
        try:
            yield _dated("RabbitMQ's clock", metrics_at(address, "/metrics").date)
        except SilentError as silent:
            yield unchecked(f"RabbitMQ's clock: {silent}.")


def _dated(whose: str, date: str | None) -> Finding:
    """By a header that has whole seconds: half of one is added."""
    try:
        at = parsedate_to_datetime(date or "").timestamp() + 0.5
    except ValueError:
        return unchecked(f"{whose}: it was not told.")
    return _beside(whose, at - time.time())


def _beside(whose: str, ahead: float) -> Finding:
    seen = f"{whose} is {abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} this machine's."
    if abs(ahead) <= TOLERATED_SECONDS:
        return well(seen)
    how = failed if abs(ahead) > GRAVE_SECONDS else attention
    return how(seen, "Let every machine take its time from the network (chrony, systemd-timesyncd).")
