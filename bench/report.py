"""What the benchmark found, as Markdown."""

import sys
from pathlib import Path

from bench.measuring import Timing
from bench.operations import CHUNK, OPTIONS
from bench.section import Target, circumstances, table
from bench.whole_run import BALLOTS, Run
from bench.worker_memory import FIRST, LAST, Watched


def _section(timings: dict[str, Timing], run: Run, watched: Watched, long_run: Run, targets: list[Target]) -> str:
    """The section of docs/numbers.md."""

    def row(name: str, ours: str, theirs: str | None = None) -> list[str]:
        own = timings[ours].milliseconds
        if theirs is None:
            return [name, f"{own:.4f}", "", ""]
        ratio = timings[ours].times_faster_than(timings[theirs])
        return [name, f"{own:.4f}", f"{timings[theirs].milliseconds:.4f}", f"{ratio:.1f}"]

    phases = [
        [name, str(phase["chunks"]), f"{phase['seconds']:.1f}"] for name, phase in run.printed["phases"].items()
    ]
    return (
        "\n\n".join(
            [
                "## `make bench`",
                circumstances(root),
                table(["target", "measured", "bound", ""], [target.row() for target in targets]),
                f"Milliseconds of processor time on one core, medians of {repeats} repeats that alternate with "
                "electionguard 1.4 (its `elgamal_encrypt` and `make_disjunctive_chaum_pedersen` without "
                "self-verification, its `is_valid`; logging off). Verifying is per selection and has limit proofs, "
                "ballot nonces, hashes and codes in it, which the other column has not.",
                table(
                    ["what", "AmarVote, ms", "electionguard 1.4, ms", "times faster"],
                    [
                        row("encrypt a 0/1 selection with its range proof", "encrypt", "their encrypt"),
                        row(
                            f"verify with commitments, a chunk of {CHUNK} ballots of {OPTIONS} options",
                            "with commitments",
                            "their verify",
                        ),
                        row("verify without commitments, from the record", "without commitments", "their verify"),
                        row("a limit proof", "limit"),
                        row(f"encrypt a whole ballot of {OPTIONS} options", "ballot"),
                        row("aggregate a ciphertext", "aggregate"),
                        row("one modular multiplication of 4096 bits", "multiply"),
                        row("a guardian's share of a ciphertext, three guardians, constant time", "share"),
                    ],
                ),
                f"`amarvote count` of {BALLOTS} ballots of one contest with {OPTIONS} options, two workers, five "
                f"guardians of whom three decrypt, all processes on this machine: {run.seconds:.1f} s, "
                f"{run.seconds / BALLOTS * 1000:.1f} ms a ballot. A worker, parent and child: "
                f"{run.printed['worker_rss_mb']['baseline']:.0f} MB before its first chunk, "
                f"{run.printed['worker_rss_mb']['max']:.0f} MB at most.",
                table(["phase", "chunks", "s"], phases),
                f"One worker over {long_run.chunks} chunks ({long_run.printed['accepted']} ballots, "
                f"{long_run.seconds:.0f} s), seen from outside: at most {watched.peak(1, FIRST):.0f} MiB in its "
                f"first {FIRST} chunks, {watched.peak(LAST, sys.maxsize):.0f} MiB after {LAST}.",
            ]
        )
        + "\n"
    )
