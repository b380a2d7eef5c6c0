"""Traces, as an option: from the request that cut a chunk, over the queue, to the worker's commit.

On where OTEL_EXPORTER_OTLP_ENDPOINT says where spans go (OTLP over HTTP; the other OTEL_ variables hold, too);
otherwise nothing of OpenTelemetry is imported. The queue carries numbers of chunks and nothing else: what ties the
worker's span to the request's is a column of the chunk's row, until the chunk is done (see docs/privacy.md).
"""

import os
from importlib.metadata import version
from typing import TYPE_CHECKING

from amarvote.pipeline.cause import traceparent

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

__all__ = ["NoTracesError", "begin", "traceparent"]

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


class NoTracesError(Exception):
    """Traces are asked for and cannot be made; the message says what to do."""


def begin(role: str) -> "Tracer | None":
    """What makes spans of this process, sent in the background and at its end; None where traces are off."""
    if not os.environ.get(ENDPOINT):
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise NoTracesError(
            f"{ENDPOINT} is set, but OpenTelemetry is not installed: pip install 'amarvote[otel]', or unset it."
        ) from None
    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": f"amarvote-{role}"}
    provider = TracerProvider(resource=Resource.create({**named, "service.version": version("amarvote")}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider.get_tracer("amarvote")
