"""What keeps the pipeline moving beside the commits: runs in every worker's parent and in the orchestrator.

Any number of them agree, because each step is a guarded change of rows in one transaction.
"""

import logging

from amarvote.pipeline import accepting, failing, handing, phases, sequencing, steps
from amarvote.pipeline.settings import Settings
from amarvote.store.database import Database, is_passing

__all__ = ["relay", "steps"]

log = logging.getLogger(__name__)


def relay(database: Database, settings: Settings) -> None:
    """Give back what was lost, cut what is due, evaluate every transition, extend the board; hand out what fits.

    Each election in a transaction of its own: a defect that shows in one leaves that one where it stands, and the
    log says so each time; the others go on.
    """
    with database.read() as connection:
        election_ids = phases.under_way(connection)
    for election_id in election_ids:
        try:
            with database.write() as connection:
                failing.expire(connection, settings, election_id)
                accepting.cut(connection, settings, election_id)
                phases.advance(connection, settings, election_id)
                sequencing.extend(connection, settings, election_id)
        except Exception as problem:
            if is_passing(problem):
                raise
            log.exception("election %s cannot go on", election_id)
    with database.write() as connection:
        handing.refill(connection, settings)
