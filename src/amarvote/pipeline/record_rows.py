"""The record's items but ballots, as rows: canonical bytes from the start, with the hash that the root covers."""

from collections.abc import Iterable
from itertools import islice

from sqlalchemy import Connection, insert, select

from amarvote.record.merkle import leaf
from amarvote.record.sections import Section, SectionType
from amarvote.store.tables import record_items

AT_ONCE = 100
"""Items stored by one statement: a section may have very many."""


def store_items(
    connection: Connection, election_id: str, section: Section, items: Iterable[tuple[int, bytes]]
) -> None:
    """Store (ordinal, item) pairs of a section, some at a time; each place is filled once."""
    of_section = {"election_id": election_id, "section": int(section.type), "key": section.key}
    rest = iter(items)
    while some := list(islice(rest, AT_ONCE)):
        rows = [{**of_section, "ordinal": ordinal, "leaf": leaf(item), "item": item} for ordinal, item in some]
        connection.execute(insert(record_items), rows)


def items_of(connection: Connection, election_id: str, kind: SectionType) -> list[bytes]:
    """All items of a section without a key, in order."""
    return list(
        connection.execute(
            select(record_items.c.item)
            .where(record_items.c.election_id == election_id, record_items.c.section == int(kind))
            .order_by(record_items.c.ordinal)
        ).scalars()
    )


def tally_items(connection: Connection, election_id: str) -> list[bytes]:
    """The contests of the encrypted tally; the first item of its section is the header."""
    return items_of(connection, election_id, SectionType.ENCRYPTED_TALLY)[1:]
