"""The worker's real child, which dies over work in which certain bytes stand (`program`): HOW HEX --parent PID."""

import ctypes
import resource
import sys
from collections.abc import Callable
from typing import Any

from amarvote.pipeline import child
from amarvote.pipeline.computing.works import WORKS
from amarvote.pipeline.messages import Message


def _poisoned(
    work: Callable[[Any, Message], Message], how: str, poison: bytes
) -> Callable[[Any, Message], Message]:
    def do(kit: Any, question: Message) -> Message:
        if any(poison in part for part in question.parts):
            if how == "segfault":
                ctypes.string_at(0)
            # more than it may have: a real MemoryError, and nothing is taken from the others
            resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
            bytes(1 << 31)
        return work(kit, question)

    return do


if __name__ == "__main__":
    how, hexadecimal = sys.argv[1:3]
    del sys.argv[1:3]
    for kind, work in list(WORKS.items()):
        WORKS[kind] = _poisoned(work, how, bytes.fromhex(hexadecimal))
    sys.exit(child.main())
