"""The verified results."""

from fastapi import APIRouter

from amarvote.api.asking import READING, AnElection, BoundedRoute, ask
from amarvote.api.models.outcome import Results
from amarvote.api.problems import responses
from amarvote.elections import results

router = APIRouter(prefix="/elections/{election}", route_class=BoundedRoute, tags=["results"])


@router.get("/results", responses=responses(404, 429), dependencies=[READING])
async def totals(election: AnElection) -> Results:
    """The verified results; 404 until the record is verified."""
    return Results.model_validate(await ask(results.results, election))
