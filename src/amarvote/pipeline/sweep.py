"""What keeps elections moving beside the commits: runs in every worker's parent, once a second among all of them.

Any number of them agree, because each step is a guarded change of rows in one transaction.
"""

import logging

from amarvote.pipeline import accepting, failing, phases, sequencing, steps
from amarvote.pipeline.settings import Settings
from amarvote.store.database import Database, is_passing

__all__ = ["steps", "sweep"]

log = logging.getLogger(__name__)


def sweep(database: Database, settings: Settings) -> int:
    """Give back what was lost, cut what is due, evaluate every transition, extend the board.

    Each election in a transaction of its own: a defect that shows in one leaves that one where it stands, and the
    log says so each time; the others go on. Returns how many leases had run out.
    """
    expired = 0
    with database.read() as connection:
        election_ids = phases.under_way(connection)
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
