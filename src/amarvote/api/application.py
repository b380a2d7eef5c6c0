"""The application: its routes, its errors, and what it does beside answering."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from amarvote.api import (
    ballots,
    board,
    commands,
    devices,
    elections,
    events,
    guardians,
    health,
    metrics,
    record,
    results,
    roll,
    tokens,
    work,
)
from amarvote.api.document import DESCRIPTION, document_all
from amarvote.api.problems import answer_with_problems, responses
from amarvote.api.recent import Recent
from amarvote.api.streams import Streams
from amarvote.api.together import Together
from amarvote.elections.service import DatabaseError
from amarvote.elections.services import Services

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

log = logging.getLogger(__name__)

ROUTERS = (
    ballots.submitting,
    ballots.router,
    health.router,
    elections.router,
    tokens.router,
    roll.router,
    commands.router,
    guardians.router,
    devices.router,
    board.router,
    work.router,
    events.router,
    record.router,
    results.router,
)
"""Ballots first, for they are asked for most; then in the order of an election."""

TIDY_EVERY = 60.0


def application(
    services: Services, over: threading.Event | None = None, tracer: "Tracer | None" = None
) -> FastAPI:
    """The API of these elections; streams end when `over` is set; `tracer` where traces are on."""
    over = threading.Event() if over is None else over
    streams = Streams(services, over)

    @asynccontextmanager
    async def beside(app: FastAPI) -> AsyncIterator[None]:  # noqa: ARG001
        tasks = [asyncio.create_task(streams.look()), asyncio.create_task(_tidy(services))]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task

    app = FastAPI(
        title="AmarVote",
        version=version("amarvote"),
        description=DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_url=None,  # see document_all
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=beside,
        # FastAPI's own would send addresses, queries and what was sent; `observability.traces` does not
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        responses=responses(500, 503),
    )
    app.state.services = services
    app.state.streams = streams
    app.state.recent = Recent()
    app.state.together = Together()
    for router in ROUTERS:
        app.include_router(router)
    metrics.measure(app, services)
    if tracer is not None:
        from amarvote.api.tracing import Traced  # and with it OpenTelemetry, which may not be there

        app.add_middleware(Traced, tracer=tracer)
    answer_with_problems(app)
    document_all(app)
    return app


async def _tidy(services: Services) -> None:
    while True:
        await asyncio.sleep(TIDY_EVERY)
        try:
            await run_in_threadpool(services.tidy)
        except DatabaseError as problem:
            log.warning("it is tidied up later: %s", problem)
