"""Submitting a ballot: the envelope is checked, the token reserved, the bytes stored; the answer is 202 at once.

The same ballot with the same bytes is answered the same again, whatever became of it; other bytes under its
identifier are refused. What is stored is accepted or rejected by a worker within seconds.
"""

import base64
import hashlib
from functools import partial
from typing import Any

from amarvote.elections.envelopes import read_envelope
from amarvote.elections.errors import NotFound
from amarvote.elections.service import Service
from amarvote.elections.storing import SHOWN_STATES, Submission, known_among, store_all


def submit(service: Service, device_number: int | None, body: bytes) -> dict[str, str]:
    """Store a ballot of this device, or of a remote voter (None); what the API answers.

    {id_b, state, confirmation_code}: hex, word, base64.
    """
    envelope = read_envelope(service.context, body)
    fingerprint = hashlib.sha256(envelope.item + envelope.commitments).digest()
    submission = Submission(device_number, envelope, fingerprint, hashlib.sha256(envelope.token).digest())
    state = service.submissions.ask(submission, partial(store_all, service))
    return {
        "id_b": envelope.ballot.id_b.hex(),
        "state": state,
        "confirmation_code": base64.b64encode(envelope.ballot.confirmation_code).decode(),
    }


def ballot_state(service: Service, id_b: bytes) -> dict[str, Any]:
    """{state, findings} of a ballot by its public identifier."""
    with service.database.read() as connection:
        row = known_among(connection, service.election_id, [id_b]).get(id_b)
    if row is None:
        raise NotFound(f"There is no ballot {id_b.hex()}.")
    return {"state": SHOWN_STATES.get(row.state, row.state), "findings": row.findings or []}
