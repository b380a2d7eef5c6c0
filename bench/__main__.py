"""`make bench`: measure, print, write docs/numbers.md; ends with 1 where a target is missed."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.measuring import Timing, interleaved, stay_on_one_core, timed
from bench.operations import Measured
from bench.peer_process import peer
from bench.report import Results
from bench.section import write_section
from bench.whole_run import BALLOTS, count
from bench.worker_memory import watch

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
    results = Results(_timings(), run, long_run, watched)
    section = results.markdown(ROOT)
    write_section(ROOT / "docs" / "numbers.md", section)
    sys.stdout.write(section)
    return 0 if all(target.reached for target in results.targets()) else 1


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


if __name__ == "__main__":
    sys.exit(main())
