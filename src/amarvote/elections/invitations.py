"""How a guardian comes in: the officer's one-time invitation becomes the token that the agent has drawn.

The agent draws its token and sends only the SHA-256 of it, so that no answer carries a secret, and a request whose
answer was lost is sent again: the same invitation with the same hash is answered the same.
"""

from typing import Any

from sqlalchemy import select, update

from amarvote.elections import tokens as bearer_tokens
from amarvote.elections.errors import Conflict, NotFound, Unauthorized
from amarvote.elections.service import Service
from amarvote.elections.tokens import GUARDIAN, INVITATION
from amarvote.pipeline import locks, states
from amarvote.store.clock import now
from amarvote.store.tables import tokens


def invite(service: Service, guardian: int) -> dict[str, Any]:
    """{invitation, id, expires_at} for guardian `guardian`; earlier invitations of it are revoked."""
    with service.database.write() as connection:
        election = locks.election(connection, service.election_id)
        if not 1 <= guardian <= election.n:
            raise NotFound(f"This election has no guardian {guardian}; it has {election.n}.")
        connection.execute(
            update(tokens)
            .where(
                tokens.c.election_id == service.election_id,
                tokens.c.role == INVITATION,
                tokens.c.number == guardian,
                tokens.c.used_at.is_(None),
                tokens.c.revoked_at.is_(None),
            )
            .values(revoked_at=now())
        )
        issued = bearer_tokens.issue(connection, service.election_id, INVITATION, guardian)
        states.record_event(connection, service.election_id, f"guardian {guardian} is invited")
    return {"invitation": issued.value, "id": issued.id, "expires_at": issued.expires_at}


def join(service: Service, invitation: str, token_sha256: bytes) -> dict[str, Any]:
    """{guardian, expires_at}: from now on whoever has the token of this hash is that guardian.

    Unauthorized where the invitation is unknown, expired or revoked; Conflict where it was used for another token,
    or the token is known already.
    """
    with service.database.write() as connection:
        row = connection.execute(
            select(tokens, (tokens.c.expires_at <= now()).label("expired"))
            .where(
                tokens.c.token_hash == bearer_tokens.token_hash(invitation),
                tokens.c.election_id == service.election_id,
                tokens.c.role == INVITATION,
            )
            .with_for_update()
        ).one_or_none()
        if row is None or row.revoked_at is not None:
            raise Unauthorized(
                "This invitation is none of this election, or was revoked. Ask the officer for one."
            )
        known = connection.execute(select(tokens).where(tokens.c.token_hash == token_sha256)).one_or_none()
        if row.used_at is not None:
            if known is None or (known.election_id, known.role, known.number) != (
                service.election_id,
                GUARDIAN,
                row.number,
            ):
                raise Conflict(
                    "This invitation was used before, for another token. If that was not you, tell the officer at "
                    "once: somebody else takes part in your place."
                )
            return {"guardian": row.number, "expires_at": known.expires_at}
        if row.expired:
            raise Unauthorized("This invitation has expired. Ask the officer for a new one.")
        if known is not None:
            raise Conflict("This token is in use. Draw a new one.")
        connection.execute(update(tokens).where(tokens.c.id == row.id).values(used_at=now()))
        made = bearer_tokens.add(connection, token_sha256, service.election_id, GUARDIAN, row.number)
        states.record_event(connection, service.election_id, f"guardian {row.number} has joined")
    return {"guardian": row.number, "expires_at": made.expires_at}
