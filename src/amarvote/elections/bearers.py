"""Who asks: bearer tokens and what they let somebody do.

A process remembers whom it let in for KNOWN_SECONDS, so that a device's ballots do not each ask the database; for
so long, and no longer, a token that was revoked elsewhere is still good here.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from amarvote.elections.errors import Forbidden, Unauthorized
from amarvote.elections.tokens import INVITATION
from amarvote.store.clock import now
from amarvote.store.database import Database
from amarvote.store.tables import tokens

KNOWN_SECONDS = 3.0
KEPT = 10_000
LONGEST_TOKEN = 256


@dataclass(frozen=True, slots=True)
class Bearer:
    """`role` in the election (None: the whole service); `number` of the guardian or device; `id` of the token."""

    id: int
    election_id: str | None
    role: str
    number: int


_FIND = select(tokens.c.token_hash, tokens.c.id, tokens.c.election_id, tokens.c.role, tokens.c.number).where(
    tokens.c.token_hash.in_(bindparam("hashes", expanding=True)),
    tokens.c.role != INVITATION,
    tokens.c.revoked_at.is_(None),
    tokens.c.expires_at > now(),
)


class Bearers:
    """This process's door; any thread may ask."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, tuple[Bearer, float]] = OrderedDict()

    def known(self, hashed: bytes) -> Bearer | None:
        """Whose token this is, where the process let it in a moment ago."""
        with self._lock:
            found = self._known.get(hashed)
            return found[0] if found is not None and self._clock() < found[1] else None

    def find(self, hashed: bytes) -> Bearer | None:
        """Whose token this is, by the database; None where it is nobody's any more."""
        return self.find_all([hashed])[0]

    def find_all(self, asked: Sequence[bytes]) -> list[Bearer | None]:
        """The same of several, by one question."""
        with self._database.read() as connection:
            rows = connection.execute(_FIND, {"hashes": list(set(asked))}).all()
        found = {row.token_hash: Bearer(row.id, row.election_id, row.role, row.number) for row in rows}
        until = self._clock() + KNOWN_SECONDS
        with self._lock:
            for hashed, bearer in found.items():
                self._known[hashed] = (bearer, until)
                self._known.move_to_end(hashed)
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        return [found.get(one) for one in asked]

    def forget(self) -> None:
        """Ask the database again: a token was revoked here."""
        with self._lock:
            self._known.clear()


def require(bearer: Bearer, role: str, election_id: str | None) -> int:
    """The bearer's number; Unauthorized where it is of another election, Forbidden where it has another role."""
    if election_id is not None and bearer.election_id not in (None, election_id):
        raise Unauthorized("This token belongs to nobody in this election.")
    if bearer.role != role:
        raise Forbidden(f"This is for the {role}; the token is the {bearer.role}'s.")
    return bearer.number
