"""The order of the phases, and the one place where a phase ends and the next begins, exactly once.

Every transition happens under the lock of the phase's row, inside the transaction that made it possible (the
last chunk's commit, the last guardian's message), or in the sweeper: after an officer's command, and in case a
process died in between. Whether a phase is over is a query over rows, so asking twice changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from amarvote.pipeline import chunks as life
from amarvote.pipeline import locks
from amarvote.pipeline.messages import Message
from amarvote.pipeline.settings import Settings
from amarvote.store.clock import now
from amarvote.store.tables import phases

OPEN = locks.OPEN
DONE = "done"
STOPPED = "stopped"

_PHASE = select(phases).where(phases.c.id == bindparam("phase"))


@dataclass(frozen=True)
class Place:
    """Where a step works: the transaction, its settings, the phase (locked where it may write) and its election.

    Rows are as they are when they are first asked for: many a step needs nothing of them.
    """

    connection: Connection
    settings: Settings
    phase_id: int
    election_id: str

    @classmethod
    def of(cls, connection: Connection, settings: Settings, phase: Row[Any]) -> "Place":
        """The place of a phase whose row was just read."""
        place = cls(connection, settings, phase.id, phase.election_id)
        place.__dict__["phase"] = phase
        return place

    @cached_property
    def phase(self) -> Row[Any]:
        """The phase's row."""
        return self.connection.execute(_PHASE, {"phase": self.phase_id}).one()

    @cached_property
    def election(self) -> Row[Any]:
        """The election's row."""
        return life.election_row(self.connection, self.election_id)


@dataclass(frozen=True, slots=True)
class Step:
    """What a phase does. Guardians' rounds have no chunks: they only have an end and a successor."""

    over: Callable[[Place], bool]
    """Is it over? May add the chunks of its next level; then it is not."""

    follow: Callable[[Place], None]
    """Begin what comes next."""

    load: Callable[[Place, Row[Any]], Message] | None = None
    """What the child needs for this chunk, and nothing more."""

    commit: Callable[[Place, Row[Any], Message], None] | None = None
    """Write what the child found, in the transaction that marks the chunk done."""

    keeps: bool = False
    """Are the answer's fields and its first part kept as the chunk's result, for a tree above to put together?"""


_STEPS: dict[str, Step] = {}


def register(name: str, step: Step) -> None:
    """Make a phase known; each phase's module does it once, when it is imported."""
    _STEPS[name] = step


def step_of(name: str) -> Step:
    """What the phase of this name does."""
    return _STEPS[name]


def begin(connection: Connection, election_id: str, name: str, scope: str = "") -> Row[Any]:
    """Open a phase. A second time violates the table's key: a phase starts once."""
    return connection.execute(
        insert(phases)
        .values(election_id=election_id, name=name, scope=scope, state=OPEN, started_at=now())
        .returning(phases)
    ).one()


def all_done(where: Place) -> bool:
    """No chunk of the phase is left to do."""
    return life.all_done(where.connection, where.phase_id)


def stop(connection: Connection, phase_id: int) -> None:
    """End a phase without a successor: its run was stopped. The caller holds it, if it is open."""
    life.stop(connection, phase_id)
    connection.execute(
        update(phases)
        .where(phases.c.id == phase_id, phases.c.state == OPEN)
        .values(state=STOPPED, finished_at=now())
    )


def advance(connection: Connection, settings: Settings, election_id: str) -> None:
    """Take every transition of this election that its rows allow now.

    A phase that another transaction holds is left to that one, or to the next sweep.
    """
    moved = True
    while moved:
        moved = False
        for phase in locks.free_phases(connection, election_id):
            step = step_of(phase.name)
            if not step.over(Place.of(connection, settings, phase)):
                continue
            locks.election(connection, election_id)
            connection.execute(update(phases).where(phases.c.id == phase.id).values(state=DONE, finished_at=now()))
            step.follow(Place.of(connection, settings, phase))
            moved = True
            break  # what follows may have changed the others
