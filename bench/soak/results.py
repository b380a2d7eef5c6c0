"""What came of it all, and what is computed of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from bench.service.growing import BLOCKS, Slope, slope
from bench.soak.faults import KINDS, Fault
from bench.soak.holding import Held
from bench.soak.watching import Series, Watched

WARM_UP = 0.1
"""Share of the time after which it counts."""

ENDS = 0.1
"""Share of the time whose median is the first, or the last, figure."""

GROWTH_FROM = 10.0
"""Minutes; in less everything still warms up."""


@dataclass(frozen=True, slots=True)
class Results:
    """A whole soak, which began at `began` (seconds since 1970)."""

    began: float
    minutes: float
    seed: int
    held: list[Held]
    faults: list[Fault]
    watched: Watched
    troubles: list[str]
    """What failed beside elections."""

    @property
    def passed(self) -> list[Held]:
        return [one for one in self.held if one.failure is None]

    @property
    def ballots(self) -> int:
        return sum(one.ballots for one in self.passed)

    def failures(self) -> list[str]:
        """All, in words."""
        failed = [
            f"election {number}: {one.failure}" for number, one in enumerate(self.held, start=1) if one.failure
        ]
        return failed + self.troubles

    def minute(self, at: float) -> float:
        return (at - self.began) / 60

    def by_kind(self) -> Iterator[tuple[str, list[Fault]]]:
        for kind in KINDS:
            yield kind, [fault for fault in self.faults if fault.kind == kind]

    def undisturbed(self) -> list[Held]:
        """The elections within which nothing was struck."""
        return [
            one
            for one in self.passed
            if not any(one.began - fault.seconds <= fault.at <= one.began + one.seconds for fault in self.faults)
        ]


@dataclass(frozen=True, slots=True)
class Memory:
    """A part's memory in MiB after warming up, and its growth in an hour where there is enough to tell."""

    first: float
    last: float
    peak: float
    growth: Slope | None


def memory_of(series: Series) -> Memory | None:
    """None where too little was seen."""
    settled = series.points[int(WARM_UP * len(series.points)) :]
    if not settled:
        return None
    values = [value for _, value in settled]
    some = max(1, int(ENDS * len(values)))
    return Memory(median(values[:some]), median(values[-some:]), max(series.values), _growth(settled))


def _growth(points: list[tuple[float, float]]) -> Slope | None:
    """Of samples at about equal distances; the bench's own slope is over 1,000 of them."""
    if len(points) < 2 * BLOCKS or points[-1][0] - points[0][0] < GROWTH_FROM:
        return None
    over_thousand = slope([value for _, value in points])
    per_hour = 60 / ((points[-1][0] - points[0][0]) / (len(points) - 1)) / 1000
    return Slope(over_thousand.growth * per_hour, over_thousand.margin * per_hour)
