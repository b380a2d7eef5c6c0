"""What threads ask for while the same is being done for others is done in one go, by one of them.

Alone, nobody waits; the more ask at a time, the more of them share what a transaction costs.
"""

import threading
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Done = TypeVar("Done")


class _Place(Generic[Asked, Done]):
    """Of one who asks. Called when it is done, or when it is this one's turn to do it for all who wait."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.done: Future[Done] = Future()
        self.called = threading.Event()


class Together(Generic[Asked, Done]):
    """One thing that may be done for many at once. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # over the next
        self._waiting: dict[Hashable, list[_Place[Asked, Done]]] = {}
        """Of whatever is being done at the moment: those whose turn is the next."""

    def ask(
        self, asked: Asked, do: Callable[[Sequence[Asked]], Sequence[Done | Exception]], *, of: Hashable = None
    ) -> Done:
        """Have it done together with what others ask; `do` does it for all who wait, as everybody's `do` would.

        It returns what came of each, in their order. That may be an exception, which is raised where it was asked
        for; what `do` itself raises, is raised everywhere. Who asks `of` something else neither waits nor is told.
        """
        own = _Place[Asked, Done](asked)
        with self._lock:
            if of in self._waiting:
                self._waiting[of].append(own)
            else:
                self._waiting[of] = [own]
                own.called.set()
        own.called.wait()
        if not own.done.done():
            self._do_all(do, of)
        return own.done.result()

    def _do_all(self, do: Callable[[Sequence[Asked]], Sequence[Done | Exception]], of: Hashable) -> None:
        with self._lock:
            places, self._waiting[of] = self._waiting[of], []
        results: Sequence[Done | BaseException]
        try:
            results = do([place.asked for place in places])
        except BaseException as problem:  # noqa: BLE001 - raised where it was asked for
            results = [problem] * len(places)
        with self._lock:
            following = self._waiting[of][0] if self._waiting[of] else None
            if following is None:
                del self._waiting[of]
        for place, result in zip(places, results, strict=True):
            if isinstance(result, BaseException):
                place.done.set_exception(result)
            else:
                place.done.set_result(result)
            place.called.set()
        if following is not None:
            following.called.set()
