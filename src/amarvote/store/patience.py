"""What the database did not do, and will, is asked again: it was busy, restarted, chose a victim, lost a key."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from amarvote.store.backoff import CHANCE
from amarvote.store.passing import AwayError, DatabaseError, is_passing, is_taken

log = logging.getLogger(__name__)

PAUSES = (0.05, 0.2, 0.5, 1.0)
"""Seconds before it is asked again, each drawn between half and the whole of it."""

PATIENCE = 10.0
"""Seconds after which it is not asked again."""

Result = TypeVar("Result")


def patiently(do: Callable[..., Result], *arguments: object) -> Result:
    """Do it, at most five times within about PATIENCE seconds; what fails then, or does not pass, is raised.

    So is AwayError, at once: who looks after a database that is away is the door.

    What is done is one transaction, and looks at what is there first: where the connection broke in the commit, it
    may be committed already; and where a key was taken, what took it is there now.
    """
    started = time.monotonic()
    for pause in PAUSES:
        try:
            return do(*arguments)
        except AwayError:
            raise
        except DatabaseError as problem:
            if not (is_passing(problem) or is_taken(problem)) or time.monotonic() - started > PATIENCE:
                raise
            log.warning("the database did not do it, it is asked again: %s", problem)
        time.sleep(pause * CHANCE.uniform(0.5, 1.0))
    return do(*arguments)
