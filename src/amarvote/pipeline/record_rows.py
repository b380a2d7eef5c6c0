"""The record's items but ballots, as rows: canonical bytes from the start, with the hash that the root covers."""

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select

from amarvote.record.merkle import leaf
from amarvote.record.sections import Section, SectionType
from amarvote.store.tables import record_items


def store_items(
    connection: Connection, election_id: str, section: Section, items: Sequence[tuple[int, bytes]]
) -> None:
    """Store (ordinal, item) pairs of a section; each place is filled once."""
    for ordinal, item in items:
        connection.execute(
            insert(record_items).values(
                election_id=election_id,
                section=int(section.type),
                key=section.key,
                ordinal=ordinal,
                leaf=leaf(item),
                item=item,
            )
        )


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
