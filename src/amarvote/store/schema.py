"""Which form the tables have: bringing them to this program's, refusing to work with any that it cannot use."""

import logging
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from amarvote.store.exclusive import one_at_a_time
from amarvote.store.migrations import HEAD
from amarvote.store.tables import metadata

VERSION_TABLE = "alembic_version"


class OtherSchemaError(Exception):
    """The tables are of another version than this program, or are none of its own."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """From which revision to which; `before` is None where there was nothing."""

    before: str | None
    after: str


def revision(connection: Connection) -> str | None:
    """The revision of the tables; None where there are none."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one_or_none()  # noqa: S608
    return found


def require(connection: Connection, name: str) -> None:
    """OtherSchemaError unless this program works with the tables. `name` is the database's, for people."""
    found = revision(connection)
    if found is None:
        raise OtherSchemaError(f"{name} holds nothing of AmarVote yet; run amarvote db upgrade.")
    if found < HEAD:
        others = "what works with it may go on" if same_age(found, HEAD) else "stop what works with it"
        raise OtherSchemaError(
            f"{name} is of an older version (schema {found}, this program works with {HEAD}); make a backup, and "
            f"run amarvote db upgrade; {others} meanwhile."
        )
    if not same_age(found, HEAD):
        raise OtherSchemaError(
            f"{name} is of a newer version (schema {found}, this program works with {HEAD}); update AmarVote."
        )


def same_age(one: str, other: str) -> bool:
    """Do programs of the older of two revisions work with tables of the newer one? See `migrations`."""
    return one[0] == other[0]


def upgrade(connection: Connection, name: str) -> Upgrade:
    """Bring the tables to this program's revision, in this transaction: all of it, or nothing.

    A newer one that this program works with is left as it is. OtherSchemaError where it does not, or where the
    tables are of another program.
    """
    one_at_a_time(connection, "schema")
    before = revision(connection)
    if before is not None and before >= HEAD:
        require(connection, name)
        return Upgrade(before, before)
    taken = sorted(set(inspect(connection).get_table_names()) & set(metadata.tables))
    if before is None and taken:
        raise OtherSchemaError(
            f"{name} has tables that this version of AmarVote did not make ({', '.join(taken)}); use an empty "
            "database."
        )
    _migrate(connection)
    return Upgrade(before, HEAD)


def _migrate(connection: Connection) -> None:
    # imported here: Alembic takes 0.15 s and 20 MB, which only this command has a use for
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    logging.getLogger("alembic").setLevel(logging.WARNING)
    command.upgrade(config, HEAD)
