"""The roll: who may vote with which style and weight; vote tokens issued, revoked, replaced; remote voters.

Voters are named in bodies, never in addresses: those stand in logs.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from amarvote.api.asking import AnElection, AnOfficer, AtMost, BoundedRoute, ask, large_json
from amarvote.api.models.common import Page
from amarvote.api.models.roll import (
    Added,
    ImportedRoll,
    IssuedVotes,
    NewToken,
    NewVoters,
    OneEntry,
    RemoteVoting,
    RollEntry,
    Shards,
)
from amarvote.api.problems import responses
from amarvote.elections import remote, rolls, vote_tokens

router = APIRouter(prefix="/elections/{election}", route_class=BoundedRoute, tags=["roll"])

LARGEST_ROLL = 8 << 20
"""Bytes of a request that adds voters, of whom it adds 10,000 at most."""

REFUSALS = responses(401, 403, 404, 409, 413, 422, 429)

AfterToken = Annotated[str, Query(pattern=r"^([0-9a-f]{64})?$", description="`next` of the page before.")]


def _json(model: str) -> dict[str, object]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{model}"}}}
    return {"requestBody": {"required": True, "content": content}}


@router.put("/roll", responses=REFUSALS, openapi_extra=_json("ImportedRoll"))
async def add(request: Request, election: AnElection, _: AnOfficer) -> Added:
    """Add voters by the hashes of tokens that were drawn elsewhere; many in several requests.

    The same again changes nothing.
    """
    wanted = await large_json(request, ImportedRoll, LARGEST_ROLL)
    return Added(added=await ask(lambda: rolls.import_roll(election, wanted.model_dump()["entries"])))


@router.get("/roll", responses=responses(401, 403, 404, 422, 429))
async def listing(
    election: AnElection, _: AnOfficer, after: AfterToken = "", limit: AtMost = 100
) -> Page[RollEntry]:
    """Who may vote, and who has."""
    return Page[RollEntry].model_validate(await ask(rolls.listing, election, after, limit))


@router.post("/roll/tokens", status_code=201, responses=REFUSALS, openapi_extra=_json("NewVoters"))
async def issue(request: Request, election: AnElection, _: AnOfficer) -> IssuedVotes:
    """Add voters and draw their tokens, which are shown this once.

    All of them or none. Where the answer was lost, the same again is refused with 409 if they were added: nobody
    has their tokens then, and each is replaced by its voter's name with `POST /elections/{election}/roll/reissue`.
    What may be sent again and again is `PUT /elections/{election}/roll`: hashes of tokens drawn elsewhere.
    """
    wanted = await large_json(request, NewVoters, LARGEST_ROLL)
    issued = await ask(lambda: vote_tokens.issue(election, wanted.model_dump()["entries"]))
    return IssuedVotes.model_validate({"issued": issued})


@router.post(
    "/roll/revoke",
    status_code=204,
    response_class=Response,
    responses={204: {"description": "Revoked."}, **REFUSALS},
)
async def revoke(election: AnElection, _: AnOfficer, entry: OneEntry) -> Response:
    """Let nobody vote with an unspent token any more."""
    await ask(vote_tokens.revoke, election, entry.voter, entry.token_sha256)
    return Response(status_code=204)


@router.post("/roll/reissue", status_code=201, responses=REFUSALS)
async def reissue(election: AnElection, _: AnOfficer, entry: OneEntry) -> NewToken:
    """Replace an unspent token by a new one, which is shown this once; the one before is good for nothing."""
    return NewToken(token=await ask(vote_tokens.reissue, election, entry.voter, entry.token_sha256))


@router.post(
    "/remote-voting",
    status_code=204,
    response_class=Response,
    responses={204: {"description": "Remote voters may vote."}, **REFUSALS},
    tags=["remote voters"],
)
async def admit(election: AnElection, _: AnOfficer, wanted: Shards) -> Response:
    """Let remote voters vote, each with the vote token as bearer token. Only without chaining."""
    await ask(remote.admit, election, wanted.shards)
    return Response(status_code=204)


@router.get("/remote-voting", responses=responses(404, 422), tags=["remote voters"])
async def remote_voting(election: AnElection) -> RemoteVoting:
    """What a remote voter's device encrypts for."""
    return RemoteVoting.model_validate(await ask(remote.describe, election))
