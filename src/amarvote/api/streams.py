"""Live events: one look at the database for all who listen, and each reads on from where it was."""

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.concurrency import run_in_threadpool

from amarvote.elections import events
from amarvote.elections.errors import TooMany, Unavailable
from amarvote.elections.service import AwayError, DatabaseError, Service
from amarvote.elections.services import Services

log = logging.getLogger(__name__)

LOOK_EVERY = 0.5
"""Seconds between two looks at the newest event; SQLite cannot call, and two statements a second cost nothing."""

LOOK_AGAIN = 2.0
"""Seconds after which a listener looks all the same: what was committed late has no number above the newest."""

MOST_STREAMS = 200
"""Listeners of one process at once."""

MOST_FROM_AN_ADDRESS = 50


class Streams:
    """The listeners of this process. All its methods are for the event loop."""

    def __init__(self, services: Services, over: threading.Event) -> None:
        self._services = services
        self._over = over
        self._newest = 0
        self._changed = asyncio.Condition()
        self._open: Counter[str] = Counter()

    @asynccontextmanager
    async def place(self, address: str) -> AsyncIterator[None]:
        """A place for one listener; Unavailable where all are taken, TooMany where this address has its share."""
        if self._open.total() >= MOST_STREAMS:
            raise Unavailable(f"{MOST_STREAMS} are listening here already. Ask again, or ask /progress.", 10)
        if self._open[address] >= MOST_FROM_AN_ADDRESS:
            raise TooMany(f"{MOST_FROM_AN_ADDRESS} are listening from your address already.", 10)
        self._open[address] += 1
        try:
            yield
        finally:
            self._open -= Counter({address: 1})  # who has none left is not kept

    async def listen(self, service: Service, after: int) -> AsyncIterator[dict[str, Any]]:
        """The election's events after the one of number `after`, as they come, until the process ends."""
        while not self._over.is_set():
            newest = self._newest
            try:
                found = await run_in_threadpool(events.following, service, after)
            except DatabaseError:
                return  # the listener connects anew, and is told when
            for event in found:
                after = event["id"]
                yield event
            if not found:
                async with self._changed:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(LOOK_AGAIN):
                            await self._changed.wait_for(lambda: self._over.is_set() or self._newest > newest)  # noqa: B023

    async def look(self) -> None:
        """Look for new events as long as the process lives, while somebody listens."""
        while not self._over.is_set():
            await asyncio.sleep(LOOK_EVERY)
            if not self._open:
                continue
            try:
                newest = await run_in_threadpool(events.newest, self._services.database)
            except AwayError:
                continue
            except DatabaseError as problem:
                log.warning("the log of events is looked at again: %s", problem)
                continue
            if newest > self._newest:
                self._newest = newest
                await self._wake()
        await self._wake()

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()
