"""What a process of the API holds: the database, who may ask and how often, and what it keeps of each election."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import select

from amarvote.elections.bearers import Bearers
from amarvote.elections.errors import NotFound
from amarvote.elections.limits import Limits, forget_full
from amarvote.elections.paging import page
from amarvote.elections.service import Service, service_of
from amarvote.pipeline.settings import DEFAULTS, Settings
from amarvote.pipeline.states import TRIAL
from amarvote.store.database import Database
from amarvote.store.tables import elections

KEPT = 32
"""Of so many elections a process keeps what never changes: the manifest and its context, some hundred kB each."""

Result = TypeVar("Result")

_KNOWN = select(elections.c.id, elections.c.title, elections.c.state).where(elections.c.state != TRIAL)


class Services:
    """The elections of a database."""

    def __init__(self, database: Database, settings: Settings = DEFAULTS) -> None:
        self.database = database
        self.settings = settings
        self.bearers = Bearers(database)
        self.limits = Limits(database)
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Service] = OrderedDict()

    def kept(self, election_id: str) -> Service | None:
        """The service of this election, where the process has it."""
        with self._lock:
            service = self._kept.get(election_id)
            if service is not None:
                self._kept.move_to_end(election_id)
            return service

    def open_for_all(self, asked: Sequence[str]) -> list[Service]:
        """The service of the one election that all of them ask for; NotFound where there is none of this name.

        Made once for those who ask at a time, as where voting begins: it takes 50 ms of the processor.
        """
        return [self.kept(asked[0]) or self.open(asked[0])] * len(asked)

    def open(self, election_id: str) -> Service:
        """The service of this election, made anew; NotFound where the database has none of this name."""
        with self.database.read() as connection:
            known = connection.execute(_KNOWN.where(elections.c.id == election_id)).first()
        if known is None:
            raise NotFound("There is no such election here.")
        service = service_of(self.database, election_id, self.settings)
        with self._lock:
            service = self._kept.setdefault(election_id, service)
            self._kept.move_to_end(election_id)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return service

    def listing(self, after: str, limit: int) -> dict[str, object]:
        """{items: [{id, title, state}], next} by their identifiers."""
        with self.database.read() as connection:
            rows = connection.execute(
                _KNOWN.where(elections.c.id > after).order_by(elections.c.id).limit(limit + 1)
            ).all()
        return page(rows, limit, lambda row: dict(row._mapping))

    def is_ready(self) -> None:
        """Raise unless the database answers and has the tables of this version."""
        self.database.require_schema()

    def tidy(self) -> None:
        """What grows with those who ask is thrown away again."""
        with self.database.write() as connection:
            forget_full(connection)

    def close(self) -> None:
        """Give the database back."""
        self.database.close()
