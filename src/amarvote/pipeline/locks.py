"""Which rows are locked (rule 10), and the one order in which they are, so that no two block each other.

    phase ─► election ─► chunk ─► ballots ─► device ─► roll ─► board ─► events ─► the hand of the queue

The election is its row and a gate before it (`store.exclusive`), which lets in who wants it alone before ever more
submissions that share it. The last two are no rows but turns of the same kind: to write into an election's log
(`states.record_event`), and to hand out chunks (`handing.alone`).

Many chunks at once are locked in the order of their numbers (`chunks.change_all`). Those in the queue are also
taken by whoever has its hand already, to note what was published or to take them back: so nobody who locks a
chunk in the queue waits for its hand afterwards. Handing out waits for no chunk, it passes over those locked. What
follows a chunk that is done needs no hand: it takes that one's place.

Whoever commits a chunk holds the chunk's phase: so commits of one phase come one after the other, and of two last
chunks the second sees the first one done, and moves the election on. A command that may move the election holds
its open phases and then the election (`command`). Submitting holds the election shared and its device and roll
entry; what it then cuts needs the phase, for which it does not wait: a phase that another one holds is looked
after by that one, or by the next sweep (`free_phase`). Rows that many insert below are not locked against that:
only keys would be.

The last commit of a phase takes the election after its chunk, its ballots and their roll entries. That is no ring:
whoever holds the election without the phase takes none of these where that phase can end, for voting is over.

With SQLite all of this is the one write lock.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from amarvote.store.exclusive import SIDE_BY_SIDE, number_of, one_at_a_time
from amarvote.store.tables import elections, phases

OPEN = "open"

# Built once: making a statement anew takes longer than executing it.
_PHASE = select(phases).where(phases.c.id == bindparam("phase")).with_for_update(key_share=True)
PHASE_HELD = _PHASE.with_only_columns(phases.c.id).scalar_subquery().is_not(None)
"""A condition of a statement that changes a chunk: it waits for the phase, and then holds it, as `phase` does."""

_FREE_PHASE = (
    select(phases)
    .where(phases.c.id == bindparam("phase"), phases.c.state == OPEN)
    .with_for_update(key_share=True, skip_locked=True)
)
_FREE_PHASES = (
    select(phases)
    .where(phases.c.election_id == bindparam("election"), phases.c.state == OPEN)
    .order_by(phases.c.id)
    .with_for_update(key_share=True, skip_locked=True)
)
_KEPT = select(elections.c.state).where(elections.c.id == bindparam("election")).with_for_update(read=True)
_KEPT_IN_TURN = _KEPT.where(SIDE_BY_SIDE)  # which waits before the row is locked: as that then is, it is read


def phase(connection: Connection, phase_id: int) -> Row[Any]:
    """The phase's row, locked until the transaction ends."""
    return connection.execute(_PHASE, {"phase": phase_id}).one()


def free_phase(connection: Connection, phase_id: int) -> Row[Any] | None:
    """The same where it is open and nobody else holds it; None otherwise. Does not wait."""
    return connection.execute(_FREE_PHASE, {"phase": phase_id}).one_or_none()


def free_phases(connection: Connection, election_id: str) -> Sequence[Row[Any]]:
    """The open phases of an election that nobody else holds, in their order. Does not wait."""
    return connection.execute(_FREE_PHASES, {"election": election_id}).all()


def election(connection: Connection, election_id: str) -> Row[Any]:
    """The election's row, locked until the transaction ends; nobody keeps it meanwhile."""
    one_at_a_time(connection, _gate(election_id))
    own = select(elections).where(elections.c.id == election_id)
    return connection.execute(own.with_for_update(key_share=True)).one()


def kept(connection: Connection, election_id: str) -> str:
    """The election's state, which stays until the transaction ends; many may keep it side by side.

    Whoever wants to change it is let in before those who come later, however many they are.
    """
    own: dict[str, object] = {"election": election_id}
    statement = _KEPT
    if connection.dialect.name == "postgresql":
        statement, own["number"] = _KEPT_IN_TURN, number_of(_gate(election_id))
    state: str = connection.execute(statement, own).scalar_one()
    return state


def _gate(election_id: str) -> str:
    return f"election {election_id}"


def command(connection: Connection, election_id: str) -> Row[Any]:
    """The election's row, locked together with its open phases: for whatever may move the election."""
    of_election = select(phases.c.id).where(phases.c.election_id == election_id, phases.c.state == OPEN)
    while True:
        # what is locked within a savepoint is free again when that is rolled back
        with connection.begin_nested() as attempt:
            locking = of_election.order_by(phases.c.id).with_for_update(key_share=True)
            held = set(connection.execute(locking).scalars())
            row = election(connection, election_id)
            if held.issuperset(connection.execute(of_election).scalars()):
                return row
            # another one began while we waited for the election
            attempt.rollback()
