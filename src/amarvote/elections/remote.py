"""Remote voters (rule 7): each with a device of their own, the vote token as bearer, no chaining.

The device strings are the service's: shards. A voter's device takes one of them at random and encrypts for it; the
record holds each shard's ballots sorted by confirmation code. All that a remote ballot says of where it comes from
is its shard, and that was drawn.
"""

import base64
from typing import Any

from sqlalchemy import Connection, Row, func, select

from amarvote.electionguard.confirmation import NO_CHAINING, unchained_field
from amarvote.elections.errors import Conflict, Unprocessable
from amarvote.elections.service import Service
from amarvote.elections.values import whole_number
from amarvote.elections.vote_tokens import TOKEN_BYTES, hash_of
from amarvote.pipeline import locks, states
from amarvote.pipeline.setting_up import add_device
from amarvote.store.tables import devices, roll

MOST_SHARDS = 1000
BEFORE_CLOSE = (states.CEREMONY, states.SETTING_UP, states.READY, states.OPEN)


def admit(service: Service, number: Any) -> None:
    """Let remote voters in, with so many shards in all; their number only grows. The officer's command."""
    wanted = whole_number(number, "`shards`")
    if not 1 <= wanted <= MOST_SHARDS:
        raise Unprocessable(f"It takes 1 to {MOST_SHARDS} shards.")
    with service.database.write() as connection:
        election = locks.election(connection, service.election_id)
        if election.state not in BEFORE_CLOSE:
            raise Conflict(f"Remote voters cannot be let in any more: the election is {election.state}.")
        if election.chaining_mode != NO_CHAINING:
            raise Conflict(
                f"Remote voters take no part in an election of chaining mode {election.chaining_mode}: their "
                f"ballots are not chained. Make an election whose manifest has chaining mode {NO_CHAINING}."
            )
        there = len(shards(connection, service.election_id))
        for shard in range(there + 1, wanted + 1):
            _add(connection, election, shard)
        if wanted > there:
            states.record_event(connection, service.election_id, f"remote voters are let in, with {wanted} shards")


def describe(service: Service) -> dict[str, Any]:
    """{devices: [{device_id, h_di}]}, one to draw for each ballot; `h_di` (base64) null before there are keys."""
    with service.database.read() as connection:
        rows = shards(connection, service.election_id)
    return {
        "devices": [
            {
                "device_id": row.device_string,
                "h_di": None if row.h_di is None else base64.b64encode(row.h_di).decode(),
            }
            for row in rows
        ]
    }


def token_of(service: Service, bearer: str) -> bytes | None:
    """The vote token, where this bearer token (64 hex digits) is one of the roll, whatever its state."""
    if len(bearer) != 2 * TOKEN_BYTES or not set(bearer) <= set("0123456789abcdef"):
        return None
    token = bytes.fromhex(bearer)
    entry = select(roll.c.state).where(
        roll.c.election_id == service.election_id, roll.c.token_hash == hash_of(token)
    )
    with service.database.read() as connection:
        return None if connection.execute(entry).first() is None else token


def shard_of(there: list[Any], chaining_field: bytes) -> Any:
    """Which of the service's devices a ballot was encrypted for; Conflict or Unprocessable where it is none."""
    if not there:
        raise Conflict("This election takes no ballots of remote voters. Vote at one of its devices.")
    for row in there:
        if row.h_di is not None and unchained_field(row.h_di) == chaining_field:
            return row
    raise Unprocessable("The ballot's chaining field is not that of a device for remote voters.")


def shards(connection: Connection, election_id: str) -> list[Any]:
    """The service's devices for remote voters."""
    own = select(devices).where(devices.c.election_id == election_id, devices.c.remote)
    return list(connection.execute(own.order_by(devices.c.number)))


def _add(connection: Connection, election: Row[Any], number: int) -> None:
    """Shard `number`, a device that nobody has a token of."""
    after = connection.execute(
        select(func.coalesce(func.max(devices.c.number), 0)).where(devices.c.election_id == election.id)
    ).scalar_one()
    device_string = f"{election.title}, shard {number}"
    taken = (devices.c.election_id == election.id) & (devices.c.device_string == device_string)
    if connection.execute(select(devices.c.id).where(taken)).first():
        raise Conflict(f"The device string {device_string!r} belongs to a device of this election.")
    add_device(connection, election, after + 1, f"shard {number}", device_string, remote=True)
