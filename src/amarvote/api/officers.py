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

from collections.abc import Callable
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
    as_role(request, "officer")
    body = await read_body(request, most)
    return service_of(request), await run_in_threadpool(json_object, body, *names) if names else {}


@router.put("/roll")
async def roll(request: Request) -> dict[str, int]:
    """Add voters."""
    service, content = await _asked(request, "entries", most=LARGEST_ROLL)
    return {"added": await run_in_threadpool(rolls.import_roll, service, content["entries"])}


@router.post("/start-run")
async def start_run(request: Request) -> dict[str, str]:
    """Start a run of these guardians."""
    service, content = await _asked(request, "guardians")
    return {"run": await run_in_threadpool(officer.start_run, service, content["guardians"])}


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


def _command(path: str, do: Callable[..., None], *names: str) -> None:
    """A command with what the body's members `names` say, in this order; answers 204."""

    async def command(request: Request) -> Response:
        service, content = await _asked(request, *names)
        await run_in_threadpool(do, service, *(content[name] for name in names))
        return Response(status_code=204)

    router.add_api_route(path, command, methods=["POST"], status_code=204, name=do.__name__)


_command("/open", officer.open_voting)
_command("/close", officer.close_voting)
_command("/consent", officer.consent_to_small_groups, "sentence")
_command("/set-aside", officer.set_aside, "guardian", "sentence")
_command("/pause", officer.pause)
_command("/resume", officer.resume)
_command("/retry", officer.retry, "phase", "ordinal")
_command("/write-again", officer.write_record_again)
