"""The worker with short times, and where asked for a death at a named step of its loop. Only for tests.

    python quick_worker.py DATABASE NAME [STEP[,STEP…] parent|child]

It is the real worker and its real child; all that is added is that once for each of the steps, one after the
other, when it is reached, it kills itself or its child, and writes down whom (a line of STEP PID in the file that
KILLS names). After it survived its child's last death by two chunks, it ends.
"""

import os
import signal
import sys
from pathlib import Path

from amarvote.pipeline import memory
from amarvote.pipeline.computer import Computer
from amarvote.pipeline.settings import Settings
from amarvote.pipeline.worker import Worker, no_step, run_until_terminated
from amarvote.queues.database import DatabaseQueue
from amarvote.store.database import Database

QUICK = Settings(
    items=1,
    cut_seconds=0.1,
    lease_seconds=1.5,
    renew_seconds=0.3,
    backoff_seconds=0.05,
    relay_seconds=0.1,
    idle_seconds=0.03,
)


class Death:
    """Kills once for each step, when it is reached."""

    def __init__(self, steps: str, whom: str) -> None:
        self.steps = steps.split(",")
        self.whom = whom
        self.left_to_live = 2

    def __call__(self, name: str) -> None:
        if not self.steps:
            self.left_to_live -= name == "committed"
            if self.left_to_live <= 0:
                worker.stop()
        elif name == self.steps[0]:
            pid = os.getpid() if self.whom == "parent" else computer.pid
            if pid is not None:
                with Path(os.environ["KILLS"]).open("a") as kills:
                    kills.write(f"{self.steps.pop(0)} {pid}\n")
                os.kill(pid, signal.SIGKILL)
                # a child that is told to die may live on until the worker asks it for the next chunk
                os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


if __name__ == "__main__":
    url, name, *death = sys.argv[1:]
    memory.one_arena()
    computer = Computer()
    database = Database(url)
    queue = DatabaseQueue(database, QUICK, name)
    worker = Worker(database, queue, name, QUICK, computer, Death(*death) if death else no_step)
    memory.settle()
    run_until_terminated(worker)
