"""The real worker's process over chunks without cryptography (phase `empty`). Only for tests and figures.

AMARVOTE_DATABASE_URL=… AMARVOTE_BROKER_URL=… python empty_worker.py --name NAME [options of amarvote.worker]
"""

import os
import sys
from dataclasses import replace
from functools import partialmethod
from pathlib import Path

from amarvote.pipeline import phases
from amarvote.pipeline.computer import Computer
from amarvote.pipeline.messages import Message
from amarvote.pipeline.phases import Step
from amarvote.worker import __main__ as process


def load(_where, chunk):
    return Message("empty", {"seconds": (chunk.spec or {}).get("seconds", 0.0)})


phases.register("empty", Step(phases.all_done, lambda where: None, load))

if __name__ == "__main__":
    program = (str(Path(__file__).with_name("empty_child.py")),)
    Computer.__init__ = partialmethod(Computer.__init__, program)
    process.DEFAULTS = replace(process.DEFAULTS, parent_rss_kb=int(os.environ.get("GROWN_AT_KB", 1 << 30)))
    sys.exit(process.main())
