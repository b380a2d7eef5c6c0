"""What keeps elections moving beside the commits: runs in every worker's parent, once a second among all of them.

A worker sweeps between two chunks: it may take a transition that lasts, and a chunk's lease runs out meanwhile.

Any number of them agree, because each step is a guarded change of rows in one transaction.
"""

import logging

from sqlalchemy import and_, exists, or_, select

from amarvote.pipeline import accepting, failing, phases, sequencing, steps
from amarvote.pipeline import chunks as life
from amarvote.pipeline.settings import Settings
from amarvote.store.clock import now
from amarvote.store.database import Database, is_passing
from amarvote.store.tables import chunks, elections
from amarvote.store.tables import phases as phase_rows

__all__ = ["steps", "sweep"]

log = logging.getLogger(__name__)


_LOST = exists().where(
    chunks.c.phase_id == phase_rows.c.id, life.is_in(life.RUNNING), chunks.c.lease_until < now()
)
_UNFINISHED = (  # the first of them: "exists" would be answered by looking at every chunk there is
    select(chunks.c.id)
    .where(chunks.c.phase_id == phase_rows.c.id, chunks.c.state.in_(life.UNFINISHED))
    .limit(1)
    .scalar_subquery()
)
_TO_LOOK_AT = (
    select(phase_rows.c.election_id)
    .distinct()
    .join(elections, elections.c.id == phase_rows.c.election_id)
    .where(
        phase_rows.c.state == phases.OPEN,
        or_(
            _LOST,
            and_(phase_rows.c.name != accepting.NAME, _UNFINISHED.is_(None)),
            and_(phase_rows.c.name == accepting.NAME, accepting.HAS_WORK),
        ),
    )
    .order_by(phase_rows.c.election_id)
)
"""Elections in which something may have to be done: to look at one costs a transaction, and there may be many."""


def sweep(database: Database, settings: Settings) -> int:
    """Give back what was lost, cut what is due, evaluate every transition, extend the board.

    Each election in a transaction of its own: a defect that shows in one leaves that one where it stands, and the
    log says so each time; the others go on. Returns how many leases had run out.
    """
    expired = 0
    with database.read() as connection:
        election_ids = connection.execute(_TO_LOOK_AT).scalars().all()
    for election_id in election_ids:
        try:
            with database.write() as connection:
                lost = failing.expire(connection, settings, election_id)
                accepting.cut(connection, settings, election_id)
                phases.advance(connection, settings, election_id)
                sequencing.extend(connection, settings, election_id)
            expired += lost
        except Exception as problem:
            if is_passing(problem):
                raise
            log.exception("election %s cannot go on", election_id)
    return expired
