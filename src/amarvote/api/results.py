"""The verified results."""

from fastapi import APIRouter

from amarvote.api.asking import READING, After, AnElection, AtMost, BoundedRoute, ask
from amarvote.api.models.common import Page
from amarvote.api.models.outcome import OpenedBallot, Results
from amarvote.api.problems import responses
from amarvote.elections import results

router = APIRouter(prefix="/elections/{election}", route_class=BoundedRoute, tags=["results"])


@router.get("/results", responses=responses(404, 429), dependencies=[READING])
async def totals(election: AnElection) -> Results:
    """The verified results; 404 until the record is verified."""
    return Results.model_validate(await ask(results.results, election))


@router.get("/results/challenged", responses=responses(404, 422, 429), dependencies=[READING])
async def challenged(election: AnElection, after: After = 0, limit: AtMost = 100) -> Page[OpenedBallot]:
    """The challenged ballots, opened, in the record's order; 404 until the record is verified."""
    return Page[OpenedBallot].model_validate(await ask(results.challenged_pages, election, after, limit))
