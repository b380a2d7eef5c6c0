"""The roll: who may vote with which style and weight, by the hash of the vote token (rules 1 and 3).

A row says whether the token is free, reserved (a ballot with it is being checked), spent or revoked. It carries no
time and no sequence; nothing in it says which ballot was cast with it.
"""

from typing import Any

from sqlalchemy import Connection, Row, insert, select

from amarvote.elections.errors import Conflict, Unprocessable
from amarvote.elections.service import Service
from amarvote.elections.values import text_of
from amarvote.pipeline import locks, states
from amarvote.pipeline.constants import manifest_of
from amarvote.store.tables import roll

FREE, RESERVED, SPENT, REVOKED = "free", "reserved", "spent", "revoked"
MOST_WEIGHT = 2**31 - 1
LONGEST_VOTER = 200
MOST_ENTRIES = 10_000
"""Voters added by one request."""

PAGE = 500
BEFORE_CLOSE = (states.CEREMONY, states.SETTING_UP, states.READY, states.OPEN)

SHOWN = {RESERVED: FREE}
"""A voter whose ballot is being checked has not voted yet."""


def import_roll(service: Service, entries: Any) -> int:
    """Add entries {"token_sha256": 64 hex digits, "style": id, "weight": 1 by default}; how many are new.

    At most MOST_ENTRIES at once: a larger roll comes in several requests. The same entry again changes nothing;
    another style or weight for the same token is a Conflict.
    """
    with service.database.write() as connection:
        election = changeable(service, connection)
        styles = {style.id for style in manifest_of(election.manifest).styles}
        wanted = [_imported(place, entry, styles) for place, entry in places(entries)]
        added = sum(
            _add(connection, service.election_id, wanted[first : first + PAGE], first + 1)
            for first in range(0, len(wanted), PAGE)
        )
        if added:
            states.record_event(connection, service.election_id, f"{added} voters are added to the roll")
        return added


def listing(service: Service, after: str, limit: int) -> dict[str, Any]:
    """{items: [{token_sha256, voter, style, weight, state}], next}, by the hashes: an order that says nothing.

    `state` is free, spent (a ballot was cast) or revoked; `voter` null where only the hash was imported.
    """
    last = token_hash_of(after) if after else b""
    with service.database.read() as connection:
        rows = connection.execute(
            select(roll.c.token_hash, roll.c.voter, roll.c.style, roll.c.weight, roll.c.state)
            .where(roll.c.election_id == service.election_id, roll.c.token_hash > last)
            .order_by(roll.c.token_hash)
            .limit(limit + 1)
        ).all()
    items = [_shown(row) for row in rows[:limit]]
    return {"items": items, "next": items[-1]["token_sha256"] if len(rows) > limit else None}


def changeable(service: Service, connection: Connection) -> Row[Any]:
    """The election, kept as it is until the transaction ends; Conflict once voting is closed."""
    locks.kept(connection, service.election_id)
    election = service.election(connection)
    if election.state not in BEFORE_CLOSE:
        raise Conflict(f"The roll cannot be changed any more: the election is {election.state}.")
    return election


def places(entries: Any) -> list[tuple[str, Any]]:
    """The entries with their places in words; Unprocessable where they are no list of at most MOST_ENTRIES."""
    if not isinstance(entries, list) or len(entries) > MOST_ENTRIES:
        raise Unprocessable(f"The entries are a list of at most {MOST_ENTRIES}.")
    return [(f"Entry {number} of the roll", entry) for number, entry in enumerate(entries, start=1)]


def style_and_weight(place: str, entry: dict[str, Any], styles: set[str]) -> tuple[str, int]:
    """What decides about the ballot (rule 1); Unprocessable where it is not of this election."""
    style, weight = entry.get("style"), entry.get("weight", 1)
    if not isinstance(style, str) or style not in styles:
        raise Unprocessable(f"{place}: the manifest has no ballot style {str(style)[:LONGEST_VOTER]!r}.")
    if not isinstance(weight, int) or isinstance(weight, bool) or not 1 <= weight <= MOST_WEIGHT:
        raise Unprocessable(f"{place}: a weight is a whole number from 1 to {MOST_WEIGHT}.")
    return style, weight


def voter_of(place: str, value: Any) -> str:
    """What the officer calls a voter."""
    return text_of(value, f"{place}: `voter`", LONGEST_VOTER)


def token_hash_of(value: Any) -> bytes:
    """SHA-256 of a vote token, out of 64 hex digits; Unprocessable otherwise."""
    if not isinstance(value, str) or len(value) != 64 or not set(value) <= set("0123456789abcdef"):
        raise Unprocessable("A token's SHA-256 is 64 lower-case hex digits.")
    return bytes.fromhex(value)


def _add(connection: Connection, election_id: str, wanted: list[tuple[bytes, str, int]], first: int) -> int:
    """Add some entries, the first of which has number `first` in what was sent; how many are new."""
    rows = connection.execute(
        select(roll.c.token_hash, roll.c.style, roll.c.weight).where(
            roll.c.election_id == election_id, roll.c.token_hash.in_([token for token, _, _ in wanted])
        )
    )
    known = {row.token_hash: (row.style, row.weight) for row in rows}
    new = []
    for number, (token, style, weight) in enumerate(wanted, start=first):
        if token not in known:
            known[token] = (style, weight)
            entry = {"token_hash": token, "style": style, "weight": weight}
            new.append({"election_id": election_id, "state": FREE, "challenged": 0, **entry})
        elif known[token] != (style, weight):
            raise Conflict(f"Entry {number} of the roll: its token is there with another style or weight.")
    if new:
        connection.execute(insert(roll), new)
    return len(new)


def _imported(place: str, entry: Any, styles: set[str]) -> tuple[bytes, str, int]:
    if not isinstance(entry, dict) or set(entry) - {"token_sha256", "style", "weight"}:
        raise Unprocessable(f"{place} is not an object of token_sha256, style and weight.")
    try:
        token = token_hash_of(entry.get("token_sha256"))
    except Unprocessable:
        raise Unprocessable(f"{place}: token_sha256 is not 64 lower-case hex digits.") from None
    return token, *style_and_weight(place, entry, styles)


def _shown(row: Any) -> dict[str, Any]:
    return {
        "token_sha256": row.token_hash.hex(),
        "voter": row.voter,
        "style": row.style,
        "weight": row.weight,
        "state": SHOWN.get(row.state, row.state),
    }
