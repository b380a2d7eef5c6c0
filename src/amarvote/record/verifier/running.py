"""Verifying a whole record in one go: its tasks on this machine's cores, in bounded memory."""

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Protocol

from amarvote.record.reader import open_record
from amarvote.record.sections import Phase
from amarvote.record.verifier.conclusion import conclude_session, duplicate
from amarvote.record.verifier.duplicates import IdentifierIndex
from amarvote.record.verifier.merging import merge
from amarvote.record.verifier.partial import Partial, said
from amarvote.record.verifier.planning import plan_session, run_session_task
from amarvote.record.verifier.report import VerificationReport
from amarvote.record.verifier.session import Session
from amarvote.record.verifier.tasks import Task
from amarvote.record.verifier.verdicts import Verdicts

MAX_PROCESSES = 8
"""More would want more memory than an auditor expects a verifier to take."""

WORTH_A_PROCESS = 4
"""Tasks for each process from which on it pays to start processes at all."""

WINDOW = 4
"""Tasks handed out for each process at a time, so that results never pile up."""

MERGE_EVERY = 16
"""Partials put together at a time."""

PROGRESS = "verify"


class Reporter(Protocol):
    """Where long work tells how far it is (the command line's progress)."""

    def update(self, phase: str, done: int, total: int) -> None:
        """`done` of `total` items of `phase` are finished."""


class _Silent:
    def update(self, phase: str, done: int, total: int) -> None:
        """Say nothing."""


def verify_record(
    path: Path,
    phase: Phase = Phase.FINAL,
    reporter: Reporter | None = None,
    processes: int | None = None,
) -> VerificationReport:
    """Verify the record at `path` up to `phase`; raises UnreadableRecord where there is no record, else nothing.

    Works in `processes` processes, by default one for each core; a small record is verified in this one.
    """
    telling = reporter or _Silent()
    with open_record(path) as record, IdentifierIndex() as index:
        session = Session(record, phase)
        tasks = plan_session(session, fine=True)
        items = sum(task.stop - task.start for task in tasks)
        whole = Partial(phase=phase)
        waiting: list[Partial] = []
        done = 0
        telling.update(PROGRESS, done, items)
        for task, partial in zip(tasks, _results(session, path, tasks, processes), strict=True):
            waiting.append(_indexed(session, index, partial))
            if len(waiting) >= MERGE_EVERY:
                whole, waiting = merge([whole, *waiting]), []
            done += task.stop - task.start
            telling.update(PROGRESS, done, items)
        return conclude_session(session, merge([whole, *waiting]))


def _indexed(session: Session, index: IdentifierIndex, partial: Partial) -> Partial:
    """The partial with its identifiers moved to the index, and 5.A for those that were there."""
    if not partial.identifiers:
        return partial
    verdicts = Verdicts()
    for first, second, id_b in index.add(partial.identifiers):
        if session.context is not None:
            verdicts.take([duplicate(session, first, second, id_b)])
    return merge([replace(partial, identifiers=b""), said(verdicts)])


def _results(session: Session, path: Path, tasks: Sequence[Task], processes: int | None) -> Iterator[Partial]:
    wanted = min(
        os.cpu_count() or 1 if processes is None else processes, MAX_PROCESSES, len(tasks) // WORTH_A_PROCESS
    )
    if wanted < 2:
        return (run_session_task(session, task) for task in tasks)
    return _pooled(path, session.phase, tasks, wanted)


def _pooled(path: Path, phase: Phase, tasks: Iterable[Task], processes: int) -> Iterator[Partial]:
    """Results in the order of the tasks, a few of them ahead."""
    pool = ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=_begin, initargs=(path, int(phase))
    )
    try:
        handed: deque[Future[bytes]] = deque()
        for task in tasks:
            with _undisturbed():
                handed.append(pool.submit(_run, task.to_bytes()))
            if len(handed) >= WINDOW * processes:
                yield Partial.from_bytes(handed.popleft().result())
        while handed:
            yield Partial.from_bytes(handed.popleft().result())
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


ENDING = {signal.SIGINT, signal.SIGTERM}


@contextmanager
def _undisturbed() -> Iterator[None]:
    """What starts here is started whole, and deaf until it has begun; who wants to end us is heard afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_session: Callable[[], Session]


def _begin(path: Path, phase: int) -> None:
    """In a new process: open the record for as long as it lives, which is no longer than its parent.

    Ctrl-C reaches every process of a terminal: what becomes of this one is its parent's to say.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    global _session
    session = Session(open_record(path), Phase(phase))
    _session = lambda: session  # noqa: E731


def _end_with_parent() -> None:
    """A parent that is killed tells its processes nothing, and they would wait for tasks for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run(task: bytes) -> bytes:
    return run_session_task(_session(), Task.from_bytes(task)).to_bytes()
