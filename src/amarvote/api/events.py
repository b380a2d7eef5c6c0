"""The election's log as server-sent events: `id:` is the event's number; a reconnect reads on from there."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from amarvote.api.asking import AnElection, BoundedRoute, InDigits, address_of
from amarvote.api.models.work import Event
from amarvote.api.problems import responses
from amarvote.api.streams import Streams

router = APIRouter(prefix="/elections/{election}", route_class=BoundedRoute, tags=["work"])


async def _place(request: Request) -> AsyncIterator[Streams]:
    streams: Streams = request.app.state.streams
    async with streams.place(address_of(request)):
        yield streams


@router.get("/events", response_class=EventSourceResponse, responses=responses(404, 422, 429, 503))
async def events(
    election: AnElection,
    streams: Annotated[Streams, Depends(_place)],
    after: Annotated[InDigits, Query(ge=0, le=2**53, description="Number of the last event known.")] = 0,
    last_event_id: Annotated[str, Header(pattern=r"^[0-9]{0,15}$", description="The same, of a reconnect.")] = "",
) -> AsyncIterator[ServerSentEvent]:
    """What happened so far and what happens: `data` is {id, at, what} as JSON."""
    async for event in streams.listen(election, int(last_event_id or after)):
        yield ServerSentEvent(data=Event.model_validate(event), id=str(event["id"]), event="event")
