"""Elections: the list, making one, what one is."""

import base64
import binascii
import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from amarvote.api.asking import READING, AnElection, AnOperator, AtMost, BoundedRoute, ask, large_json, services_of
from amarvote.api.models.common import Page
from amarvote.api.models.elections import Created, Election, ElectionListed, NewElection
from amarvote.api.problems import responses
from amarvote.elections import creating, overview
from amarvote.elections.errors import Unprocessable

router = APIRouter(route_class=BoundedRoute, tags=["elections"])

LARGEST_CREATION = 24 << 20
"""Bytes of a request that makes an election: a manifest of 16 MiB in base64, and what stands beside it."""


@router.get("/elections", responses=responses(422, 429), dependencies=[READING])
async def listing(
    request: Request,
    after: Annotated[str, Query(max_length=64, description="`next` of the page before.")] = "",
    limit: AtMost = 100,
) -> Page[ElectionListed]:
    """All elections of this service, by their identifiers."""
    return Page[ElectionListed].model_validate(await ask(services_of(request).listing, after, limit))


@router.post(
    "/elections",
    status_code=201,
    responses=responses(401, 403, 413, 422, 429),
    response_description="Made. The tokens are shown this once; Location is the election.",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewElection"}}},
        }
    },
)
async def create(request: Request, response: Response, _: AnOperator) -> Created:
    """Make an election. It begins with the key ceremony, for which the officer invites the guardians."""
    asked = await large_json(request, NewElection, LARGEST_CREATION)
    manifest = await run_in_threadpool(_manifest_bytes, asked.manifest)
    made = await ask(
        lambda: creating.create(
            services_of(request).database,
            manifest,
            n=asked.guardians,
            k=asked.quorum,
            device_names=asked.devices,
            minimum_group=asked.minimum_group,
            title=asked.title,
        )
    )
    response.headers["Location"] = f"/elections/{made.election_id}"
    return Created.model_validate(
        {
            "id": made.election_id,
            "officer": made.officer.shown(),
            "devices": {name: issued.shown() for name, issued in made.devices.items()},
        }
    )


@router.get("/elections/{election}", responses=responses(404))
async def describe(election: AnElection) -> Election:
    """What the election is, and its state."""
    return Election.model_validate(await ask(overview.describe, election))


@router.get(
    "/elections/{election}/manifest",
    response_class=Response,
    responses={
        200: {
            "description": "The exact bytes that everything binds.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        },
        **responses(404),
    },
)
async def manifest(election: AnElection) -> Response:
    """The manifest's exact bytes."""
    return Response(election.manifest, media_type="application/json")


def _manifest_bytes(given: dict[str, Any] | str) -> bytes:
    if isinstance(given, dict):
        return json.dumps(given, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        raise Unprocessable("The manifest is a JSON object, or its bytes in base64.") from None
