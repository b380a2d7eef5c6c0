"""A use case is done again where the database did not do it and will: it was busy, or restarted."""

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from amarvote.store.database import PATIENCE, PAUSES, DatabaseError, is_passing

log = logging.getLogger(__name__)

Result = TypeVar("Result")


def patiently(use_case: Callable[..., Result], *arguments: object) -> Result:
    """Do it, at most a few times within PATIENCE seconds; what fails then, or does not pass by itself, is raised.

    A use case is one transaction and looks at what is there first, so that doing it twice changes nothing.
    """
    started = time.monotonic()
    for pause in PAUSES:
        try:
            return use_case(*arguments)
        except DatabaseError as problem:
            if not is_passing(problem) or time.monotonic() - started > PATIENCE:
                raise
            log.warning("the database did not do it, it is asked again: %s", problem)
        time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - so that two do not meet again
    return use_case(*arguments)
