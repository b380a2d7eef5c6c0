"""Submitting a ballot: the envelope is checked, the token reserved, the bytes stored; the answer is 202 at once.

The same ballot with the same bytes is answered the same again, whatever became of it; other bytes under its
identifier are refused. What is stored is accepted or rejected by a worker within seconds.
"""

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, insert, select, update

from amarvote.electionguard.ballots import BallotStatus, EncryptedBallot
from amarvote.electionguard.confirmation import SIMPLE_CHAINING, chained_field, unchained_field
from amarvote.elections.envelopes import Envelope, read_envelope
from amarvote.elections.errors import Conflict, NotFound, Refusal, Unprocessable
from amarvote.elections.remote import shard_of
from amarvote.elections.service import Service
from amarvote.pipeline import accepting, locks, states
from amarvote.record.merkle import leaf
from amarvote.store.clock import now
from amarvote.store.tables import ballot_commitments, ballot_items, ballots, devices, elections, roll

SHOWN_STATES = {"held": "waiting"}
"""A ballot held for the officer's verdict waits, as one does whose predecessor is not settled."""

# Built once: making a statement anew takes longer than executing it.
_KNOWN = select(ballots.c.submission, ballots.c.state, ballots.c.findings).where(
    ballots.c.election_id == bindparam("election"), ballots.c.id_b == bindparam("id_b")
)
_STATE = select(elections.c.state).where(elections.c.id == bindparam("election"))
_DEVICE = (
    select(devices)
    .where(devices.c.election_id == bindparam("election"), devices.c.number == bindparam("number"))
    .order_by(devices.c.chain.desc())
    .limit(1)
)
_DEVICE_HELD = _DEVICE.with_for_update(key_share=True)
_OF_TOKEN = and_(roll.c.election_id == bindparam("election"), roll.c.token_hash == bindparam("token"))
_ENTRY = select(roll.c.state).where(_OF_TOKEN)
_RESERVE = (
    update(roll)
    .where(_OF_TOKEN, roll.c.state == "free")
    .values(state="reserved")
    .returning(roll.c.style, roll.c.weight, roll.c.challenged)
)
_STORE = insert(ballots).values(state="submitted", submitted_at=now()).returning(ballots.c.number)
_STORE_ITEM = insert(ballot_items)
_STORE_COMMITMENTS = insert(ballot_commitments)
_EXTEND_CHAIN = (
    update(devices)
    .where(devices.c.id == bindparam("device"))
    .values(stored=bindparam("length"), last_code=bindparam("code"))
)


def submit(service: Service, device_number: int | None, body: bytes) -> dict[str, str]:
    """Store a ballot of this device, or of a remote voter (None); what the API answers.

    {id_b, state, confirmation_code}: hex, word, base64.
    """
    envelope = read_envelope(service.context, body)
    fingerprint = hashlib.sha256(envelope.item + envelope.commitments).digest()
    with service.database.write() as connection:
        known = _known(connection, service.election_id, envelope.ballot.id_b)
        if known is None:
            known = _store(service, connection, device_number, envelope, fingerprint)
        if known is None:
            accepting.cut(connection, service.settings, service.election_id)
            state = "submitted"
        elif known.submission == fingerprint:
            state = SHOWN_STATES.get(known.state, known.state)
        else:
            raise Conflict(
                f"Ballot {envelope.ballot.id_b.hex()} was submitted before with other bytes; the first stand. "
                "An identifier is used once."
            )
    return {
        "id_b": envelope.ballot.id_b.hex(),
        "state": state,
        "confirmation_code": base64.b64encode(envelope.ballot.confirmation_code).decode(),
    }


def ballot_state(service: Service, id_b: bytes) -> dict[str, Any]:
    """{state, findings} of a ballot by its public identifier."""
    with service.database.read() as connection:
        row = _known(connection, service.election_id, id_b)
    if row is None:
        raise NotFound(f"There is no ballot {id_b.hex()}.")
    return {"state": SHOWN_STATES.get(row.state, row.state), "findings": row.findings or []}


def _known(connection: Connection, election_id: str, id_b: bytes) -> Row[Any, Any, Any] | None:
    return connection.execute(_KNOWN, {"election": election_id, "id_b": id_b}).one_or_none()


