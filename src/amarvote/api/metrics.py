"""What Prometheus reads of a process of the API: its requests, itself, and how the service as a whole stands.

It is asked from inside; the proxy before the API answers 404 for it to everybody else.
"""

import time

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, FastAPI, Request, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from amarvote.elections.services import Services
from amarvote.observability import process
from amarvote.observability.service import Service

router = APIRouter()

SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
OTHER, UNKNOWN = "other", "unknown"
"""Labels of what a client made up: a method, an address that no route has."""

CLIENT_GONE = 499
"""The status of a request that its client gave up before it was all there; nobody was answered."""

AT_ONCE = 2
"""Scrapes side by side; they wait for a look at the database, and take no thread of the requests'."""


def measure(app: FastAPI, services: Services) -> None:
    """Count every request of `app` from now on, and answer /metrics."""
    registry = process.registry("api", services.database)
    registry.register(Service(services.database, services.settings))
    app.state.registry = registry
    app.state.scrapes = CapacityLimiter(AT_ONCE)
    app.add_middleware(Measured, registry=registry)
    app.include_router(router)


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """Everything, in the format of Prometheus."""
    state = request.app.state
    text = await to_thread.run_sync(generate_latest, state.registry, limiter=state.scrapes)
    return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)


class Measured:
    """Measures each request until its answer begins: a stream of events would take for ever."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._requests = Counter(
            "amarvote_api_requests",
            "Requests, by how they were answered.",
            ["method", "route", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "amarvote_api_request_seconds",
            "Seconds until the answer began.",
            ["route"],
            buckets=SECONDS,
            registry=registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As the framework calls it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        answered = False

        async def answer(message: Message) -> None:
            nonlocal answered
            if not answered and message["type"] == "http.response.start":
                answered = True
                self._count(scope, message["status"], began)
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except ClientDisconnect:
            self._count(scope, CLIENT_GONE, began)
        except Exception:
            if not answered:
                self._count(scope, 500, began)
            raise

    def _count(self, scope: Scope, status: int, began: float) -> None:
        route = template(scope)
        self._requests.labels(method_of(scope), route, status).inc()
        self._seconds.labels(route).observe(time.perf_counter() - began)


def method_of(scope: Scope) -> str:
    """The request's method, unless the client made it up."""
    return str(scope["method"]) if scope["method"] in METHODS else OTHER


def template(scope: Scope) -> str:
    """The route's address with names for what varies; nothing of what was asked for."""
    route = scope.get("route")
    return UNKNOWN if route is None else str(route.path)
