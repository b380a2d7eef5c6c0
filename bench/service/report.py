"""What was measured of the service: whether the targets are reached, and all of it as Markdown."""

from dataclasses import dataclass
from pathlib import Path

from amarvote.pipeline.settings import DEFAULTS
from bench.section import Target, circumstances, table
from bench.service import country
from bench.service.amounts import Amounts
from bench.service.empty import BIG, NAP, SMALL, Depth, Fairness, Overhead
from bench.service.growing import BLOCKS, WARM_UP, Growing, at_share
from bench.service.sizes import Size
from bench.service.submitting import PACE, Submitting
from bench.service.voting import OPTIONS
from bench.service.whole_election import DEVICES, WORKERS, WholeElection

BEGIN = "<!-- written by `make load`; do not edit by hand -->"
END = "<!-- end of what `make load` wrote -->"


@dataclass(frozen=True, slots=True)
class Results:
    """Everything, on these servers."""

    servers: str
    minutes: float
    amounts: Amounts
    overhead: Overhead
    depth: Depth
    fairness: Fairness
    submitting: Submitting
    sizes: list[Size]
    growing: Growing
    elections: list[WholeElection]
    """The larger ones last."""

    def targets(self) -> list[Target]:
        """What is to be reached, and what was measured."""
        paced = self.submitting.paced
        return [
            Target("a chunk without cryptography: claim, commit, ack", self.overhead.bookkeeping, 10, "ms"),
            Target("empty chunks a second, two workers", self.overhead.rate, 100, "a second", at_least=True),
            Target(
                f"one process of the API: ballots of {OPTIONS} options, for {paced.printed['seconds']:.0f} s",
                paced.rate,
                200,
                "a second",
                at_least=True,
            ),
            Target(
                "of these, time to the 202, p99, of a process that took others before",
                paced.printed["ms"]["p99"],
                100,
                "ms",
            ),
            Target("the API's peak resident memory", self.submitting.peak_mib, 300, "MiB"),
            Target(
                f"a worker's peak over {self.growing.chunks:,} accept chunks, parent and child",
                self.growing.peak_mib,
                200,
                "MiB",
            ),
            Target(
                "its growth over 1,000 chunks, lower end of the 95 % interval",
                self.growing.slope.least,
                0,
                "MiB",
            ),
            Target("pauses of its garbage collector, p99", self.growing.pause(0.99), 200, "ms"),
            Target("two workers against one", self.growing.speed_up, 1.8, "times", at_least=True),
            Target(f"deepest queue, {self.depth.pending:,} chunks pending", self.depth.deepest, 1000, "messages"),
            Target(
                f"an election of {SMALL} chunks beside one of {BIG:,}, against its time alone",
                self.fairness.times,
                3,
                "times",
            ),
        ]

    def markdown(self, root: Path) -> str:
        """The section of docs/numbers.md."""
        return "\n\n".join(
            [
                "## `make load`: the service",
                f"{circumstances(root)} {self.servers}, the former with `deploy/postgresql/postgresql.conf`; all "
                f"processes, servers and load on this machine. {self.minutes:.0f} minutes.",
                table(["target", "measured", "bound", ""], [target.row() for target in self.targets()]),
                *self._chunks(),
                *self._submitting(),
                *self._worker(),
                *self._sizes(),
                *self._elections(),
                *self._country(),
            ]
        )

    def _chunks(self) -> list[str]:
        told, depth, fair = self.overhead, self.depth, self.fairness
        rows = [[name, f"{mean:.2f}", f"{middle:.2f}"] for name, (mean, middle) in told.parts.items()]
        rows.append(
            [
                f"**one chunk to the next**, of it {told.bookkeeping:.2f} claim, commit, ack, which have a bound",
                f"{told.whole:.2f}",
                "",
            ]
        )
        return [
            "### Chunks without cryptography",
            f"Real workers, database and broker; the child answers at once. One worker over {told.chunks:,} "
            "chunks:",
            table(["part", "mean, ms", "median, ms"], rows),
            f"Two workers: {told.rate:.0f} chunks a second over {told.rate_chunks:,}. With {depth.pending:,} "
            f"chunks of {depth.elections} elections pending they do {depth.rate:.0f} a second; the queue, with "
            f"what is delivered and not acknowledged, was looked at {depth.looks} times and held "
            f"{depth.deepest:,} at most (bound over all elections: {DEFAULTS.handed_out}). An election of "
            f"{SMALL} chunks that sleep {NAP} s takes {fair.alone:.2f} s alone and {fair.beside:.2f} s beside "
            f"one of {BIG:,} such chunks (two workers, medians of {fair.repeats}).",
        ]

    def _submitting(self) -> list[str]:
        told = self.submitting
        late = max(run.printed["late_ms"] for run in (told.paced, told.paced_json))
        header = [
            "ballots",
            "kB each",
            "taken",
            "a second",
            "p50, ms",
            "p99, ms",
            "max, ms",
            "API's core",
            "load's core",
        ]
        return [
            "### Submitting",
            "One process of `amarvote api`, workers stopped. Ballots were encrypted beforehand, their proofs "
            "hold. The load generator is a process of its own with connections kept alive; paced runs send "
            f"{PACE:.0f} a second, and a ballot's time runs from when it was due, not from when it was sent (at "
            f"most {late:.0f} ms later where a connection was free); all that was written before is on the disk.",
            table(header, [run.row() for run in (told.burst, told.paced, told.paced_json)]),
            "In this order: over its first ballots a process reads code and makes statements. The API's "
            f"peak after the second of these: {told.peak_mib:.0f} MiB; after all: "
            f"{told.last_peak_mib:.0f} MiB.",
        ]

    def _worker(self) -> list[str]:
        told = self.growing
        pauses = [
            [name, f"{len(taken):,}", *(f"{at_share(taken, share):.1f}" for share in (0.5, 0.99, 1.0))]
            for name, taken in told.pauses.items()
        ]
        return [
            "### One worker for long, two beside each other",
            f"Accept chunks of the default size with everything they do, real ballots. One worker over "
            f"{told.chunks:,}, by tenths: {', '.join(f'{mib:.2f}' for mib in told.course_mib)} MiB (parent and "
            f"child, after each chunk). Without the first {told.chunks * WARM_UP:.0f}, through the means of "
            f"{BLOCKS} blocks, a straight line alone: {told.slope.growth:+.2f} ± {told.slope.margin:.2f} MiB over "
            "1,000 chunks (95 %). A heap fills whenever more is held than ever before, so ever more slowly, and a "
            f"leak goes on: of a straight line beside a logarithm the line is {told.lasting.growth:+.2f} ± "
            f"{told.lasting.margin:.2f}; one ballot's bytes lost in each chunk would be 16 MiB. One worker "
            f"checks {told.alone:.0f} ballots a second, before and after; with a "
            f"second one beside it both together check {told.together:.0f}.",
            table(["garbage collector of the", "pauses", "p50, ms", "p99, ms", "max, ms"], pauses),
        ]

    def _sizes(self) -> list[str]:
        header = [
            "ballots in a chunk",
            "chunks",
            "ms a ballot",
            "s a chunk",
            "parent, MiB",
            "child, MiB",
            "both, MiB",
        ]
        chosen = next(size for size in self.sizes if size.items == DEFAULTS.items)
        least, most = self.sizes[0], self.sizes[-1]

        def against(other: Size) -> str:
            return (
                f"{100 * (other.ballot_ms / chosen.ballot_ms - 1):+.1f} % time a ballot, "
                f"{other.parent_mib + other.child_mib - chosen.parent_mib - chosen.child_mib:+.0f} MiB, "
                f"{other.chunk_seconds / chosen.chunk_seconds:.1f} times the work that a death or an error undoes"
            )

        return [
            "### Sizes of chunks",
            f"One worker over {self.amounts.sized_ballots:,} ballots in each size, peaks of memory; the quicker "
            "of two runs in opposite orders.",
            table(header, [size.row() for size in self.sizes]),
            f"Against the default of {chosen.items}: chunks of {least.items} {against(least)}; chunks of "
            f"{most.items} {against(most)}. Ballots with more options reach the bound in bytes "
            f"({DEFAULTS.chunk_bytes >> 20} MiB) before the bound in ballots.",
        ]

    def _elections(self) -> list[str]:
        sizes = [f"{told.ballots:,} ballots" for told in self.elections]
        whole = [
            [
                "from the first voter to the verified result, s",
                *(f"{told.seconds:.1f}" for told in self.elections),
            ],
            ["a ballot, ms", *(f"{1000 * told.seconds / told.ballots:.1f}" for told in self.elections)],
            ["voting, s", *(f"{told.voting:.1f}" for told in self.elections)],
            ["ballots a second meanwhile", *(f"{told.ballots / told.voting:.0f}" for told in self.elections)],
            ["the API's peak, MiB", *(f"{told.api_mib:.0f}" for told in self.elections)],
            ["a worker's peak, MiB", *(f"{max(told.workers_mib):.0f}" for told in self.elections)],
            [
                "bytes of the record for a ballot",
                *(f"{told.record_bytes / told.ballots:,.0f}" for told in self.elections),
            ],
        ]
        names = [phase.name for phase in self.elections[-1].phases]
        by_name = [{phase.name: phase for phase in told.phases} for told in self.elections]
        phases = [
            [
                name,
                *(
                    f"{phase.chunks} · {phase.seconds:.1f} s · {told.ballots / phase.worked:,.0f}"
                    if (phase := found.get(name)) and phase.worked
                    else ""
                    for told, found in zip(self.elections, by_name, strict=True)
                ),
            ]
            for name in names
        ]
        return [
            "### Whole elections over the API",
            f"Ballots of {OPTIONS} options, encrypted by {DEVICES} device processes and submitted over the API, "
            f"{WORKERS} workers at work meanwhile, five guardians of whom three decrypt (in the bench's own "
            "process). Every total is what was voted, the records are verified.",
            table(["what", *sizes], whole),
            "By phase: chunks, seconds from its beginning to its end, ballots a second of one worker's time.",
            table(["phase", *sizes], phases),
        ]

    def _country(self) -> list[str]:
        paper = country.Country(self.overhead, self.submitting, self.growing, self.elections[-1])
        single = [[name, asked, seen, f"{times:.2f}"] for times, name, asked, seen in paper.single()]
        return [
            "### One country, on paper",
            f"{country.BALLOTS:,} ballots of ten contests of {OPTIONS} options, computed from the figures above: "
            f"{country.TIMES_LARGER} times the proofs and the bytes of a measured ballot, cores like these.",
            table(["what", "comes to"], paper.rows()),
            "What there is one of, however many machines:",
            table(["what", "asked of it", "seen here", "times"], single),
            f"{paper.conclusion()} Not in it, because it was not measured at such sizes: single chunks over the "
            "whole record (the plan of its verification, its table of contents).",
        ]
