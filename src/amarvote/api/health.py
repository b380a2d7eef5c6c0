"""Is the process there (live), and can it do its work (ready)?"""

from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from amarvote.api.asking import ask, services_of
from amarvote.api.models.common import Shown
from amarvote.api.problems import responses, unavailable
from amarvote.elections.service import NoAnswerError, NoDatabaseError

router = APIRouter(prefix="/health", tags=["health"])

NOT_OURS_SECONDS = 10.0


class Health(Shown):
    """How it is."""

    status: Literal["alive", "ready"]


@router.get("/live")
async def live() -> Health:
    """The process answers, whatever else is missing: starting it again would not help."""
    return Health(status="alive")


@router.get("/ready", response_model=Health, responses=responses(503))
async def ready(request: Request) -> Health | JSONResponse:
    """The database answers, and has the tables of this version; otherwise `missing` says which part is missing."""
    try:
        await ask(services_of(request).is_ready)
    except NoAnswerError as problem:
        return _missing("The database does not answer.", problem.retry_after)
    except NoDatabaseError:
        return _missing("The database has not the tables of this version.", NOT_OURS_SECONDS)
    return Health(status="ready")


def _missing(part: str, retry_after: float) -> JSONResponse:
    return unavailable(part, retry_after, [part])
