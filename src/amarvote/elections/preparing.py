"""A database of one's own, made ready: its tables, and a first token for its operator."""

from amarvote.elections.tokens import issue_operator
from amarvote.store.database import Database


def prepare(url: str, *, with_token: bool) -> str | None:
    """Bring the database of this address into its present form; a new operator's token, where one is wanted."""
    database = Database(url)
    try:
        database.create_schema()
        return issue_operator(database).value if with_token else None
    finally:
        database.close()
