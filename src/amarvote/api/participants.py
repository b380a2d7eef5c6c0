"""What guardians and devices ask, each with its own token.

    PUT  /mail/{conversation}/{round}/{part}?to=N   guardian: the body is the payload; 204, also for the same again
    GET  /mail/{conversation}/{round}               guardian: {complete, expected, missing: [guardian],
                                                    messages: [{sender, to, part, payload (base64)}]}
    GET  /run                                       {run, guardians, root (hex), round, parts: [{part, kind,
                                                    first, count}]} or {run: null, checked_in: [i],
                                                    set_aside: {i: why}}
    POST /run/checkin                               guardian: 204
    PUT  /ballots                                   device: 202 {id_b (hex), state, confirmation_code (base64)}
    GET  /devices/me                                device: {name, device_id, h_di, last_code, closed, broken}
    POST /devices/{name}/close                      device: 204
    POST /devices/{name}/restart                    device: {device_id}; a new chain under a new device string

Conversations: "ceremony" (rounds commit, key, share, confirm; complain, which is readable at once), or the
run's id of 64 hex digits (rounds share, reveal, respond). `first` counts from 0 among the items of its kind;
tally items in (contest, option) order, challenged ballots by locator. Later runs may leave out parts that are
combined already.
"""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from amarvote.api.bodies import LARGEST_MAIL, SMALL, as_role, json_object, read_body, service_of
from amarvote.elections import device_desk, guardian_desk, mail, submission
from amarvote.elections.envelopes import largest_submission
from amarvote.elections.values import number_in_address

router = APIRouter()


@router.put("/mail/{conversation}/{round_name}/{part}", status_code=204)
async def put_mail(request: Request, conversation: str, round_name: str, part: str, to: str = "0") -> Response:
    """Send a message of a round."""
    sender = as_role(request, "guardian")
    number, recipient = number_in_address(part, "the number of a part"), number_in_address(to, "a guardian")
    body = await read_body(request, LARGEST_MAIL)
    await run_in_threadpool(
        mail.put, service_of(request), sender, conversation, round_name, number, recipient, body
    )
    return Response(status_code=204)


@router.get("/mail/{conversation}/{round_name}")
def get_mail(request: Request, conversation: str, round_name: str) -> dict[str, Any]:
    """A round as it stands."""
    return mail.get(service_of(request), as_role(request, "guardian"), conversation, round_name)


@router.get("/run")
def run(request: Request) -> dict[str, Any]:
    """The run under way."""
    return guardian_desk.current_run(service_of(request))


@router.post("/run/checkin", status_code=204)
def checkin(request: Request) -> Response:
    """This guardian has verified the record and is ready."""
    guardian_desk.check_in(service_of(request), as_role(request, "guardian"))
    return Response(status_code=204)


@router.put("/ballots", status_code=202)
async def put_ballot(request: Request) -> JSONResponse:
    """Submit a ballot."""
    service = service_of(request)
    device = as_role(request, "device")
    body = await read_body(request, largest_submission(service.manifest))
    return JSONResponse(await run_in_threadpool(submission.submit, service, device, body), status_code=202)


@router.get("/devices/me")
def me(request: Request) -> dict[str, Any]:
    """Which device this is."""
    return device_desk.describe(service_of(request), as_role(request, "device"))


@router.post("/devices/{name}/close", status_code=204)
def close(request: Request, name: str) -> Response:
    """This device submits no more."""
    device_desk.close(service_of(request), as_role(request, "device"), name)
    return Response(status_code=204)


@router.post("/devices/{name}/restart", status_code=204)
async def restart(request: Request, name: str) -> Response:
    """This device starts a new chain under a new device string."""
    device = as_role(request, "device")
    content = json_object(await read_body(request, SMALL), "device_id")
    await run_in_threadpool(device_desk.restart, service_of(request), device, name, content["device_id"])
    return Response(status_code=204)