def _store(
    service: Service, connection: Connection, device_number: int | None, envelope: Envelope, fingerprint: bytes
) -> Row[Any, Any, Any] | None:
    """Store a new ballot: None. Or what is known of it, where it was stored while we waited for its roll entry."""
    ballot = envelope.ballot
    # asked without waiting first: a state that is past is past, and the list may be frozen for minutes
    state = connection.execute(_STATE, {"election": service.election_id}).scalar_one()
    if state == states.OPEN:
        state = locks.kept(connection, service.election_id)
    if state != states.OPEN:
        raise Conflict(_not_open(service, connection, state))
    chaining_mode = service.context.manifest.chaining_mode
    if device_number is None:
        device = shard_of(connection, service.election_id, ballot.chaining_field)
    else:
        device = current_device(
            connection, service.election_id, device_number, held=chaining_mode == SIMPLE_CHAINING
        )
    token = hashlib.sha256(envelope.token).digest()
    of_token = {"election": service.election_id, "token": token}
    reserved = connection.execute(_RESERVE, of_token).one_or_none()
    if reserved is None:
        known = _known(connection, service.election_id, ballot.id_b)
        if known is not None:
            return known
    _check_device(device, ballot, chaining_mode)
    if reserved is None:
        raise _not_free(connection.execute(_ENTRY, of_token).scalar_one_or_none())
    _check_entry(service, reserved, ballot)
    chain_index = device.stored + 1 if chaining_mode == SIMPLE_CHAINING else None
    row = {
        "election_id": service.election_id,
        "device_id": device.id,
        "chain_index": chain_index,
        "id_b": ballot.id_b,
        "status": int(ballot.status),
        "style": ballot.ballot_style,
        "weight": ballot.weight,
        "confirmation_code": ballot.confirmation_code,
        "leaf": leaf(envelope.item),
        "submission": fingerprint,
        "item_bytes": len(envelope.item),
        "commitment_bytes": len(envelope.commitments),
        "token_hash": token,
    }
    number = connection.execute(_STORE, row).scalar_one()
    connection.execute(_STORE_ITEM, {"number": number, "item": envelope.item})
    connection.execute(_STORE_COMMITMENTS, {"number": number, "data": envelope.commitments})
    if chain_index is not None:
        end = {"device": device.id, "length": chain_index, "code": ballot.confirmation_code}
        connection.execute(_EXTEND_CHAIN, end)
    return None


def _not_open(service: Service, connection: Connection, state: str) -> str:
    ended = service.election(connection).closed_at
    if ended is None:
        return f"No ballots are taken yet: the election is {state}."
    when = datetime.fromtimestamp(ended, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return f"Voting ended at {when}; no ballots are taken any more."


def current_device(connection: Connection, election_id: str, number: int, *, held: bool) -> Row[Any]:
    """The device of a token under its latest device string; `held` where its chain must not grow meanwhile."""
    statement = _DEVICE_HELD if held else _DEVICE
    return connection.execute(statement, {"election": election_id, "number": number}).one()


def _check_device(device: Row[Any], ballot: EncryptedBallot, chaining_mode: int) -> None:
    if device.broken is not None:
        raise Conflict(device.broken)
    if device.closed:
        raise Conflict(f"Device {device.name} has closed; it takes no more ballots.")
    if chaining_mode == SIMPLE_CHAINING:
        if ballot.chaining_field != chained_field(device.last_code):
            raise Conflict(
                f"The ballot does not follow the last one that the service has of {device.name}: its chaining "
                "field names another code. Encrypt it again for the present end of the chain."
            )
    elif ballot.chaining_field != unchained_field(device.h_di):
        raise Unprocessable(f"The ballot's chaining field is not that of {device.name} ({device.device_string}).")


def _not_free(state: str | None) -> Refusal:
    """Rule 3: one ballot at a time for a token, none once it is spent."""
    match state:
        case None:
            return Unprocessable("This vote token is not in the roll.")
        case "spent":
            return Conflict("This vote token has been used: its ballot is cast.")
        case "revoked":
            return Conflict("This vote token was revoked. Ask who gave it to you for a new one.")
        case _:
            return Conflict("Another ballot with this vote token is being checked; ask for its state first.")


def _check_entry(service: Service, entry: Row[str, int, int], ballot: EncryptedBallot) -> None:
    """Rule 1: style and weight are the roll's."""
    if ballot.ballot_style != entry.style:
        raise Unprocessable(
            f"The ballot says style {ballot.ballot_style!r}, but the roll says {entry.style!r} for this voter."
        )
    if ballot.weight != entry.weight:
        raise Unprocessable(
            f"The ballot says weight {ballot.weight}, but the roll says {entry.weight} for this voter."
        )
    freed, most = entry.challenged, service.settings.challenges
    so_far = f"{freed} ballots with this vote token were challenged or rejected"
    if freed > most:
        raise Conflict(f"{so_far}; no more are taken. Ask who gave it to you for a new one.")
    if freed == most and ballot.status is BallotStatus.CHALLENGED:
        raise Conflict(f"{so_far}; the next one has to be cast.")
