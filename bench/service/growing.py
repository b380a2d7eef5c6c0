"""One worker over very many accept chunks, for a while with a second beside it: memory, pauses, and what two do.

The chunks are of the default size and do everything: claim, load, real checks of real proofs, settling, commit.
"""

import math
import time
from dataclasses import dataclass
from statistics import fmean, linear_regression
from typing import Any

from amarvote.elections import officer
from amarvote.pipeline.sweep import sweep
from bench.service.amounts import Amounts
from bench.service.running import BenchError, Service
from bench.service.voting import Polls, copy_ballots
from staging.stage import Stage

CHUNK = 50
BLOCKS = 20
WARM_UP = 1 / 3
"""Of a worker's chunks: its heap fills, page by page, as chunks happen to be a little larger than those before."""

T_18, T_17 = 2.101, 2.110
"""Student's t for 95 % and BLOCKS less 2 degrees of freedom, or 3."""

ALONE_BEFORE = 0.1
"""Share of its chunks that the worker has done when the second one comes."""


@dataclass(frozen=True, slots=True)
class Slope:
    """How memory grows, in MiB over 1,000 chunks: a straight line through the means of 20 blocks.

    Samples that follow each other are alike, so single ones would promise more certainty than there is.
    """

    growth: float
    margin: float
    """Of the 95 % interval, to either side."""

    @property
    def least(self) -> float:
        """The lower end of the interval: above 0 it grows for certain."""
        return self.growth - self.margin


@dataclass(frozen=True, slots=True)
class Growing:
    """What came of it."""

    chunks: int
    peak_mib: float
    slope: Slope
    lasting: Slope
    course_mib: list[float]
    """By tenths of its chunks, those of warming up among them: parent and child, after each chunk."""

    pauses: dict[str, list[float]]
    """Milliseconds, ascending, of the parent and of the child."""

    alone: float
    together: float
    """Ballots a second of one worker, and of two."""

    copied_bytes: int
    copied_seconds: float
    freeze_ballots: int
    freeze_seconds: float

    @property
    def speed_up(self) -> float:
        return self.together / self.alone

    def pause(self, share: float) -> float:
        """The longest pause of this share of all, of parent or child, whichever is longer."""
        return max(at_share(pauses, share) for pauses in self.pauses.values())


def growing(service: Service, polls: Polls, paused: tuple[Stage, ...], ballots: int, amounts: Amounts) -> Growing:
    """The first of `paused` has so many submitted ballots; others get copies until there is enough to do.

    At the end the list of the second is frozen, whose ballots were all accepted by then.
    """
    source, done = paused[:2]
    needed = (amounts.growth_chunks + 2 * amounts.beside_chunks) * CHUNK
    # opened before there is any work: what opens them works, too
    twins = [polls.open(1) for _ in range(math.ceil(needed / ballots) - 1)]
    began = time.monotonic()
    copied_bytes = sum(copy_ballots(service, source, twin, ballots) for twin in twins)
    copied_seconds = time.monotonic() - began
    for stage in paused:
        officer.resume(stage.service)
    long = service.worker("long")
    _until(service, "long", int(ALONE_BEFORE * amounts.growth_chunks))
    beside = service.worker("beside")
    _until(service, "beside", amounts.beside_chunks)
    child_peak = long.child_peak_mib()
    service.stop(beside)
    _until(service, "long", amounts.growth_chunks)
    peak = long.peak_mib() + max(child_peak, long.child_peak_mib())
    election = done.creation.election_id
    left = f"SELECT 1 FROM ballots WHERE election_id = '{election}' AND state = 'submitted' LIMIT 1"
    service.wait(lambda: not service.ask(left), "the ballots of the second election are settled", every=1.0)
    service.stop(long)
    alone, together = _rates(service)
    noted = service.notes_of("long")
    resident = [sum(both) / 1024 for both in noted["resident_kb"]][: amounts.growth_chunks]
    warm_up = int(WARM_UP * len(resident))
    freeze_ballots, freeze_seconds = _freeze(service, done)
    return Growing(
        amounts.growth_chunks,
        peak,
        slope(resident[warm_up:]),
        lasting(resident[warm_up:], warm_up),
        _means(resident, 10),
        {name: sorted(1000 * pause for pause in taken) for name, taken in noted["pauses"].items()},
        alone,
        together,
        copied_bytes,
        copied_seconds,
        freeze_ballots,
        freeze_seconds,
    )


