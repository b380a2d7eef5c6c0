"""Submitting a ballot: the envelope is checked, the token reserved, the bytes stored; the answer is 202 at once.

The same ballot with the same bytes is answered the same again, whatever became of it; other bytes under its
identifier are refused. What is stored is accepted or rejected by a worker within seconds.
"""

import base64
import hashlib
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from amarvote.electionguard.ballots import BallotStatus, EncryptedBallot
from amarvote.electionguard.confirmation import SIMPLE_CHAINING, chained_field, unchained_field
from amarvote.elections.envelopes import Envelope, read_envelope
from amarvote.elections.errors import Conflict, NotFound, Unprocessable
from amarvote.elections.service import Service
from amarvote.pipeline import accepting, handing, states
from amarvote.pipeline.constants import context_of
from amarvote.record.merkle import leaf
from amarvote.store.clock import now
from amarvote.store.tables import ballot_commitments, ballot_items, ballots, devices, roll

SHOWN_STATES = {"held": "waiting"}
"""A ballot held for the officer's verdict waits, as one does whose predecessor is not settled."""


def submit(service: Service, device_number: int, body: bytes) -> dict[str, str]:
    """Store a ballot of this device; its identifier, state and confirmation code, in the API's form."""
    with service.database.read() as connection:
        election = service.election(connection)
    if election.h_e is None:
        raise Conflict("The election's keys are not made yet.")
    envelope = read_envelope(context_of(election), body)
    fingerprint = hashlib.sha256(envelope.item + envelope.commitments).digest()
    with service.database.write() as connection:
        known = _known(connection, service.election_id, envelope.ballot.id_b)
        if known is None:
            _store(service, connection, device_number, envelope, fingerprint)
            if accepting.cut(connection, service.settings, service.election_id):
                handing.refill(connection, service.settings)
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


def _known(connection: Connection, election_id: str, id_b: bytes) -> Row[Any] | None:
    same = (ballots.c.election_id == election_id) & (ballots.c.id_b == id_b)
    row: Row[Any] | None = connection.execute(select(ballots).where(same)).one_or_none()
    return row


def _store(
    service: Service, connection: Connection, device_number: int, envelope: Envelope, fingerprint: bytes
) -> None:
    ballot = envelope.ballot
    election = states.locked(connection, service.election_id, shared=True)
    if election.state != states.OPEN:
        raise Conflict(f"No ballots are taken: the election is {election.state}.")
    device = current_device(connection, service.election_id, device_number)
    _check_device(device, ballot, election.chaining_mode)
    token = hashlib.sha256(envelope.token).digest()
    _reserve(service, connection, token, ballot)
    chain_index = device.stored + 1 if election.chaining_mode == SIMPLE_CHAINING else None
    number = connection.execute(
        insert(ballots)
        .values(
            election_id=service.election_id,
            device_id=device.id,
            chain_index=chain_index,
            id_b=ballot.id_b,
            state="submitted",
            status=int(ballot.status),
            style=ballot.ballot_style,
            weight=ballot.weight,
            confirmation_code=ballot.confirmation_code,
            leaf=leaf(envelope.item),
            submission=fingerprint,
            item_bytes=len(envelope.item),
            commitment_bytes=len(envelope.commitments),
            token_hash=token,
            submitted_at=now(),
        )
        .returning(ballots.c.number)
    ).scalar_one()
    connection.execute(insert(ballot_items).values(number=number, item=envelope.item))
    connection.execute(insert(ballot_commitments).values(number=number, data=envelope.commitments))
    if chain_index is not None:
        connection.execute(
            update(devices)
            .where(devices.c.id == device.id)
            .values(stored=chain_index, last_code=ballot.confirmation_code)
        )


def current_device(connection: Connection, election_id: str, number: int) -> Row[Any]:
    """The device of a token under its latest device string, locked."""
    return connection.execute(
        select(devices)
        .where(devices.c.election_id == election_id, devices.c.number == number)
        .order_by(devices.c.chain.desc())
        .limit(1)
        .with_for_update()
    ).one()


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


def _reserve(service: Service, connection: Connection, token: bytes, ballot: EncryptedBallot) -> None:
    """Rule 1: style and weight are the roll's. Rule 3: one ballot at a time for a token, none once it is spent."""
    entry = connection.execute(
        select(roll).where(roll.c.election_id == service.election_id, roll.c.token_hash == token).with_for_update()
    ).one_or_none()
    if entry is None:
        raise Unprocessable("This vote token is not in the roll.")
    if entry.state == "spent":
        raise Conflict("This vote token has been used: its ballot is cast.")
    if entry.state == "reserved":
        raise Conflict("Another ballot with this vote token is being checked; ask for its state first.")
    if ballot.ballot_style != entry.style:
        raise Unprocessable(
            f"The ballot says style {ballot.ballot_style!r}, but the roll says {entry.style!r} for this voter."
        )
    if ballot.weight != entry.weight:
        raise Unprocessable(
            f"The ballot says weight {ballot.weight}, but the roll says {entry.weight} for this voter."
        )
    if ballot.status is BallotStatus.CHALLENGED and entry.challenged >= service.settings.challenges:
        raise Conflict(f"This voter has challenged {entry.challenged} ballots; the next one has to be cast.")
    connection.execute(
        update(roll)
        .where(roll.c.election_id == service.election_id, roll.c.token_hash == token)
        .values(state="reserved")
    )
