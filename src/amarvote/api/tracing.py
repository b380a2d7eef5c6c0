"""A span for each request; imported only where traces are on.

Its name and its attributes say which route was asked and how it was answered, nothing of who asked or what for.
"""

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from amarvote.api.metrics import method_of, template
from amarvote.observability.traces import traceparent

NOT_TRACED = ("/health/", "/metrics")
"""Addresses that are asked every few seconds."""


class Traced:
    """Each begins a trace of its own, until its answer begins.

    A trace that the client names is not taken up: it would tie what somebody sent to where it came from.
    """

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As the framework calls it."""
        if scope["type"] != "http" or scope["path"].startswith(NOT_TRACED):
            await self._app(scope, receive, send)
            return
        span = self._tracer.start_span("request", context=Context(), kind=SpanKind.SERVER)
        traceparent.set(_written(span))

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                _end(span, scope, message["status"])
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            _end(span, scope, None)


def _end(span: Span, scope: Scope, status: int | None) -> None:
    """End it, once: a second time nothing happens."""
    if not span.is_recording():
        return
    method, route = method_of(scope), template(scope)
    span.update_name(f"{method} {route}")
    span.set_attributes({"http.request.method": method, "http.route": route})
    if status is not None:
        span.set_attribute("http.response.status_code", status)
    if status is None or status >= 500:
        span.set_status(StatusCode.ERROR)
    span.end()


def _written(span: Span) -> str | None:
    """As W3C's trace context has it; None for a span that is not kept."""
    context = span.get_span_context()
    if not context.trace_flags.sampled:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
