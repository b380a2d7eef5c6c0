"""What caused the chunks that are being added: the traceparent of a request, where traces are on."""

from contextvars import ContextVar

traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)
