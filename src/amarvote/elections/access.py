"""Who asks: bearer tokens, stored as hashes, with a role in one election."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from amarvote.elections.creating import token_hash
from amarvote.elections.errors import Forbidden, Unauthorized
from amarvote.store.tables import tokens


@dataclass(frozen=True, slots=True)
class Bearer:
    """`role`: officer, guardian or device; `number` of the guardian or device, 0 for the officer."""

    role: str
    number: int


Bearers = Mapping[bytes, Bearer]
"""Everybody who may ask in an election, by the hash of the token."""


def read_bearers(connection: Connection, election_id: str) -> Bearers:
    """Who may ask in this election. Tokens are made together with it, and never change."""
    rows = connection.execute(select(tokens).where(tokens.c.election_id == election_id))
    return {row.token_hash: Bearer(row.role, row.number) for row in rows}


def bearer_of(bearers: Bearers, token: str) -> Bearer:
    """Whose token this is; Unauthorized where the election does not know it."""
    bearer = bearers.get(token_hash(token))
    if bearer is None:
        raise Unauthorized("This token belongs to nobody in this election.")
    return bearer


def require(bearer: Bearer, role: str) -> int:
    """The bearer's number; Forbidden where it has another role."""
    if bearer.role != role:
        raise Forbidden(f"This is for a {role}; the token is a {bearer.role}'s.")
    return bearer.number
