"""Bearer tokens: issued once, stored as SHA-256, with a role, an end, and a way to revoke them.

A role is one of operator (the whole service: makes elections), officer, guardian, device, signer of the board (one
election each), and invitation (becomes a guardian's token once, see `invitations`). Voters have vote tokens
instead, in the roll.
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select, update

from amarvote.elections.errors import NotFound
from amarvote.elections.service import Service
from amarvote.pipeline import states
from amarvote.store.clock import now
from amarvote.store.database import Database
from amarvote.store.tables import tokens

OPERATOR, OFFICER, GUARDIAN, DEVICE, SIGNER = "operator", "officer", "guardian", "device", "signer"
INVITATION = "invitation"

DAY = 86_400.0
LIFETIME = {
    OPERATOR: 30 * DAY,
    OFFICER: 400 * DAY,
    GUARDIAN: 400 * DAY,
    DEVICE: 100 * DAY,
    SIGNER: 100 * DAY,
    INVITATION: 14 * DAY,
}
"""Seconds. An election, its preparation and what follows take less than a year."""

LISTED = (
    tokens.c.id,
    tokens.c.role,
    tokens.c.number,
    tokens.c.issued_at,
    tokens.c.expires_at,
    tokens.c.revoked_at,
    tokens.c.used_at,
)


@dataclass(frozen=True, slots=True)
class Issued:
    """A token that was just made: `value` is shown once, and known to nobody afterwards but its bearer."""

    id: int
    value: str = field(repr=False)
    expires_at: float

    def shown(self) -> dict[str, Any]:
        """As the API hands it out."""
        return {"token": self.value, "id": self.id, "expires_at": self.expires_at}


def token_hash(token: str) -> bytes:
    """What is stored of a bearer token."""
    return hashlib.sha256(token.encode()).digest()


def issue(connection: Connection, election_id: str | None, role: str, number: int = 0) -> Issued:
    """Make a token of this role; `number` of the guardian or device."""
    value = secrets.token_hex(32)
    row = add(connection, token_hash(value), election_id, role, number)
    return Issued(row.id, value, row.expires_at)


def add(connection: Connection, hashed: bytes, election_id: str | None, role: str, number: int) -> Any:
    """Store a token by its hash; its `id` and `expires_at`."""
    return connection.execute(
        insert(tokens)
        .values(
            token_hash=hashed,
            election_id=election_id,
            role=role,
            number=number,
            issued_at=now(),
            expires_at=now() + LIFETIME[role],
        )
        .returning(tokens.c.id, tokens.c.expires_at)
    ).one()


def issue_operator(database: Database, *, revoke_others: bool = False) -> Issued:
    """A token that makes elections: only whoever holds the database can have one, or revoke all made before."""
    database.require_schema()
    with database.write() as connection:
        if revoke_others:
            good = (tokens.c.role == OPERATOR) & tokens.c.revoked_at.is_(None)
            connection.execute(update(tokens).where(good).values(revoked_at=now()))
        return issue(connection, None, OPERATOR)


def listing(service: Service, after: int, limit: int) -> dict[str, Any]:
    """{items: [{id, role, number, issued_at, expires_at, revoked_at, used_at}], next}: never a token itself."""
    with service.database.read() as connection:
        rows = connection.execute(
            select(*LISTED)
            .where(tokens.c.election_id == service.election_id, tokens.c.id > after)
            .order_by(tokens.c.id)
            .limit(limit + 1)
        ).all()
    return {
        "items": [dict(row._mapping) for row in rows[:limit]],
        "next": rows[limit - 1].id if len(rows) > limit else None,
    }


def revoke(service: Service, token_id: int) -> None:
    """From now on nobody is let in with this token. Revoking twice is the same."""
    with service.database.write() as connection:
        row = connection.execute(
            select(tokens.c.role, tokens.c.number, tokens.c.revoked_at)
            .where(tokens.c.id == token_id, tokens.c.election_id == service.election_id)
            .with_for_update()
        ).one_or_none()
        if row is None:
            raise NotFound(f"This election has no token {token_id}.")
        if row.revoked_at is None:
            connection.execute(update(tokens).where(tokens.c.id == token_id).values(revoked_at=now()))
            whose = f"{row.role} {row.number}" if row.number else row.role
            states.record_event(connection, service.election_id, f"token {token_id} ({whose}) is revoked")
