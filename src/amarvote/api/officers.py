"""The officer's commands, with the officer's token; bodies are JSON objects, answers 204 unless said.

PUT  /officer/roll            {entries: [{token_sha256 (hex), style, weight = 1}]} -> {added}
POST /officer/open            voting begins
POST /officer/close           voting ends
POST /officer/consent         {sentence}: small contests may be opened (rule 9)
POST /officer/start-run       {guardians: [i]} -> {run}
POST /officer/set-aside       {guardian, sentence}
POST /officer/pause, /officer/resume
POST /officer/retry           {phase, ordinal} of a failed chunk, as /progress shows them
POST /officer/verdict         {id_b (hex), sentence}: reject a ballot that could not be checked (rule 5)
POST /officer/write-again     after a failed verification (rule 14)
"""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from amarvote.api.bodies import LARGEST_ROLL, SMALL, as_role, json_object, read_body, service_of
from amarvote.elections import officer, rolls
from amarvote.elections.errors import Unprocessable
from amarvote.elections.service import Service

router = APIRouter(prefix="/officer")


async def _asked(request: Request, *names: str, most: int = SMALL) -> tuple[Service, dict[str, Any]]:
    """The service and the members of the body, for the officer only."""
    await run_in_threadpool(as_role, request, "officer")
    body = await read_body(request, most)
    return service_of(request), json_object(body, *names) if names else {}


@router.put("/roll")
async def roll(request: Request) -> dict[str, int]:
    """Add voters."""
    service, content = await _asked(request, "entries", most=LARGEST_ROLL)
    return {"added": await run_in_threadpool(rolls.import_roll, service, content["entries"])}


@router.post("/open", status_code=204)
async def open_voting(request: Request) -> Response:
    """Open voting."""
    service, _ = await _asked(request)
    await run_in_threadpool(officer.open_voting, service)
    return Response(status_code=204)


@router.post("/close", status_code=204)
async def close_voting(request: Request) -> Response:
    """Close voting."""
    service, _ = await _asked(request)
    await run_in_threadpool(officer.close_voting, service)
    return Response(status_code=204)


@router.post("/consent", status_code=204)
async def consent(request: Request) -> Response:
    """Consent to opening small contests."""
    service, content = await _asked(request, "sentence")
    await run_in_threadpool(officer.consent_to_small_groups, service, content["sentence"])
    return Response(status_code=204)


@router.post("/start-run")
async def start_run(request: Request) -> dict[str, str]:
    """Start a run of these guardians."""
    service, content = await _asked(request, "guardians")
    return {"run": await run_in_threadpool(officer.start_run, service, content["guardians"])}


@router.post("/set-aside", status_code=204)
async def set_aside(request: Request) -> Response:
    """Set a guardian aside."""
    service, content = await _asked(request, "guardian", "sentence")
    await run_in_threadpool(officer.set_aside, service, content["guardian"], content["sentence"])
    return Response(status_code=204)


@router.post("/pause", status_code=204)
async def pause(request: Request) -> Response:
    """Hand out no more chunks."""
    service, _ = await _asked(request)
    await run_in_threadpool(officer.pause, service)
    return Response(status_code=204)


@router.post("/resume", status_code=204)
async def resume(request: Request) -> Response:
    """Hand out chunks again."""
    service, _ = await _asked(request)
    await run_in_threadpool(officer.resume, service)
    return Response(status_code=204)


@router.post("/retry", status_code=204)
async def retry(request: Request) -> Response:
    """Try a failed chunk again."""
    service, content = await _asked(request, "phase", "ordinal")
    await run_in_threadpool(officer.retry, service, content["phase"], content["ordinal"])
    return Response(status_code=204)


@router.post("/verdict", status_code=204)
async def verdict(request: Request) -> Response:
    """Reject a ballot that could not be checked."""
    service, content = await _asked(request, "id_b", "sentence")
    try:
        id_b = bytes.fromhex(content["id_b"])
    except (TypeError, ValueError):
        raise Unprocessable("`id_b` is 64 hex digits.") from None
    await run_in_threadpool(officer.reject_held, service, id_b, content["sentence"])
    return Response(status_code=204)


@router.post("/write-again", status_code=204)
async def write_again(request: Request) -> Response:
    """Write the record anew after a failed verification."""
    service, _ = await _asked(request)
    await run_in_threadpool(officer.write_record_again, service)
    return Response(status_code=204)
