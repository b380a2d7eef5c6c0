"""Who asks: bearer tokens, stored as hashes, with a role in one election."""

from dataclasses import dataclass

from sqlalchemy import select

from amarvote.elections.creating import token_hash
from amarvote.elections.errors import Forbidden, Unauthorized
from amarvote.elections.service import Service
from amarvote.store.tables import tokens


@dataclass(frozen=True, slots=True)
class Bearer:
    """`role`: officer, guardian or device; `number` of the guardian or device, 0 for the officer."""

    role: str
    number: int


def bearer_of(service: Service, token: str) -> Bearer:
    """Whose token this is; Unauthorized where this election does not know it."""
    with service.database.read() as connection:
        row = connection.execute(
            select(tokens.c.role, tokens.c.number).where(
                tokens.c.token_hash == token_hash(token), tokens.c.election_id == service.election_id
            )
        ).one_or_none()
    if row is None:
        raise Unauthorized("This token belongs to nobody in this election.")
    return Bearer(row.role, row.number)


def require(bearer: Bearer, role: str) -> int:
    """The bearer's number; Forbidden where it has another role."""
    if bearer.role != role:
        raise Forbidden(f"This is for a {role}; the token is a {bearer.role}'s.")
    return bearer.number
