"""What everybody may ask.

    GET /election            {id, title, state, note, paused, n, k, chaining_mode, and, once the keys are made,
                              h_e, joint_key, joint_data_key, h_g; null before}
    GET /election/manifest   the exact bytes
    GET /ballots/{id_b hex}  {state: submitted|waiting|accepted|rejected, findings: [{code, where, message}]}
    GET /progress            see elections.progress
    GET /results             see elections.results; 404 until the record is verified

Bytes in JSON are base64; ids of ballots are hex.
"""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from amarvote.api.bodies import service_of
from amarvote.elections import overview, progress, results, submission
from amarvote.elections.errors import NotFound

router = APIRouter()


@router.get("/election")
def election(request: Request) -> dict[str, Any]:
    """What the election is, and its state."""
    return overview.describe(service_of(request))


@router.get("/election/manifest")
def manifest(request: Request) -> Response:
    """The manifest's exact bytes."""
    return Response(service_of(request).manifest, media_type="application/json")


@router.get("/ballots/{id_b}")
def ballot(request: Request, id_b: str) -> dict[str, Any]:
    """What became of a ballot."""
    if len(id_b) != 64 or not set(id_b) <= set("0123456789abcdef"):
        raise NotFound("A ballot's identifier is 64 lower-case hex digits.")
    return submission.ballot_state(service_of(request), bytes.fromhex(id_b))


@router.get("/progress")
def how_far(request: Request) -> dict[str, Any]:
    """How far the election is."""
    return progress.progress(service_of(request))


@router.get("/results")
def totals(request: Request) -> dict[str, Any]:
    """The verified results."""
    return results.results(service_of(request))
