"""The process that runs electionguard 1.4 in its own environment."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
PYTHON = HERE.parent / ".venv-bench" / "bin" / "python"


class Peer:
    """Measures of the other library, taken in its own process on the core that it inherited."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def milliseconds(self, operation: str, count: int) -> float:
        """Processor time of one operation ("encrypt" or "verify"), over `count` of them."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the process has no pipes")
        self._process.stdin.write(f"{operation} {count}\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())


@contextmanager
def peer() -> Iterator[Peer]:
    """electionguard 1.4, ready; ends with the block."""
    if not PYTHON.exists():
        sys.exit("bench: .venv-bench is missing; `make bench` makes it")
    with subprocess.Popen(
        [PYTHON, "-I", HERE / "peer.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdout is None or process.stdout.readline() != "ready\n":
            sys.exit("bench: electionguard 1.4 did not start")
        try:
            yield Peer(process)
        finally:
            if process.stdin is not None:
                process.stdin.close()
