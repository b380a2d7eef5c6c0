"""What guardians' agents ask, each with its own token: the mail of the ceremony and of runs, and runs.

Conversations: "ceremony" (rounds commit, key, share, confirm; complain, which is readable at once), or the
run's id of 64 hex digits (rounds share, reveal, respond). `first` counts from 0 among the items of its kind;
tally items in (contest, option) order, challenged ballots by locator. Later runs may leave out parts that are
combined already.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from amarvote.api.asking import AGuardian, AnElection, BoundedRoute, InDigits, Numbered, ask, read_body
from amarvote.api.models.guardians import NoRun, Piece, Rehearsals, Round, Run
from amarvote.api.problems import responses
from amarvote.elections import guardian_desk, mail, rehearsals

router = APIRouter(prefix="/elections/{election}", route_class=BoundedRoute, tags=["guardians"])

LARGEST_MAIL = 1 << 20

Conversation = Annotated[str, Path(max_length=64, examples=["ceremony"])]
RoundName = Annotated[str, Path(max_length=16, examples=["commit"])]


@router.put(
    "/mail/{conversation}/{round_name}/{part}",
    status_code=204,
    response_class=Response,
    responses={
        204: {"description": "Stored; also for the same message again."},
        **responses(401, 403, 404, 409, 413, 422, 429),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def put_mail(
    request: Request,
    election: AnElection,
    sender: AGuardian,
    conversation: Conversation,
    round_name: RoundName,
    part: Numbered,
    to: Annotated[InDigits, Query(ge=0, le=1000, description="The guardian it is for; 0: everybody.")] = 0,
) -> Response:
    """Send a message of a round."""
    body = await read_body(request, LARGEST_MAIL)
    await ask(mail.put, election, sender, conversation, round_name, part, to, body)
    return Response(status_code=204)


@router.get("/mail/{conversation}/{round_name}", responses=responses(401, 403, 404, 422, 429))
async def look(election: AnElection, _: AGuardian, conversation: Conversation, round_name: RoundName) -> Round:
    """A round as it stands."""
    return Round.model_validate(await ask(mail.look, election, conversation, round_name))


@router.get("/mail/{conversation}/{round_name}/{part}", responses=responses(401, 403, 404, 409, 422, 429))
async def get_mail(
    election: AnElection,
    reader: AGuardian,
    conversation: Conversation,
    round_name: RoundName,
    part: Numbered,
    after: Annotated[InDigits, Query(ge=0, le=1000, description="`next` of the piece before.")] = 0,
) -> Piece:
    """The messages of a part of a complete round, by their senders: as many as fit a mebibyte."""
    return Piece.model_validate(await ask(mail.read, election, reader, conversation, round_name, part, after))


@router.get("/run", responses=responses(404))
async def run(election: AnElection) -> Run | NoRun:
    """The run under way, or who has checked in for one."""
    found = await ask(guardian_desk.current_run, election)
    return NoRun.model_validate(found) if found["run"] is None else Run.model_validate(found)


@router.post(
    "/run/checkin",
    status_code=204,
    response_class=Response,
    responses={204: {"description": "Noted."}, **responses(401, 403, 404, 409, 429)},
)
async def checkin(election: AnElection, guardian: AGuardian) -> Response:
    """This guardian has verified the record and is ready."""
    await ask(guardian_desk.check_in, election, guardian)
    return Response(status_code=204)


@router.post(
    "/rehearsal",
    status_code=204,
    response_class=Response,
    responses={204: {"description": "Noted."}, **responses(401, 403, 404, 409, 429)},
)
async def rehearsal(election: AnElection, guardian: AGuardian) -> Response:
    """This guardian's key opens, fits the published record and works; its agent has just tried."""
    await ask(rehearsals.note, election, guardian)
    return Response(status_code=204)


@router.get("/rehearsals", responses=responses(404))
async def rehearsed(election: AnElection) -> Rehearsals:
    """Which guardians have rehearsed, and when last."""
    return Rehearsals.model_validate(await ask(rehearsals.listing, election))
