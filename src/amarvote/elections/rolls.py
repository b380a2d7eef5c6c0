"""The roll: who may vote with which style and weight, by the hash of the vote token (rules 1 and 3)."""

from typing import Any

from sqlalchemy import Connection, insert, select

from amarvote.elections.errors import Conflict, Unprocessable
from amarvote.elections.service import Service
from amarvote.pipeline import states
from amarvote.pipeline.constants import manifest_of
from amarvote.store.tables import roll

MOST_WEIGHT = 2**31 - 1
PAGE = 500
BEFORE_CLOSE = (states.CEREMONY, states.SETTING_UP, states.READY, states.OPEN)


def import_roll(service: Service, entries: Any) -> int:
    """Add entries {"token_sha256": 64 hex digits, "style": id, "weight": 1 by default}; how many are new.

    The same entry again changes nothing; another style or weight for the same token is a Conflict.
    """
    if not isinstance(entries, list):
        raise Unprocessable("The roll is a list of entries.")
    with service.database.write() as connection:
        election = service.election(connection)
        if election.state not in BEFORE_CLOSE:
            raise Conflict(f"The roll cannot be changed any more: the election is {election.state}.")
        styles = {style.id for style in manifest_of(election.manifest).styles}
        wanted = [_entry(number, entry, styles) for number, entry in enumerate(entries, start=1)]
        added = sum(
            _add(connection, service.election_id, wanted[first : first + PAGE], first + 1)
            for first in range(0, len(wanted), PAGE)
        )
        if added:
            states.record_event(connection, service.election_id, f"{added} voters are added to the roll")
        return added


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
            new.append({"election_id": election_id, "state": "free", "challenged": 0, **entry})
        elif known[token] != (style, weight):
            raise Conflict(f"Entry {number} of the roll: its token is there with another style or weight.")
    if new:
        connection.execute(insert(roll), new)
    return len(new)


def _entry(number: int, entry: Any, styles: set[str]) -> tuple[bytes, str, int]:
    place = f"Entry {number} of the roll"
    if not isinstance(entry, dict) or set(entry) - {"token_sha256", "style", "weight"}:
        raise Unprocessable(f"{place} is not an object of token_sha256, style and weight.")
    token, style, weight = entry.get("token_sha256"), entry.get("style"), entry.get("weight", 1)
    if not isinstance(token, str) or len(token) != 64 or not set(token) <= set("0123456789abcdef"):
        raise Unprocessable(f"{place}: token_sha256 is not 64 lower-case hex digits.")
    if not isinstance(style, str) or style not in styles:
        raise Unprocessable(f"{place}: the manifest has no ballot style {style!r}.")
    if not isinstance(weight, int) or isinstance(weight, bool) or not 1 <= weight <= MOST_WEIGHT:
        raise Unprocessable(f"{place}: a weight is a whole number from 1 to {MOST_WEIGHT}.")
    return bytes.fromhex(token), style, weight
