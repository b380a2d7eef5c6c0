"""How far the election is: progress, phases, chunks, and another try for what failed."""

from fastapi import APIRouter, Request, Response

from amarvote.api.asking import READING, After, AnElection, AnOfficer, AtMost, BoundedRoute, Numbered, ask
from amarvote.api.commands import UNDER_WAY
from amarvote.api.models.common import Page
from amarvote.api.models.work import Chunk, Phase, Progress, Retried
from amarvote.api.problems import responses
from amarvote.api.recent import Recent
from amarvote.elections import work

router = APIRouter(prefix="/elections/{election}", route_class=BoundedRoute, tags=["work"])


@router.get("/progress", responses=responses(404, 429), dependencies=[READING])
async def how_far(request: Request, election: AnElection) -> Progress:
    """How far the election is, and what it waits for: as it was a second ago, or as long as counting takes."""
    recent: Recent = request.app.state.recent
    return await recent.progress(election)


@router.get("/phases", responses=responses(404, 422, 429), dependencies=[READING])
async def phases(election: AnElection, after: After = 0, limit: AtMost = 100) -> Page[Phase]:
    """All phases that ever began, in that order."""
    return Page[Phase].model_validate(await ask(work.phase_pages, election, after, limit))


@router.get("/phases/{phase}/chunks", responses=responses(404, 422, 429), dependencies=[READING])
async def chunks(election: AnElection, phase: Numbered, after: After = 0, limit: AtMost = 100) -> Page[Chunk]:
    """A phase's chunks: when each was done, how long it took, by which worker, at which attempt."""
    return Page[Chunk].model_validate(await ask(work.chunk_pages, election, phase, after, limit))


@router.get("/chunks/{chunk}", responses=responses(404, 422, 429), dependencies=[READING])
async def one_chunk(election: AnElection, chunk: Numbered) -> Chunk:
    """One chunk."""
    return Chunk.model_validate(await ask(work.one_chunk, election, chunk))


@router.post("/chunks/retry", status_code=202, responses=UNDER_WAY)
async def retry_all(election: AnElection, _: AnOfficer, response: Response) -> Retried:
    """Give every failed chunk of the election all its attempts again; none may have failed."""
    number = await ask(work.retry_all, election)
    response.headers["Location"] = f"/elections/{election.election_id}/progress"
    return Retried(chunks=number)


@router.post("/chunks/{chunk}/retry", status_code=202, response_class=Response, responses=UNDER_WAY)
async def retry(election: AnElection, _: AnOfficer, chunk: Numbered) -> Response:
    """Give a failed chunk all its attempts again."""
    await ask(work.retry, election, chunk)
    return Response(status_code=202, headers={"Location": f"/elections/{election.election_id}/chunks/{chunk}"})
