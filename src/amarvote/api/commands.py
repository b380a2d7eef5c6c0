"""The officer's commands: 204 where it is done at once, 202 with the place to look where work follows."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Response

from amarvote.api.asking import AnElection, AnOfficer, BoundedRoute, ask
from amarvote.api.models.elections import Members, Reason, Rejected, RunStarted, SetAside, Verdict
from amarvote.api.problems import responses
from amarvote.elections import officer

router = APIRouter(prefix="/elections/{election}/officer", route_class=BoundedRoute, tags=["officer"])

REFUSALS = responses(401, 403, 404, 409, 413, 422, 429)
LOCATION = {"headers": {"Location": {"description": "Where to look.", "schema": {"type": "string"}}}}
DONE: dict[int | str, dict[str, Any]] = {204: {"description": "Done."}, **REFUSALS}
UNDER_WAY: dict[int | str, dict[str, Any]] = {202: {"description": "Work follows.", **LOCATION}, **REFUSALS}


def _simple(path: str, do: Callable[..., None], summary: str, look: str | None = None) -> None:
    """A command without a body; `look` is where its work is seen, below the election."""

    async def command(election: AnElection, _: AnOfficer) -> Response:
        await ask(do, election)
        if look is None:
            return Response(status_code=204)
        return Response(status_code=202, headers={"Location": f"/elections/{election.election_id}{look}"})

    router.add_api_route(
        path,
        command,
        methods=["POST"],
        name=do.__name__,
        description=summary,
        response_class=Response,
        status_code=204 if look is None else 202,
        responses=DONE if look is None else UNDER_WAY,
    )


_simple("/open", officer.open_voting, "Open voting: the keys are confirmed by all, and there is a roll.")
_simple(
    "/close", officer.close_voting, "End voting. What was taken is checked to its end, then counted.", "/progress"
)
_simple("/pause", officer.pause, "Hand out no more work of this election; what runs is finished.")
_simple("/resume", officer.resume, "Hand out work again.")
_simple(
    "/write-again", officer.write_record_again, "After a failed verification, write the record anew.", "/progress"
)


@router.post("/consent", status_code=204, response_class=Response, responses=DONE)
async def consent(election: AnElection, _: AnOfficer, reason: Reason) -> Response:
    """Consent, in recorded words, to opening contests with few cast ballots."""
    await ask(officer.consent_to_small_groups, election, reason.sentence)
    return Response(status_code=204)


@router.post("/start-run", status_code=202, responses=UNDER_WAY)
async def start_run(election: AnElection, _: AnOfficer, members: Members, response: Response) -> RunStarted:
    """Start a run of these guardians, who have checked in."""
    run = await ask(officer.start_run, election, members.guardians)
    response.headers["Location"] = f"/elections/{election.election_id}/run"
    return RunStarted(run=run)


@router.post("/set-aside", status_code=204, response_class=Response, responses=DONE)
async def set_aside(election: AnElection, _: AnOfficer, aside: SetAside) -> Response:
    """Go on without a guardian."""
    await ask(officer.set_aside, election, aside.guardian, aside.sentence)
    return Response(status_code=204)


@router.post("/verdict", response_description="Rejected.", responses=REFUSALS)
async def verdict(election: AnElection, _: AnOfficer, verdict: Verdict) -> Rejected:
    """Reject a ballot that nobody could check.

    Try its chunk again first, for this cannot be undone. With chaining its device's chain ends at this ballot: all
    that the device handed in after it are rejected too, checked or not, and no more are taken from it before it
    begins a new chain. `behind` of the failed chunk says how many that are at most.
    """
    behind = await ask(officer.reject_held, election, bytes.fromhex(verdict.id_b), verdict.sentence)
    return Rejected(behind=behind)
