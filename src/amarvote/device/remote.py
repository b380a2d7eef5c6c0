"""A remote voter's own device (rule 7): no station, no journal; the vote token is its bearer token.

Each ballot is encrypted for a shard of the service that is drawn anew: so the shard says nothing of the voter.
"""

import base64
import binascii
import secrets
from typing import Any

from amarvote.device.encrypting import Decide, decide, encrypt
from amarvote.device.errors import DeviceError
from amarvote.device.journal import Submission
from amarvote.device.opening import opening_for_voter
from amarvote.device.voters import Act
from amarvote.electionguard.confirmation import unchained_field
from amarvote.electionguard.context import Context
from amarvote.electionguard.engine import Engine
from amarvote.participants.service import Service

TOKEN_BYTES = 32
LOOK_AGAIN = 0.2
"""Seconds between two questions whether a challenged ballot has been recorded."""


def vote(service: Service, context: Context, engine: Engine, act: Act, decision: Decide) -> bytes | None:
    """Encrypt, show the code, submit as decided; the opening of a challenged ballot, once it is recorded as that.

    `service` is asked with the vote token in hex. Raises Refused as the service does, DeviceError for an answer
    that it should not give.
    """
    field = unchained_field(secrets.choice(shards(service)))
    undecided = encrypt(context, engine, act, field)
    submission, unopened = decide(undecided, act, decision)
    submit(service, submission)
    if unopened is None:
        return None
    while True:
        answer = service.get(f"/ballots/{submission.id_b.hex()}").json()
        state = answer.get("state") if isinstance(answer, dict) else None
        if state == "rejected":
            raise DeviceError(f"The challenged ballot was rejected: {answer.get('findings')}")
        if state == "accepted":
            return opening_for_voter(context, engine, unopened)
        service.wait(LOOK_AGAIN)


def submit(service: Service, submission: Submission) -> None:
    """Submit the ballot; the same again is the same. The token is in the header, not in the body."""
    receipt = service.put("/ballots", submission.body[TOKEN_BYTES:]).json()
    code = base64.b64encode(submission.confirmation_code).decode()
    if not isinstance(receipt, dict) or receipt.get("confirmation_code") != code:
        raise DeviceError(f"The service stored another code than {submission.confirmation_code.hex()}.")


def shards(service: Service) -> list[bytes]:
    """H_DI of every shard; DeviceError where the election has none."""
    answer: Any = service.get("/remote-voting").json()
    try:
        found = [base64.b64decode(one["h_di"], validate=True) for one in answer["devices"]]
    except (KeyError, TypeError, binascii.Error, ValueError):
        raise DeviceError("The service does not say how remote voters vote.") from None
    if not found or any(len(h_di) != 32 for h_di in found):
        raise DeviceError("This election takes no ballots of remote voters.")
    return found
