"""`make soak`: hold elections for as long as told, print, write docs/numbers.md; ends with 1 where one failed."""

import argparse
import signal
import sys
import time

from bench.section import write_section
from bench.service.running import ROOT
from bench.soak.chart import draw
from bench.soak.faults import Faults
from bench.soak.holding import Held, hold
from bench.soak.report import BEGIN, CHART, END, markdown
from bench.soak.results import Results
from bench.soak.watching import Watching
from servers.processes import ServerError
from stack.report import limits
from stack.running import Stack

MISSING = 3
INTERRUPTED = 130
WRITTEN_FROM = 10.0
"""Minutes; what is shorter says too little to be written down."""


def main() -> int:
    """Everything; Ctrl-C ends it early, with what it has, and writes nothing."""
    parser = argparse.ArgumentParser(prog="make soak")
    parser.add_argument("--minutes", type=float, default=30.0, help="how long; less than ten write nothing")
    parser.add_argument("--seed", type=int, default=1, help="decides which fault comes when")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        results, early = soak(options.minutes, options.seed)
    except ServerError as problem:
        sys.stderr.write(f"{problem}\n")
        return MISSING
    except KeyboardInterrupt:
        return INTERRUPTED
    section = markdown(results, ROOT)
    sys.stdout.write(f"{section}\n")
    if early:
        return INTERRUPTED
    if options.minutes >= WRITTEN_FROM:
        (ROOT / "docs" / CHART).write_text(draw(results, limits()), encoding="utf-8")
        write_section(ROOT / "docs" / "numbers.md", section, BEGIN, END)
    return 1 if results.failures() else 0


def soak(minutes: float, seed: int) -> tuple[Results, bool]:
    """What came of it, and whether it was ended early."""
    _say("Starting the stack …")
    with Stack() as stack:
        began = time.time()
        held: list[Held] = []
        faults, watching = Faults(stack, seed), Watching(stack, began)
        early = False
        try:
            faults.start()
            _hold_for(minutes, stack, faults, held)
        except KeyboardInterrupt:
            early = True
        finally:
            faults.close()
            watching.close()
        lasted = (time.time() - began) / 60
        watched = watching.seen()
        troubles = faults.troubles + stack.keeper.failed + watching.troubles
        return Results(began, lasted, seed, held, faults.struck, watched, troubles), early


def _hold_for(minutes: float, stack: Stack, faults: Faults, held: list[Held]) -> None:
    until = time.monotonic() + 60 * minutes
    known = 0
    while time.monotonic() < until:
        before = len(faults.struck)
        one = hold(stack, faults, len(held) + 1)
        held.append(one)
        kinds = ", ".join(fault.kind for fault in faults.struck[before:]) or "no fault"
        left = max(0.0, until - time.monotonic()) / 60
        _say(
            f"election {len(held)}: {one.ballots} ballots in {one.seconds:.0f} s, "
            f"{'passed' if one.failure is None else 'FAILED'} ({kinds}); {left:.1f} min left"
        )
        troubles = faults.troubles + stack.keeper.failed
        for reason in [*([one.failure] if one.failure else []), *troubles[known:]]:
            _say(f"  {reason}")
        known = len(troubles)


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


if __name__ == "__main__":
    sys.exit(main())
