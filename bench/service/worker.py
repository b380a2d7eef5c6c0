"""The real worker's process, which also knows the phase `empty`, and notes what it does.

    python -m bench.service.worker --name NAME …     (options of amarvote.worker)

AMARVOTE_BENCH_SETTINGS holds members of `Settings` that differ from the defaults, as JSON.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from amarvote.pipeline import memory
from amarvote.pipeline.computer import Computer
from amarvote.pipeline.settings import DEFAULTS
from amarvote.pipeline.worker import Worker
from amarvote.queues.amqp import Delivery, Link
from amarvote.worker import __main__ as process
from amarvote.worker.metrics import Metrics
from bench.service.notes import Notes
from programs import empty_worker

CHILD = Path(empty_worker.__file__).with_name("empty_child.py")
"""The real child, which also knows empty work."""

SETTINGS = "AMARVOTE_BENCH_SETTINGS"


def _arrange(notes: Notes) -> None:
    for name, value in json.loads(os.environ.get(SETTINGS, "{}")).items():
        object.__setattr__(DEFAULTS, name, value)

    class NotedWorker(Worker):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            computer = Computer((str(CHILD),))
            super().__init__(*arguments, computer=computer, at_step=notes.step, **options)

    class NotedMetrics(Metrics):
        def measured(self, own_kb: int, child_kb: int, pauses: list[float]) -> None:
            super().measured(own_kb, child_kb, pauses)
            notes.measured(own_kb, child_kb, pauses)

    class NotedLink(Link):
        def receive(self, seconds: float) -> Delivery | None:
            notes.waits()
            delivery = super().receive(seconds)
            notes.received()
            return delivery

    vars(process).update(Worker=NotedWorker, Metrics=NotedMetrics, Link=NotedLink)
    vars(memory).update(forget_peak=lambda _: None)  # what is measured is the greatest of all


if __name__ == "__main__":
    noted = Notes(sys.argv[sys.argv.index("--name") + 1])
    _arrange(noted)
    code = process.main()
    noted.write()
    sys.exit(code)
