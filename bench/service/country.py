"""One country, on paper: what these figures come to for 50 million ballots of 40 options."""

from dataclasses import dataclass
from math import ceil

from amarvote.pipeline.settings import DEFAULTS
from bench.service.empty import Overhead
from bench.service.growing import CHUNK, Growing
from bench.service.submitting import Submitting
from bench.service.voting import OPTIONS
from bench.service.whole_election import WholeElection

BALLOTS = 50_000_000
TIMES_LARGER = 40 // OPTIONS
"""A ballot of ten contests like the measured one has ten times its proofs and bytes."""

VOTING_HOURS = 12
PEAK = 3
"""The busiest hour over the average."""

COUNTING_HOURS = 12
"""From the close to the verified result."""

CORES = 16
"""Of one machine."""

AFTER_CLOSE = ("aggregate", "merge", "publish", "combine", "record", "verify", "verify_merge")


@dataclass(frozen=True, slots=True)
class Country:
    """Computed from what was measured on this machine, one core like these for another."""

    overhead: Overhead
    submitting: Submitting
    growing: Growing
    whole: WholeElection

    @property
    def peak_ballots(self) -> float:
        """A second, in the busiest hour."""
        return PEAK * BALLOTS / (VOTING_HOURS * 3600)

    @property
    def ballot_bytes(self) -> float:
        """Submitted for one ballot: its item and its commitments."""
        return TIMES_LARGER * (self.whole.item_bytes + self.whole.commitment_bytes)

    def rows(self) -> list[list[str]]:
        """Machines, hours, bytes."""
        accept = TIMES_LARGER / self.growing.alone
        accept_cores = self.peak_ballots * accept
        after = TIMES_LARGER * self.whole.worked(*AFTER_CLOSE)
        after_cores = BALLOTS * after / 3600 / COUNTING_HOURS
        apis = TIMES_LARGER * self.peak_ballots / self.submitting.burst.rate
        freeze = BALLOTS * self.growing.freeze_seconds / self.growing.freeze_ballots / 3600
        record = BALLOTS * TIMES_LARGER * self.whole.record_bytes / self.whole.ballots
        return [
            [
                f"ballots in the busiest hour ({PEAK} times the average of {VOTING_HOURS} hours)",
                f"{self.peak_ballots:,.0f} a second",
            ],
            ["checking all ballots (accept)", f"{BALLOTS * accept / 3600:,.0f} core-hours"],
            [
                "workers in the busiest hour, so that nothing waits",
                f"{accept_cores:,.0f} cores, {ceil(accept_cores / CORES)} machines of {CORES}",
            ],
            [
                "processes of the API in the busiest hour (ten times the bytes taken for ten times the work)",
                f"{ceil(apis):,} processes, {ceil(apis / CORES)} machines of {CORES}",
            ],
            [
                "after the close: adding up, writing, verifying the record",
                f"{BALLOTS * after / 3600:,.0f} core-hours",
            ],
            [
                f"workers for that within {COUNTING_HOURS} hours",
                f"{after_cores:,.0f} cores, {ceil(after_cores / CORES)} machines of {CORES}",
            ],
            ["freezing the list: one transaction, one process", f"{freeze:,.1f} hours"],
            ["bytes submitted (items and commitments)", f"{BALLOTS * self.ballot_bytes / 1e12:,.2f} TB"],
            ["bytes of the record", f"{record / 1e12:,.2f} TB"],
            [
                "into the one database in the busiest hour",
                f"{self.peak_ballots * self.ballot_bytes / 1e6:,.0f} MB a second",
            ],
        ]

    def single(self) -> list[tuple[float, str, str, str]]:
        """What there is one of, however many machines: how many times too small, what, asked of it, seen here."""
        written = self.peak_ballots * self.ballot_bytes
        seen = self.growing.copied_bytes / self.growing.copied_seconds
        chunk = min(CHUNK, int(DEFAULTS.chunk_bytes / self.ballot_bytes))
        chunks = self.peak_ballots / chunk
        freeze = BALLOTS * self.growing.freeze_seconds / self.growing.freeze_ballots / 3600
        listed = [
            (
                written / seen,
                "the database's disk: ballots in the busiest hour",
                f"{written / 1e6:,.0f} MB a second",
                f"{seen / 1e6:,.0f} MB a second of the same rows",
            ),
            (
                chunks / self.overhead.rate,
                f"handing out, one process at a time: accept chunks of {chunk} ballots in the busiest hour",
                f"{chunks:,.0f} chunks a second",
                f"{self.overhead.rate:,.0f} chunks a second, two workers on two cores",
            ),
            (
                freeze / COUNTING_HOURS,
                "freezing the list, one transaction",
                f"{COUNTING_HOURS} hours for it and all the rest",
                f"{freeze:,.1f} hours at {1e6 * self.growing.freeze_seconds / self.growing.freeze_ballots:.0f} µs "
                "a ballot",
            ),
        ]
        return sorted(listed, reverse=True)

    def conclusion(self) -> str:
        """What gives first, in a sentence."""
        worst, what, asked, seen = self.single()[0]
        if worst <= 1:
            return f"Nothing gives way; closest is this: {what} ({asked} asked, {seen} seen)."
        others = [name for times, name, _, _ in self.single()[1:] if times > 1]
        too = f" After it: {'; '.join(others)}." if others else ""
        return f"What gives way first: {what} ({asked} asked, {seen} seen, {worst:.1f} times too much).{too}"
