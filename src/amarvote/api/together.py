"""What requests ask for while the same is being done for others is done in one go, in one thread.

Alone, nobody waits; the more ask at a time, the more of them share what a transaction, and a thread, costs.
"""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool

from amarvote.elections.service import patiently

Asked = TypeVar("Asked")
Done = TypeVar("Done")

MOST = 50
"""Done in one go: more would hold what a transaction locks for longer, and answer the first of them later."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Of one who asks."""

    asked: Any
    do: Callable[[Sequence[Any]], Sequence[Any]]
    done: asyncio.Future[Any]
    context: Context
    """The request's: what is done in one go is done in that of the first."""


class Together:
    """What may be done for many at once. Asked from one loop."""

    def __init__(self) -> None:
        self._waiting: dict[Hashable, list[_Place]] = {}
        """Of whatever is being done at the moment: those whose turn is the next."""
        self._tasks: set[asyncio.Task[None]] = set()  # which the loop alone would forget

    async def ask(
        self, of: Hashable, asked: Asked, do: Callable[[Sequence[Asked]], Sequence[Done | Exception]]
    ) -> Done:
        """Have it done together with what others ask of the same; `do` does it for all, as everybody's `do` would.

        It returns what came of each, in their order. That may be an exception, which is raised where it was asked
        for; what `do` itself raises, is raised everywhere; what the database did not do is asked again some times.
        """
        done: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        place = _Place(asked, do, done, copy_context())
        if of in self._waiting:
            self._waiting[of].append(place)
        else:
            self._waiting[of] = [place]
            self._begin(of)
        return await done

    def _begin(self, of: Hashable) -> None:
        """Do it for those who wait; in a task of its own, for any of them may be gone by then."""
        places, self._waiting[of] = self._waiting[of][:MOST], self._waiting[of][MOST:]
        if not places:
            del self._waiting[of]
            return
        task = asyncio.create_task(self._do(of, places), context=places[0].context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _do(self, of: Hashable, places: Sequence[_Place]) -> None:
        try:
            results = await run_in_threadpool(patiently, places[0].do, [place.asked for place in places])
            answers = list(zip(places, results, strict=True))
        except asyncio.CancelledError:
            raise  # the loop ends, and nobody waits any more
        except BaseException as problem:  # noqa: BLE001 - raised where it was asked for
            answers = [(place, problem) for place in places]
        self._begin(of)
        for place, result in answers:
            if place.done.cancelled():
                continue
            if isinstance(result, BaseException):
                place.done.set_exception(result)
            else:
                place.done.set_result(result)
