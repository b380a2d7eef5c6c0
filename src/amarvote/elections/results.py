"""Results: only those of a record that was verified."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, select

from amarvote.elections.errors import NotFound
from amarvote.elections.paging import fitting, page
from amarvote.elections.service import Service
from amarvote.pipeline import states
from amarvote.pipeline.constants import manifest_of
from amarvote.pipeline.record_rows import items_of
from amarvote.record.canonical import decode_item
from amarvote.record.codec import read_challenged_ballot, read_decrypted_tally
from amarvote.record.sections import Section, SectionType
from amarvote.store.tables import openings, record_items


def results(service: Service) -> dict[str, Any]:
    """{totals: {contest id: {option id: n}}, contests: [{id, name, options: [{id, name}]}], challenged: n}."""
    with service.database.read() as connection:
        election = _published(service, connection)
        decrypted = items_of(connection, service.election_id, SectionType.DECRYPTED_TALLY)
        last = select(func.max(openings.c.number)).where(_of_challenged(service))
        challenged = connection.execute(select(func.coalesce(last.scalar_subquery() + 1, 0))).scalar_one()
    tally = [read_decrypted_tally(decode_item(item)) for item in decrypted]
    totals = {contest.label: {option.label: option.tally for option in contest.options} for contest in tally}
    contests = [
        {
            "id": contest.id,
            "name": contest.name,
            "options": [{"id": option.id, "name": option.name} for option in contest.options],
        }
        for contest in manifest_of(election.manifest).contests
    ]
    return {"totals": totals, "contests": contests, "challenged": challenged}


def challenged_pages(service: Service, after: int, limit: int) -> dict[str, Any]:
    """{items, next} of the opened challenged ballots, as the record has them; see `_shown`."""
    section = Section(SectionType.CHALLENGED_BALLOT_DECRYPTIONS)
    opened = and_(
        record_items.c.election_id == service.election_id,
        record_items.c.section == int(section.type),
        record_items.c.key == section.key,
    )
    with service.database.read() as connection:
        _published(service, connection)
        sizes = (
            select(func.length(record_items.c.item))
            .where(opened, *_from(record_items.c.ordinal, after, limit))
            .order_by(record_items.c.ordinal)
        )
        number = fitting(connection.execute(sizes).scalars())
        rows = connection.execute(
            select(openings.c.number, openings.c.findings, record_items.c.item)
            .join(record_items, and_(opened, record_items.c.ordinal == openings.c.number))
            # both bounded, for a plan may begin at either; numbers have no gaps
            .where(_of_challenged(service), *_from(openings.c.number, after, number + 1))
            .where(*_from(record_items.c.ordinal, after, number + 1))
            .order_by(openings.c.number)
        ).all()
    return page(rows, number, _shown, key="number")


def _published(service: Service, connection: Connection) -> Row[Any]:
    """The election's row; NotFound before its record is verified."""
    election = service.election(connection)
    if election.state != states.PUBLISHED:
        raise NotFound(f"There are no results: the election is {election.state}. They are shown once verified.")
    return election


def _of_challenged(service: Service) -> ColumnElement[bool]:
    return and_(openings.c.election_id == service.election_id, openings.c.kind == "challenged")


def _from(column: ColumnElement[int], first: int, number: int) -> tuple[ColumnElement[bool], ...]:
    return column >= first, column < first + number


def _shown(row: Row[Any]) -> dict[str, Any]:
    """{number (from 1), device, position, findings, contests: {contest id: {option id: value}}}."""
    opening = read_challenged_ballot(decode_item(row.item))
    return {
        "number": row.number + 1,
        "device": opening.ballot.h_di.hex(),
        "position": opening.ballot.position,
        "findings": row.findings or [],
        "contests": {
            contest.label: {option.label: option.value for option in contest.options}
            for contest in opening.contests
        },
    }
