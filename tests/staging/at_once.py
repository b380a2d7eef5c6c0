"""Several threads that begin at the same moment."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def in_parallel(count: int, do: Callable[[int], Result]) -> list[Result]:
    """Call `do(number)` in as many threads, all at the same moment; what came of each, in their order."""
    gate = threading.Barrier(count)

    def one(number: int) -> Result:
        gate.wait()
        return do(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))
