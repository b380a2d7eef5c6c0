"""Is the process there, and can it do its work?"""

from typing import Literal

from fastapi import APIRouter, Request

from amarvote.api.asking import ask, services_of
from amarvote.api.models.common import Shown
from amarvote.api.problems import responses
from amarvote.elections.errors import Unavailable
from amarvote.elections.service import DatabaseError, NoDatabaseError

router = APIRouter(prefix="/health", tags=["health"])


class Health(Shown):
    """How it is."""

    status: Literal["alive", "ready"]


@router.get("/live")
async def live() -> Health:
    """The process answers."""
    return Health(status="alive")


@router.get("/ready", responses=responses(503))
async def ready(request: Request) -> Health:
    """The database answers, and has the tables of this version."""
    try:
        await ask(services_of(request).is_ready)
    except (DatabaseError, NoDatabaseError):
        raise Unavailable("The database does not answer, or has not the tables of this version.", 5) from None
    return Health(status="ready")
