"""How processes log: one JSON object a line, or words for a terminal; tracebacks that show no values."""

import json
import os
import pty
import subprocess
import sys

import pytest

from amarvote.observability import logs

PROGRAM = """
import logging
from structlog.contextvars import bind_contextvars
from amarvote.observability import logs

logs.set_up()
log = logging.getLogger("amarvote.somewhere")
bind_contextvars(chunk=17, attempt=2)
log.info("%d → %d", 1, 2, extra={"outcome": "done"})
log.debug("nobody reads this")

def fails(secret):
    raise ValueError("it failed")

try:
    fails("a value")
except ValueError:
    log.exception("as expected")
"""


def run(**environment):
    kept = {name: value for name, value in os.environ.items() if name != logs.LOG}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], env={**kept, **environment}, capture_output=True, text=True
    )


@pytest.mark.parametrize("environment", [{}, {logs.LOG: "json"}])
def test_one_object_a_line_where_nobody_looks(environment):
    told = run(**environment)
    first, second = map(json.loads, told.stderr.splitlines())
    assert first.pop("timestamp").endswith("Z")
    said = {"event": "1 → 2", "level": "info", "logger": "amarvote.somewhere", "outcome": "done"}
    assert first == {**said, "chunk": 17, "attempt": 2}
    assert (second["event"], second["chunk"], second["level"]) == ("as expected", 17, "error")
    assert second["exception"].endswith("ValueError: it failed")
    assert "a value" not in told.stderr
    assert told.stdout == ""


def test_words_for_a_terminal():
    told = run(**{logs.LOG: "terminal"})
    assert "1 → 2" in told.stderr
    assert "chunk=17" in told.stderr
    assert "ValueError: it failed" in told.stderr
    assert "a value" not in told.stderr
    assert "{" not in told.stderr


def test_a_terminal_is_known():
    ours, its = pty.openpty()
    kept = {name: value for name, value in os.environ.items() if name != logs.LOG}
    with subprocess.Popen([sys.executable, "-c", PROGRAM], env=kept, stderr=its):
        os.close(its)
        said = b""
        while chunk := read(ours):
            said += chunk
    os.close(ours)
    assert b"\x1b[" in said  # colours
    assert b"as expected" in said
    assert b"a value" not in said


def read(descriptor):
    try:
        return os.read(descriptor, 4096)
    except OSError:  # the other side was closed
        return b""


def test_another_form_is_refused():
    told = run(**{logs.LOG: "xml"})
    assert (told.returncode, told.stderr) == (logs.USAGE, "AMARVOTE_LOG is json or terminal.\n")
