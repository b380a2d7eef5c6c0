"""Results: only those of a record that was verified."""

from typing import Any

from sqlalchemy import select

from amarvote.elections.errors import NotFound
from amarvote.elections.service import Service
from amarvote.pipeline import states
from amarvote.pipeline.constants import manifest_of
from amarvote.pipeline.record_rows import items_of
from amarvote.record.canonical import decode_item
from amarvote.record.codec import read_challenged_ballot, read_decrypted_tally
from amarvote.record.sections import SectionType
from amarvote.store.tables import openings


def results(service: Service) -> dict[str, Any]:
    """{totals: {contest id: {option id: n}}, contests: [{id, name, options: [{id, name}]}], challenged: [...]}."""
    with service.database.read() as connection:
        election = service.election(connection)
        if election.state != states.PUBLISHED:
            raise NotFound(
                f"There are no results: the election is {election.state}. They are shown once verified."
            )
        decrypted = items_of(connection, service.election_id, SectionType.DECRYPTED_TALLY)
        opened = items_of(connection, service.election_id, SectionType.CHALLENGED_BALLOT_DECRYPTIONS)
        found = list(
            connection.execute(
                select(openings.c.findings)
                .where(openings.c.election_id == service.election_id, openings.c.kind == "challenged")
                .order_by(openings.c.number)
            ).scalars()
        )
    tally = [read_decrypted_tally(decode_item(item)) for item in decrypted]
    totals = {contest.label: {option.label: option.tally for option in contest.options} for contest in tally}
    challenged = []
    for item, findings in zip(opened, found, strict=True):
        opening = read_challenged_ballot(decode_item(item))
        challenged.append(
            {
                "device": opening.ballot.h_di.hex(),
                "position": opening.ballot.position,
                "findings": findings or [],
                "contests": {
                    contest.label: {option.label: option.value for option in contest.options}
                    for contest in opening.contests
                },
            }
        )
    contests = [
        {
            "id": contest.id,
            "name": contest.name,
            "options": [{"id": option.id, "name": option.name} for option in contest.options],
        }
        for contest in manifest_of(election.manifest).contests
    ]
    return {"totals": totals, "contests": contests, "challenged": challenged}
