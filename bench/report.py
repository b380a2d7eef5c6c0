"""What the benchmark found: whether the targets are reached, and all of it as Markdown."""

from dataclasses import dataclass
from pathlib import Path

from bench.measuring import Timing
from bench.operations import CHUNK, OPTIONS
from bench.section import Target, circumstances, table
from bench.whole_run import BALLOTS, Run
from bench.worker_memory import MANY, Watched

METHOD = (
    "Milliseconds of processor time on one core, medians of {} repeats that alternate with electionguard 1.4 (its "
    "`elgamal_encrypt` and `make_disjunctive_chaum_pedersen` without self-verification, its `is_valid`; logging "
    "off). Verifying is per selection; ours has limit proofs, nonces, hashes and codes in it, theirs has not."
)


@dataclass(frozen=True, slots=True)
class Results:
    """Timings by name, the run of 1,000 ballots, and the long run of one worker that was watched."""

    timings: dict[str, Timing]
    run: Run
    long_run: Run
    watched: Watched

    def targets(self) -> list[Target]:
        """What is to be reached, and what was measured."""
        theirs = self.timings["their verify"]
        return [
            Target(
                "encrypt a 0/1 selection with its proof, against electionguard 1.4",
                self.timings["encrypt"].times_faster_than(self.timings["their encrypt"]),
                9,
                "times",
                at_least=True,
            ),
            Target(
                "verify with commitments, against its is_valid",
                self.timings["with commitments"].times_faster_than(theirs),
                12,
                "times",
                at_least=True,
            ),
            Target(
                "verify without commitments, against its is_valid",
                self.timings["without commitments"].times_faster_than(theirs),
                3,
                "times",
                at_least=True,
            ),
            Target(
                "aggregate a ciphertext",
                self.timings["multiply"].times_faster_than(self.timings["aggregate"]),
                3,
                "modular multiplications",
            ),
            Target(f"`amarvote count` of {BALLOTS} ballots, two workers", self.run.seconds, 60, "s"),
            Target("a worker's peak in that run, parent and child", self.run.worker_peak, 200, "MB"),
            Target(f"a worker's peak after {MANY} chunks", self.watched.peak(MANY), 200, "MiB"),
            Target(
                "a worker's peak in the last half of a phase, against the first half",
                max(self.watched.growth().values(), default=float("nan")),
                1.05,
                "times",
            ),
        ]

    def markdown(self, root: Path) -> str:
        """The section of docs/numbers.md."""
        run, long_run, watched = self.run, self.long_run, self.watched
        phases = [
            [name, str(phase["chunks"]), f"{phase['seconds']:.1f}"]
            for name, phase in run.printed["phases"].items()
        ]
        growth = ", ".join(f"{phase} {ratio:.3f}" for phase, ratio in watched.growth().items())
        parts = [
            "## `make bench`",
            circumstances(root),
            table(["target", "measured", "bound", ""], [target.row() for target in self.targets()]),
            METHOD.format(len(self.timings["encrypt"].repeats)),
            table(["what", "AmarVote, ms", "electionguard 1.4, ms", "times faster"], self._rows()),
            f"`amarvote count` of {BALLOTS} ballots of one contest with {OPTIONS} options, two workers, five "
            f"guardians of whom three decrypt, all processes on this machine: {run.seconds:.1f} s, "
            f"{run.seconds / BALLOTS * 1000:.1f} ms a ballot. A worker, parent and child: "
            f"{run.printed['worker_rss_mb']['baseline']:.0f} MB before its first chunk, "
            f"{run.worker_peak:.0f} MB at most.",
            table(["phase", "chunks", "s"], phases),
            f"One worker over {long_run.chunks} chunks ({long_run.printed['accepted']} ballots, one guardian, "
            f"{long_run.seconds:.0f} s), seen from outside: {watched.peak(0):.0f} MiB at most, "
            f"{watched.peak(MANY):.0f} MiB after {MANY} chunks. The last half of a phase against its first: "
            f"{growth}. Processes seen: {len(watched.pids)} (a parent and a child are 2; more would mean that one "
            "was replaced).",
        ]
        return "\n\n".join(parts) + "\n"

    def _rows(self) -> list[list[str]]:
        chunk = f"verify with commitments, a chunk of {CHUNK} ballots of {OPTIONS} options"
        return [
            self._row("encrypt a 0/1 selection with its range proof", "encrypt", "their encrypt"),
            self._row(chunk, "with commitments", "their verify"),
            self._row("verify without commitments, from the record", "without commitments", "their verify"),
            self._row("a limit proof", "limit"),
            self._row(f"encrypt a whole ballot of {OPTIONS} options", "ballot"),
            self._row("aggregate a ciphertext", "aggregate"),
            self._row("one modular multiplication of 4096 bits", "multiply"),
            self._row("a guardian's share of a ciphertext, one of three, constant time", "share"),
        ]

    def _row(self, name: str, ours: str, theirs: str | None = None) -> list[str]:
        own = self.timings[ours]
        if theirs is None:
            return [name, f"{own.milliseconds:.4f}", "", ""]
        other = self.timings[theirs]
        return [
            name,
            f"{own.milliseconds:.4f}",
            f"{other.milliseconds:.4f}",
            f"{own.times_faster_than(other):.1f}",
        ]
