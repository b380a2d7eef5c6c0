"""A span for each chunk, with one for each part of it; imported only where traces are on."""

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from amarvote.pipeline.chunks import Claim
from amarvote.pipeline.watch import DONE, Memory, Watch

PARTS = {"claimed": "load", "asked": "compute", "answered": "commit", "committed": ""}
"""What begins at a step of the worker's loop. What becomes of a chunk that fails belongs to where it failed."""


class Traces(Watch):
    """Continues the trace of the request that cut the chunk; one of nobody's begins a trace of its own."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._chunk: Span | None = None
        self._part: Span | None = None

    def claimed(self, claim: Claim, before: Memory) -> None:  # noqa: ARG002
        """An attempt begins."""
        carrier = {"traceparent": claim.traceparent} if claim.traceparent else {}
        self._chunk = self._tracer.start_span(
            f"{claim.phase} chunk",
            context=TraceContextTextMapPropagator().extract(carrier, Context()),
            kind=SpanKind.CONSUMER,
            attributes={
                "amarvote.election": claim.election_id,
                "amarvote.phase": claim.phase,
                "amarvote.chunk": claim.chunk_id,
                "amarvote.attempt": claim.attempt,
            },
        )

    def step(self, name: str) -> None:
        """A part of it is over, and another begins."""
        if self._chunk is None or name not in PARTS:
            return
        self._end_part()
        if PARTS[name]:
            self._part = self._tracer.start_span(PARTS[name], context=set_span_in_context(self._chunk, Context()))

    def ended(self, claim: Claim, outcome: str, seconds: float, peak: Memory, after: Memory) -> None:  # noqa: ARG002
        """It ended."""
        self._end_part()
        if self._chunk is not None:
            self._chunk.set_attribute("amarvote.outcome", outcome)
            if outcome != DONE:
                self._chunk.set_status(StatusCode.ERROR)
            self._chunk.end()
            self._chunk = None

    def _end_part(self) -> None:
        if self._part is not None:
            self._part.end()
            self._part = None