def slope(mib: list[float]) -> Slope:
    """Of memory after each chunk."""
    at, level = _blocks(mib)
    return Slope(*_rise(_centred(at), _centred(level), T_18 / math.sqrt(BLOCKS - 2)))


def lasting(mib: list[float], before: int) -> Slope:
    """The part of it that goes on, of memory after each chunk, so many chunks after the first.

    A heap that fills grows whenever it holds more than ever before, and so ever more slowly, as the logarithm of
    the chunks; what leaks grows with each. So it is the line of a straight line beside a logarithm.
    """
    at, level = _blocks(mib)
    filling = [math.log(before + chunks) for chunks in at]
    return Slope(*_rise(_without(filling, at), _without(filling, level), T_17 / math.sqrt(BLOCKS - 3)))


def _blocks(mib: list[float]) -> tuple[list[float], list[float]]:
    size = len(mib) // BLOCKS
    return [(number + 0.5) * size for number in range(BLOCKS)], _means(mib, BLOCKS)


def _means(mib: list[float], blocks: int) -> list[float]:
    size = len(mib) // blocks
    return [fmean(mib[place : place + size]) for place in range(0, blocks * size, size)]


def _centred(values: list[float]) -> list[float]:
    middle = fmean(values)
    return [value - middle for value in values]


def _without(cause: list[float], values: list[float]) -> list[float]:
    """What is left of values once as much as can be is laid to a cause."""
    by, constant = linear_regression(cause, values)
    return [value - constant - by * one for one, value in zip(cause, values, strict=True)]


def _rise(at: list[float], level: list[float], factor: float) -> tuple[float, float]:
    """Over 1,000, and its margin: `factor` times the deviation of what the line leaves over the spread."""
    spread = sum(x * x for x in at)
    rise = sum(x * y for x, y in zip(at, level, strict=True)) / spread
    rest = sum((y - rise * x) ** 2 for x, y in zip(at, level, strict=True))
    return 1000 * rise, 1000 * factor * math.sqrt(rest / spread)


def at_share(ordered: list[float], share: float) -> float:
    """The value below which this share of them lies."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _until(service: Service, name: str, chunks: int) -> None:
    question = f"SELECT 1 FROM workers WHERE name = '{name}' AND chunks_done >= {chunks}"
    service.wait(lambda: service.ask(question), f"{name} has done {chunks} chunks", every=0.2)


def _rates(service: Service) -> tuple[float, float]:
    """Ballots a second while `long` works alone, before and after, and while `beside` works as well."""
    rows = service.ask(
        "SELECT worker, claimed_at AS since, finished_at AS at, last - first AS ballots FROM chunks "
        "WHERE state = 'done' AND worker IN ('long', 'beside') ORDER BY finished_at"
    )
    beside = [row for row in rows if row.worker == "beside"]
    # the first chunk of each makes tables of powers
    together = [row for row in rows if beside[1].at <= row.at <= beside[-1].at]
    before = [row for row in rows[1:] if row.at < beside[0].since]
    after = [row for row in rows if row.at > beside[-1].at]
    return fmean([_rate(before), _rate(after)]), _rate(together)


def _rate(rows: list[Any]) -> float:
    """From the first commit to the last."""
    return float(sum(row.ballots for row in rows[1:]) / (rows[-1].at - rows[0].at))


def _freeze(service: Service, done: Stage) -> tuple[int, float]:
    """Close an election whose ballots are all settled; its ballots, and how long a worker's sweep freezes them."""
    election = done.creation.election_id
    if service.ask(f"SELECT 1 FROM ballots WHERE election_id = '{election}' AND state <> 'accepted' LIMIT 1"):
        raise BenchError("Ballots were rejected.")
    officer.close_voting(done.service)
    began = time.monotonic()
    sweep(done.service.database, done.service.settings)
    seconds = time.monotonic() - began
    ((ballots,),) = service.ask(f"SELECT list_ballots FROM elections WHERE id = '{election}'")
    if ballots is None:
        raise BenchError("The list was not frozen.")
    return int(ballots), seconds
