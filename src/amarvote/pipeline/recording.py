"""Record: the final sections, made from what was opened; or the whole record once more, by command (rule 14)."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, func, select

from amarvote.electionguard.tallies import DecryptedTallyContest
from amarvote.pipeline import phases as order
from amarvote.pipeline import publishing, states
from amarvote.pipeline.computing.totals import unpack_total
from amarvote.pipeline.constants import manifest_of
from amarvote.pipeline.phases import Place, Step, all_done, register
from amarvote.pipeline.record_rows import AT_ONCE, store_items
from amarvote.pipeline.verifying import begin_verify
from amarvote.record.codec import decrypted_tally_item
from amarvote.record.sections import Phase, Section, SectionType
from amarvote.store.tables import openings, phases

NAME = "record"


def begin_record(where: Place) -> None:
    """Everything is combined: make the items of the final sections, to be written."""
    connection, election = where.connection, where.election
    states.move(connection, election.id, states.RECORDING)
    sections = {
        SectionType.DECRYPTED_TALLY: _decrypted_tally(connection, election),
        SectionType.CHALLENGED_BALLOT_DECRYPTIONS: _opened(connection, election.id, "challenged"),
    }
    for kind, items in sections.items():
        store_items(connection, election.id, Section(kind), enumerate(items))
    order.begin(connection, election.id, NAME)


def begin_again(connection: Connection, election: Row[Any]) -> None:
    """Have every section written anew, from the same rows; the roots must come out the same."""
    states.move(connection, election.id, states.RECORDING)
    written = connection.execute(
        select(func.count()).where(phases.c.election_id == election.id, phases.c.name == NAME)
    ).scalar_one()
    order.begin(connection, election.id, NAME, str(written + 1))


def _decrypted_tally(connection: Connection, election: Row[Any]) -> Iterator[bytes]:
    totals = iter(list(_opened(connection, election.id, "tally")))  # whole: what is not read to its end stays open
    for contest in manifest_of(election.manifest).contests:
        options = tuple(unpack_total(option.index, option.id, next(totals)) for option in contest.options)
        yield decrypted_tally_item(DecryptedTallyContest(contest.index, contest.id, options))


def _opened(connection: Connection, election_id: str, kind: str) -> Iterator[bytes]:
    """In their order, some at a time: all challenged ballots together may be larger than this process may be."""
    of_kind = select(openings.c.data).where(openings.c.election_id == election_id, openings.c.kind == kind)
    ordered = of_kind.order_by(openings.c.number).execution_options(yield_per=AT_ONCE)
    return iter(connection.execute(ordered).scalars())


def written(where: Place) -> bool:
    """Segments and toc are written."""
    after = None if where.phase.scope else Phase.AGGREGATED  # whatever is written anew has one
    return all_done(where) and not publishing.grow(where, Phase.FINAL, after)


register(NAME, Step(written, begin_verify, publishing.load, publishing.commit))
