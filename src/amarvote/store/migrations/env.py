"""What Alembic runs: in the transaction that `schema.upgrade` opened, or by hand to write the next revision."""

import os

from alembic import context
from sqlalchemy import Connection

from amarvote.store.database import Database
from amarvote.store.tables import metadata


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    _migrate(given)
else:
    database = Database(os.environ["AMARVOTE_DATABASE_URL"])
    with database.write() as connection:
        _migrate(connection)
    database.close()
