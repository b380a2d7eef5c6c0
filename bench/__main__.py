"""`make bench`: measure, print, write docs/numbers.md; ends with 1 where a target is missed."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.measuring import Timing, interleaved, stay_on_one_core, timed
from bench.operations import Measured
from bench.peer_process import peer
from bench.report import report
from bench.section import Target, write_section
from bench.whole_run import BALLOTS, Run, count
from bench.worker_memory import FIRST, LAST, Watched, watch

ROOT = Path(__file__).parent.parent
REPEATS = 9
PEER_BATCH = 25


def main() -> int:
    """The whole benchmark; a few minutes."""
    _say(f"Counting {BALLOTS} ballots with two workers …")
    with TemporaryDirectory() as folder:
        run = count(Path(folder), BALLOTS, "--workers", "2")
    _say("Watching one worker over more than 200 chunks …")
    with TemporaryDirectory() as folder:
        watched, long_run = watch(Path(folder))
    _say("Measuring on one core, in turn with electionguard 1.4 …")
    timings = _timings()
    targets = _targets(timings, run, watched)
    section = report(ROOT, REPEATS, timings, run, watched, long_run, targets)
    write_section(ROOT / "docs" / "numbers.md", section)
    sys.stdout.write(section)
    return 0 if all(target.reached for target in targets) else 1


def _say(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")


def _timings() -> dict[str, Timing]:
    stay_on_one_core()
    measured = Measured.prepare()
    with peer() as other:
        return interleaved(
            {
                "encrypt": lambda: timed(measured.encrypt_selections),
                "their encrypt": lambda: other.milliseconds("encrypt", PEER_BATCH),
                "with commitments": lambda: timed(measured.verify_with_commitments),
                "their verify": lambda: other.milliseconds("verify", PEER_BATCH),
                "without commitments": lambda: timed(measured.verify_without_commitments),
                "multiply": lambda: timed(measured.multiply),
                "aggregate": lambda: timed(measured.aggregate),
                "limit": lambda: timed(measured.prove_limits),
                "ballot": lambda: timed(measured.encrypt_ballots),
                "share": lambda: timed(measured.guardian_shares),
            },
            REPEATS,
        )


def _targets(timings: dict[str, Timing], run: Run, watched: Watched) -> list[Target]:
    theirs = timings["their verify"]
    memory = run.printed["worker_rss_mb"]
    return [
        Target(
            "encrypt a 0/1 selection with its proof, against electionguard 1.4",
            timings["encrypt"].times_faster_than(timings["their encrypt"]),
            9,
            "times",
            at_least=True,
        ),
        Target(
            "verify with commitments, against its is_valid",
            timings["with commitments"].times_faster_than(theirs),
            12,
            "times",
            at_least=True,
        ),
        Target(
            "verify without commitments, against its is_valid",
            timings["without commitments"].times_faster_than(theirs),
            3,
            "times",
            at_least=True,
        ),
        Target(
            "aggregate a ciphertext",
            timings["multiply"].times_faster_than(timings["aggregate"]),
            3,
            "modular multiplications",
        ),
        Target(f"`amarvote count` of {BALLOTS} ballots, two workers", run.seconds, 60, "s"),
        Target("a worker's peak in that run, parent and child", float(memory["max"]), 200, "MB"),
        Target(f"a worker's peak after {LAST} chunks", watched.peak(LAST, sys.maxsize), 200, "MiB"),
        Target(
            f"a worker's peak after {LAST} chunks, against the first {FIRST}",
            watched.peak(LAST, sys.maxsize) / watched.peak(1, FIRST),
            1.1,
            "times",
        ),
    ]


if __name__ == "__main__":
    sys.exit(main())
