"""Accept chunks of several sizes: what a ballot costs, what a worker holds, and what one death costs."""

from dataclasses import dataclass
from statistics import median

from amarvote.pipeline.settings import DEFAULTS
from bench.service.amounts import Amounts
from bench.service.running import Service
from bench.service.voting import Polls, copy_ballots
from staging.stage import Stage

SIZES = (25, 50, 100, 200)


@dataclass(frozen=True, slots=True)
class Size:
    """One worker over the same ballots in chunks of this size."""

    items: int
    chunks: int
    ballot_ms: float
    chunk_seconds: float
    parent_mib: float
    child_mib: float

    def row(self) -> list[str]:
        chosen = " (default)" if self.items == DEFAULTS.items else ""
        return [
            f"{self.items}{chosen}",
            str(self.chunks),
            f"{self.ballot_ms:.2f}",
            f"{self.chunk_seconds:.2f}",
            f"{self.parent_mib:.0f}",
            f"{self.child_mib:.0f}",
            f"{self.parent_mib + self.child_mib:.0f}",
        ]


def sizes(service: Service, polls: Polls, source: Stage, amounts: Amounts) -> list[Size]:
    """Every size in turn, each over an election of its own, with ballots of `source`; nothing else may have work.

    Each size is taken twice, the second time in the opposite order; the quicker time of both counts.
    """
    taken = [_size(service, polls, source, items, amounts) for items in (*SIZES, *reversed(SIZES))]
    return [min((one for one in taken if one.items == items), key=lambda one: one.ballot_ms) for items in SIZES]


def _size(service: Service, polls: Polls, source: Stage, items: int, amounts: Amounts) -> Size:
    """A new worker, and its first chunk put aside, in which it makes tables of powers."""
    stage = polls.open(1)
    election = stage.creation.election_id
    copy_ballots(service, source, stage, amounts.sized_ballots)
    worker = service.worker(f"sized-{election}", items=items)
    left = f"SELECT 1 FROM ballots WHERE election_id = '{election}' AND state = 'submitted' LIMIT 1"
    service.wait(lambda: not service.ask(left), f"all ballots in chunks of {items} are settled")
    parent, child = worker.peak_mib(), worker.child_peak_mib()
    service.stop(worker)
    stage.service.close()
    rows = service.ask(
        f"SELECT last - first AS ballots, claimed_at AS since, finished_at AS at FROM chunks "
        f"WHERE election_id = '{election}' AND worker = '{worker.name}' ORDER BY finished_at"
    )[1:]
    ballots = sum(row.ballots for row in rows)
    seconds = rows[-1].at - rows[0].since
    return Size(
        items, len(rows) + 1, 1000 * seconds / ballots, median(row.at - row.since for row in rows), parent, child
    )
