"""The states of an election, and the one guarded function that moves it: forward only."""

from sqlalchemy import Connection, insert, update

from amarvote.pipeline import locks
from amarvote.store.clock import now
from amarvote.store.exclusive import one_at_a_time
from amarvote.store.tables import elections, events

CEREMONY = "ceremony"
CEREMONY_FAILED = "ceremony_failed"
SETTING_UP = "setting_up"
READY = "ready"
OPEN = "open"
CLOSING = "closing"
COUNTING = "counting"
WAITING_FOR_GUARDIANS = "waiting_for_guardians"
DECRYPTING = "decrypting"
RECORDING = "recording"
VERIFYING = "verifying"
PUBLISHED = "published"
VERIFICATION_FAILED = "verification_failed"

TRIAL = "trial"
"""Of no election: see `trial`."""

FOLLOWING = {
    CEREMONY: {SETTING_UP, CEREMONY_FAILED},
    CEREMONY_FAILED: set[str](),
    SETTING_UP: {READY},
    READY: {OPEN},
    OPEN: {CLOSING},
    CLOSING: {COUNTING},
    COUNTING: {WAITING_FOR_GUARDIANS},
    WAITING_FOR_GUARDIANS: {DECRYPTING},
    # a run that cannot go on waits for guardians again; what it combined stays combined
    DECRYPTING: {RECORDING, WAITING_FOR_GUARDIANS},
    RECORDING: {VERIFYING},
    VERIFYING: {PUBLISHED, VERIFICATION_FAILED},
    PUBLISHED: set[str](),
    # the officer may have the record written anew from the same rows (rule 14); results stay closed meanwhile
    VERIFICATION_FAILED: {RECORDING},
}
"""Which states may follow which."""


class WrongStateError(Exception):
    """The election is not in a state that allows this."""


def move(connection: Connection, election_id: str, to: str, note: str | None = None) -> None:
    """Move the election to state `to`, once; WrongStateError unless that may follow its present state."""
    row = locks.election(connection, election_id)
    if to not in FOLLOWING[row.state]:
        raise WrongStateError(f"The election is {row.state}; {to} cannot follow that.")
    connection.execute(update(elections).where(elections.c.id == election_id).values(state=to, note=note))
    record_event(connection, election_id, f"{row.state} → {to}" + (f": {note}" if note else ""))


def record_event(connection: Connection, election_id: str, what: str) -> None:
    """Write into the election's log what was decided or happened, with the time.

    Who writes second waits for the first to commit, so that whoever reads on after number N misses nothing: a
    number is given when its row is written, and the row is seen when its transaction commits.
    """
    one_at_a_time(connection, f"events of {election_id}")
    connection.execute(insert(events).values(election_id=election_id, at=now(), what=what))
