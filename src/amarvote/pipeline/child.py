"""`python -m amarvote.pipeline.child --parent PID`: computes what it reads from its input, no more.

It opens no database, no socket and no file, ends when its parent does, and answers each message with the result,
or with "error" and the reason; before that it may ask for pieces of a record. Out of memory it simply dies: that
is counted as a death, not as an error of the chunk.
"""

import argparse
import ctypes
import logging
import os
import signal
import sys
from typing import IO

from amarvote.pipeline import memory
from amarvote.pipeline.computing.kit import ComputeError, Kit
from amarvote.pipeline.computing.works import WORKS
from amarvote.pipeline.defects import told
from amarvote.pipeline.messages import ERROR, PAUSES, READY, SAID, Message, PipeError, read, write
from amarvote.pipeline.pauses import Pauses

log = logging.getLogger("amarvote.pipeline.child")

LONGEST_LINE = 20_000

_PR_SET_PDEATHSIG = 1


def main() -> int:
    """Compute until the input ends."""
    parser = argparse.ArgumentParser(prog="amarvote.pipeline.child")
    parser.add_argument("--parent", required=True, type=int)
    options = parser.parse_args()
    if not die_with(options.parent):
        return 0
    # Whatever a library prints must not end up between two messages.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    logging.basicConfig(handlers=[said := Said()], format="%(message)s")
    serve(sys.stdin.buffer, answers, said)
    return 0


def die_with(parent: int) -> bool:
    """Have the kernel kill this process when its parent dies; False where it is dead already."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    return os.getppid() == parent


class Said(logging.Handler):
    """Keeps what is logged for the parent, which knows which chunk it is about and how to write it down."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[tuple[int, str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line, with its traceback."""
        self._lines.append((record.levelno, record.name, self.format(record)[:LONGEST_LINE]))

    def take(self) -> list[tuple[int, str, str]]:
        """The lines since they were taken last."""
        taken, self._lines = self._lines, []
        return taken


def serve(questions: IO[bytes], answers: IO[bytes], said: Said) -> None:
    """Answer each message, and give memory back after it."""

    def ask(wanted: Message) -> Message:
        write(answers, wanted)
        given = read(questions)
        if given is None:
            raise PipeError("The parent gave no answer.")
        return given

    kit = Kit(ask)
    memory.settle()
    pauses = Pauses()
    write(answers, Message(READY))
    while (message := read(questions)) is not None:
        answer = _answer(kit, message)
        beside = {PAUSES: pauses.take(), SAID: said.take()}
        write(answers, Message(answer.kind, {**answer.fields, **beside}, answer.parts))
        del message, answer
        memory.trim()


def _answer(kit: Kit, message: Message) -> Message:
    try:
        return WORKS[message.kind](kit, message)
    except MemoryError:
        raise
    except ComputeError as refused:
        return Message(ERROR, {"reason": str(refused)})
    except Exception as problem:
        log.exception("%s failed", message.kind)
        return Message(ERROR, {"reason": told(problem)})


if __name__ == "__main__":
    sys.exit(main())
