"""Vote tokens that the service issues: 256 random bits, shown once, stored as SHA-256; revoked and reissued.

Whoever imports only hashes (`rolls.import_roll`) draws the tokens elsewhere, and the service never sees them
before they are used. Until voting is closed, an unspent token can be revoked, or replaced by a new one for its
voter.
"""

import hashlib
import secrets
from typing import Any

from sqlalchemy import Connection, insert, select, update

from amarvote.elections import rolls
from amarvote.elections.errors import Conflict, NotFound, Unprocessable
from amarvote.elections.rolls import FREE, RESERVED, REVOKED, SPENT
from amarvote.elections.service import Service
from amarvote.pipeline import states
from amarvote.pipeline.constants import manifest_of
from amarvote.store.tables import roll

TOKEN_BYTES = 32


def hash_of(token: bytes) -> bytes:
    """What the roll holds of a vote token."""
    return hashlib.sha256(token).digest()


def issue(service: Service, entries: Any) -> list[dict[str, str]]:
    """Enter voters {"voter": name, "style": id, "weight": 1 by default}; [{voter, token}] in the same order.

    All of them or none; Conflict where one is in the roll. Where the answer was lost, nobody knows the tokens:
    reissue them.
    """
    with service.database.write() as connection:
        election = rolls.changeable(service, connection)
        styles = {style.id for style in manifest_of(election.manifest).styles}
        wanted = [_entry(place, entry, styles) for place, entry in rolls.places(entries)]
        voters = {voter for voter, _, _ in wanted}
        if len(voters) != len(wanted):
            raise Unprocessable("A voter is there twice in what was sent.")
        _refuse_known(connection, service.election_id, sorted(voters))
        issued = []
        rows = []
        for voter, style, weight in wanted:
            token = secrets.token_bytes(TOKEN_BYTES)
            issued.append({"voter": voter, "token": token.hex()})
            entry = {"token_hash": hash_of(token), "voter": voter, "style": style, "weight": weight}
            rows.append({"election_id": service.election_id, "state": FREE, "challenged": 0, **entry})
        if rows:
            connection.execute(insert(roll), rows)
            states.record_event(connection, service.election_id, f"{len(rows)} voters are added to the roll")
    return issued


def revoke(service: Service, voter: Any, token_sha256: Any) -> None:
    """Let nobody vote with this unspent token, named by its voter or its hash. Revoking twice is the same."""
    with service.database.write() as connection:
        entry = _unspent(service, connection, voter, token_sha256)
        if entry.state != REVOKED:
            connection.execute(update(roll).where(_same(entry)).values(state=REVOKED))
            states.record_event(connection, service.election_id, "a vote token is revoked")


def reissue(service: Service, voter: Any, token_sha256: Any) -> str:
    """Replace an unspent token, revoked or not, by a new one: the token. The one before is good for nothing.

    How often it was freed stays; where that was too often for any ballot, one can be cast with the new token.
    """
    token = secrets.token_bytes(TOKEN_BYTES)
    with service.database.write() as connection:
        entry = _unspent(service, connection, voter, token_sha256)
        freed = min(entry.challenged, service.settings.challenges)
        new = {"token_hash": hash_of(token), "state": FREE, "challenged": freed}
        connection.execute(update(roll).where(_same(entry)).values(new))
        states.record_event(connection, service.election_id, "a vote token is replaced by a new one")
    return token.hex()


def _entry(place: str, entry: Any, styles: set[str]) -> tuple[str, str, int]:
    if not isinstance(entry, dict) or set(entry) - {"voter", "style", "weight"}:
        raise Unprocessable(f"{place} is not an object of voter, style and weight.")
    return rolls.voter_of(place, entry.get("voter")), *rolls.style_and_weight(place, entry, styles)


def _refuse_known(connection: Connection, election_id: str, voters: list[str]) -> None:
    for first in range(0, len(voters), rolls.PAGE):
        known = connection.execute(
            select(roll.c.voter)
            .where(roll.c.election_id == election_id, roll.c.voter.in_(voters[first : first + rolls.PAGE]))
            .limit(1)
        ).scalar_one_or_none()
        if known is not None:
            raise Conflict(f"Voter {known!r} is in the roll already. Nothing was issued; reissue a lost token.")


def _unspent(service: Service, connection: Connection, voter: Any, token_sha256: Any) -> Any:
    """The locked entry; NotFound where there is none, Conflict where its ballot is cast or being checked."""
    rolls.changeable(service, connection)
    if (voter is None) == (token_sha256 is None):
        raise Unprocessable("Name the voter, or the SHA-256 of the token; one of both.")
    if voter is not None:
        named = roll.c.voter == rolls.voter_of("The entry", voter)
    else:
        named = roll.c.token_hash == rolls.token_hash_of(token_sha256)
    entry = connection.execute(
        select(roll.c.election_id, roll.c.token_hash, roll.c.state, roll.c.challenged)
        .where(roll.c.election_id == service.election_id, named)
        .with_for_update()
    ).one_or_none()
    if entry is None:
        raise NotFound("The roll has no such entry.")
    if entry.state == SPENT:
        raise Conflict("This token is spent: its voter has voted.")
    if entry.state == RESERVED:
        raise Conflict("A ballot with this token is being checked. Ask again in a few seconds.")
    return entry


def _same(entry: Any) -> Any:
    return (roll.c.election_id == entry.election_id) & (roll.c.token_hash == entry.token_hash)
