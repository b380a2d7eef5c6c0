"""Ballots as they are handed in, each by itself: as by the API where nobody else does at the time."""

import base64
import json
from typing import Any

from amarvote.elections.service import Service
from amarvote.elections.submission import Answer, HandedIn, submit_all
from amarvote.record.codec import ballot_item
from amarvote.record.commitments import encode_commitments
from amarvote.record.json_lines import item_to_line
from staging.people import Vote


def submit(service: Service, voter: int | bytes, body: bytes) -> Answer:
    """What is answered, or raised; `voter` is a device's number, or the vote token, which `body` leaves out."""
    (answer,) = submit_all(service, [HandedIn(voter, body)])
    if isinstance(answer, Exception):
        raise answer
    return answer


def as_json(vote: Vote) -> dict[str, Any]:
    """The same ballot, as a device that writes no protobuf hands it in."""
    return {
        "token": vote.token.hex(),
        "ballot": json.loads(item_to_line(ballot_item(vote.ballot))),
        "commitments": base64.b64encode(encode_commitments(vote.commitments)).decode(),
    }
