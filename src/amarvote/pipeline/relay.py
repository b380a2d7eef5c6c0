"""What keeps the pipeline moving beside the commits: runs in every worker's parent and in the orchestrator.

Any number of them agree, because each step is a guarded change of rows in one transaction.
"""

from amarvote.pipeline import accepting, failing, handing, phases, steps
from amarvote.pipeline.settings import Settings
from amarvote.store.database import Database

__all__ = ["relay", "steps"]


def relay(database: Database, settings: Settings) -> None:
    """Cut what is due, give back what was lost, evaluate every transition, hand out what fits the windows."""
    with database.write() as connection:
        failing.expire(connection, settings)
        accepting.cut_all(connection, settings)
        phases.advance_all(connection, settings)
        handing.refill(connection, settings)
