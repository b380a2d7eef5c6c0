"""Writing rows anew in random order, in the transaction that freezes the list (rule 3).

Until then a voter's row and a ballot's may have been changed by the same transaction, and each table lies on the
disk in the order of its changes. Afterwards every row of both was written by one transaction, in an order that was
drawn anew for each: neither transaction ids nor places (xmin, ctid, rowid) join them. What is left in old pages,
the write-ahead log and backups: see docs/privacy.md.
"""

from typing import Any

from sqlalchemy import Column, Connection, Integer, MetaData, Select, Table, delete, insert, literal, select

from amarvote.store.randomness import random_order
from amarvote.store.tables import roll


def write_anew(connection: Connection, table: Table, rows: Select[Any], election_id: str) -> None:
    """Replace this election's rows of `table` by those that `rows` selects, column by column, in random order."""
    columns = [Column(column.name, column.type) for column in table.columns]
    copy = Table(f"{table.name}_anew", MetaData(), *columns, prefixes=["TEMPORARY"])
    copy.create(connection)
    connection.execute(insert(copy).from_select(list(copy.columns), rows))
    connection.execute(delete(table).where(table.c.election_id == election_id))
    shuffled = select(copy).order_by(random_order())
    connection.execute(insert(table).from_select(list(table.columns), shuffled))
    copy.drop(connection)


def shuffle_roll(connection: Connection, election_id: str) -> None:
    """Write the roll anew: who voted, and no longer who challenged how often."""
    kept = [literal(0, Integer) if column is roll.c.challenged else column for column in roll.columns]
    write_anew(connection, roll, select(*kept).where(roll.c.election_id == election_id), election_id)
