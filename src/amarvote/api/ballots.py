"""Ballots: handing one in, and asking what became of it."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse

from amarvote.api.asking import (
    ASKED_BY_VOTERS,
    AnElection,
    BoundedRoute,
    PlainRoute,
    address_of,
    ask,
    election_of,
    limit,
    read_body,
    services_of,
    together,
    voter_of,
)
from amarvote.api.models.ballots import BallotStatus, Receipt
from amarvote.api.problems import responses
from amarvote.elections import submission
from amarvote.elections.envelopes import JSON_FACTOR
from amarvote.elections.limits import Limit
from amarvote.elections.vote_tokens import hash_of

submitting = APIRouter(prefix="/elections/{election}", route_class=PlainRoute, tags=["ballots"])
router = APIRouter(prefix="/elections/{election}", route_class=BoundedRoute, tags=["ballots"])

OF_A_DEVICE = Limit("ballots", rate=500.0, burst=5_000, what="ballots", bite=50)
"""More than any device can encrypt; it keeps a stolen token from filling the service's time."""

OF_A_VOTER = Limit("votes", rate=0.2, burst=30, what="ballots")
"""A remote voter challenges at most ten times; an answer that was lost is asked for again."""

FROM_AN_ADDRESS = Limit("ballots-from", rate=1000.0, burst=20_000, what="ballots", bite=100)
"""A polling place may stand behind one address."""

HexId = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", examples=["5f" * 32])]

_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {
                "schema": {
                    "type": "string",
                    "format": "binary",
                    "description": "Vote token (32 bytes; left out where it is the bearer token), length of the "
                    "item (4, big-endian), the item's canonical protobuf, the commitments of all its proofs.",
                }
            },
            "application/json": {"schema": {"$ref": "#/components/schemas/JsonSubmission"}},
        },
    }
}


@submitting.put(
    "/ballots",
    status_code=202,
    response_class=JSONResponse,
    responses={
        202: {
            "model": Receipt,
            "description": "Stored; Location is where to ask what became of it. The same ballot again is answered "
            "the same again.",
            "headers": {"Location": {"schema": {"type": "string"}}},
        },
        **responses(401, 403, 404, 409, 413, 422, 429),
    },
    openapi_extra=ASKED_BY_VOTERS | _BODY,
)
async def submit(request: Request) -> JSONResponse:
    """Hand in a ballot. Its proofs are checked by a worker within seconds."""
    election = await election_of(request)
    voter = await voter_of(request, election)
    if isinstance(voter, int):
        await limit(request, OF_A_DEVICE, f"{election.election_id}:{voter}")
        await limit(request, FROM_AN_ADDRESS, address_of(request))
    else:
        # neither the token nor where its voter is may leave a row that has a time
        services_of(request).limits.spend_here(OF_A_VOTER, hash_of(voter).hex())
        services_of(request).limits.spend_here(FROM_AN_ADDRESS, address_of(request))
    is_json = request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"
    most = election.largest_submission * (JSON_FACTOR if is_json else 1)
    body = await read_body(request, most)
    handed_in = submission.HandedIn(voter, body, is_json)
    of = ("ballots", election.election_id)
    receipt = await together(request, of, handed_in, partial(submission.submit_all, election))
    where = f"/elections/{election.election_id}/ballots/{receipt['id_b']}"
    return JSONResponse(receipt, 202, {"Location": where})


@router.get("/ballots/{id_b}", responses=responses(404, 422))
async def ballot(election: AnElection, id_b: HexId) -> BallotStatus:
    """What became of a ballot, by its public identifier."""
    return BallotStatus.model_validate(await ask(submission.ballot_state, election, bytes.fromhex(id_b)))
