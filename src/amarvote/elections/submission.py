"""Submitting a ballot: the envelope is checked, the token reserved, the bytes stored; the answer is 202 at once.

The same ballot with the same bytes is answered the same again, whatever became of it; other bytes under its
identifier are refused. What is stored is accepted or rejected by a worker within seconds.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from amarvote.electionguard.context import Context
from amarvote.elections.envelopes import body_of_json, read_envelope
from amarvote.elections.errors import NotFound
from amarvote.elections.service import Service
from amarvote.elections.storing import SHOWN_STATES, Submission, known_among, store_all

Answer = dict[str, str]
"""{id_b, state, confirmation_code}: hex, word, base64."""


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A ballot as it arrived, from the device of this number or from a remote voter, of whom the vote token is."""

    voter: int | bytes = field(repr=False)
    body: bytes = field(repr=False)
    is_json: bool = False


def submit_all(service: Service, handed_in: Sequence[HandedIn]) -> list[Answer | Exception]:
    """Store these ballots; of each what is answered, or why it is not stored."""
    context = service.context
    read = [_read(context, one) for one in handed_in]
    states = iter(store_all(service, [one for one in read if isinstance(one, Submission)]))
    return [_answer(one, next(states)) if isinstance(one, Submission) else one for one in read]


def _read(context: Context, one: HandedIn) -> Submission | Exception:
    """What is wrong with one is nobody else's fault, whatever it is."""
    try:
        body = body_of_json(one.body, with_token=isinstance(one.voter, int)) if one.is_json else one.body
        number, body = (one.voter, body) if isinstance(one.voter, int) else (None, one.voter + body)
        envelope = read_envelope(context, body)
    except Exception as problem:  # noqa: BLE001 - raised where it was asked for
        return problem
    fingerprint = hashlib.sha256(envelope.item + envelope.commitments).digest()
    return Submission(number, envelope, fingerprint, hashlib.sha256(envelope.token).digest())


def _answer(one: Submission, state: str | Exception) -> Answer | Exception:
    if isinstance(state, Exception):
        return state
    return {
        "id_b": one.ballot.id_b.hex(),
        "state": state,
        "confirmation_code": base64.b64encode(one.ballot.confirmation_code).decode(),
    }


def ballot_state(service: Service, id_b: bytes) -> dict[str, Any]:
    """{state, findings} of a ballot by its public identifier."""
    with service.database.read() as connection:
        row = known_among(connection, service.election_id, [id_b])[1].get(id_b)
    if row is None:
        raise NotFound(f"There is no ballot {id_b.hex()}.")
    return {"state": SHOWN_STATES.get(row.state, row.state), "findings": row.findings or []}
