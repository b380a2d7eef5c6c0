"""Record: the final sections, made from what was opened; or the whole record once more, by command (rule 14)."""

from typing import Any

from sqlalchemy import Connection, Row, func, select

from amarvote.electionguard.tallies import DecryptedTallyContest
from amarvote.pipeline import phases as order
from amarvote.pipeline import publishing, states
from amarvote.pipeline.computing.totals import unpack_total
from amarvote.pipeline.constants import manifest_of
from amarvote.pipeline.phases import Place, Step, all_done, register
from amarvote.pipeline.record_rows import store_items
from amarvote.pipeline.settings import Settings
from amarvote.pipeline.verifying import begin_verify
from amarvote.record.codec import decrypted_tally_item
from amarvote.record.sections import Phase, Section, SectionType
from amarvote.store.tables import openings, phases

NAME = "record"


def begin_record(where: Place) -> None:
    """Everything is combined: make the items of the final sections, and write them."""
    connection, election = where.connection, where.election
    states.move(connection, election.id, states.RECORDING)
    sections = {
        SectionType.DECRYPTED_TALLY: _decrypted_tally(connection, election),
        SectionType.CHALLENGED_BALLOT_DECRYPTIONS: _opened(connection, election.id, "challenged"),
    }
    for kind, items in sections.items():
        store_items(connection, election.id, Section(kind), list(enumerate(items)))
    phase = order.begin(connection, election.id, NAME)
    place = Place.of(connection, where.settings, phase)
    publishing.plan_segments(place, Phase.FINAL, after=Phase.AGGREGATED)


def begin_again(connection: Connection, settings: Settings, election: Row[Any]) -> None:
    """Write every section anew, from the same rows; the roots must come out the same."""
    states.move(connection, election.id, states.RECORDING)
    written = connection.execute(
        select(func.count()).where(phases.c.election_id == election.id, phases.c.name == NAME)
    ).scalar_one()
    phase = order.begin(connection, election.id, NAME, str(written + 1))
    publishing.plan_segments(Place.of(connection, settings, phase), Phase.FINAL, after=None)


def _decrypted_tally(connection: Connection, election: Row[Any]) -> list[bytes]:
    totals = iter(_opened(connection, election.id, "tally"))
    return [
        decrypted_tally_item(
            DecryptedTallyContest(
                contest.index,
                contest.id,
                tuple(unpack_total(option.index, option.id, next(totals)) for option in contest.options),
            )
        )
        for contest in manifest_of(election.manifest).contests
    ]


def _opened(connection: Connection, election_id: str, kind: str) -> list[bytes]:
    return list(
        connection.execute(
            select(openings.c.data)
            .where(openings.c.election_id == election_id, openings.c.kind == kind)
            .order_by(openings.c.number)
        ).scalars()
    )


def written(where: Place) -> bool:
    """Segments and toc are written."""
    return all_done(where) and not publishing.grow(where, Phase.FINAL)


register(NAME, Step(written, begin_verify, publishing.load, publishing.commit))
