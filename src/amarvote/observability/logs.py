"""How every process logs: one JSON object a line in production, words on a terminal. AMARVOTE_LOG says which.

Code logs with the standard library; structlog writes it down, with what is bound to the present work. Tracebacks
are plain: they show code and messages, never the values of variables.
"""

import logging
import os
import sys

import structlog
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name
from structlog.typing import Processor

LOG = "AMARVOTE_LOG"
JSON, TERMINAL = "json", "terminal"
USAGE = 64


def set_up() -> None:
    """Log to standard error from now on, as AMARVOTE_LOG says; ends the process where it says something else.

    Without it: for people where standard error is a terminal, JSON where it is not.
    """
    form = os.environ.get(LOG) or (TERMINAL if sys.stderr.isatty() else JSON)
    if form not in (JSON, TERMINAL):
        sys.stderr.write(f"{LOG} is {JSON} or {TERMINAL}.\n")
        sys.exit(USAGE)
    handler = logging.StreamHandler()
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[
                structlog.contextvars.merge_contextvars,
                add_log_level,
                add_logger_name,
                ExtraAdder(),
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[ProcessorFormatter.remove_processors_meta, *_written(form)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)


def _written(form: str) -> list[Processor]:
    if form == JSON:
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    colours = sys.stderr.isatty()
    return [structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)]
