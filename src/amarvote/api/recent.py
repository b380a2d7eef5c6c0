"""An election's progress, which everybody may ask for and all its ballots are counted for: kept for a moment."""

import asyncio
import time

from amarvote.api.asking import ask
from amarvote.api.models.work import Progress
from amarvote.elections import progress
from amarvote.elections.service import Service

KEPT_SECONDS = 1.0
"""Or as long as it took, where that is longer."""


class Recent:
    """The progress of each election, computed once for all who ask meanwhile. For the event loop."""

    def __init__(self) -> None:
        self._kept: dict[str, asyncio.Task[Progress]] = {}

    async def progress(self, service: Service) -> Progress:
        """How far the election is, or was a moment ago."""
        task = self._kept.get(service.election_id)
        if task is None:
            task = self._kept[service.election_id] = asyncio.create_task(self._compute(service))
        return await asyncio.shield(task)  # who goes away takes it from nobody else

    async def _compute(self, service: Service) -> Progress:
        began, seconds = time.monotonic(), 0.0
        try:
            found = Progress.model_validate(await ask(progress.progress, service))
            seconds = max(KEPT_SECONDS, time.monotonic() - began)
        finally:
            task = asyncio.current_task()
            asyncio.get_running_loop().call_later(seconds, self._drop, service.election_id, task)
        return found

    def forget(self, election_id: str) -> None:
        """What was ordered here is seen at once."""
        self._kept.pop(election_id, None)

    def _drop(self, election_id: str, task: "asyncio.Task[Progress] | None") -> None:
        if self._kept.get(election_id) is task:
            del self._kept[election_id]
