"""How much of everything is measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Amounts:
    """Numbers of chunks, ballots and elections; seconds."""

    empty_one: int = 1500
    empty_two: int = 3000
    pending_elections: int = 500
    pending_each: int = 200
    depth_seconds: float = 15.0
    fair_repeats: int = 5
    submit_seconds: float = 60.0
    json_seconds: float = 15.0
    burst_seconds: float = 10.0
    sized_ballots: int = 1600
    growth_chunks: int = 1500
    beside_chunks: int = 150
    ballots: tuple[int, ...] = (1000, 10_000)
    """Of the whole elections, one after the other."""


SHORT = Amounts(
    empty_one=150,
    empty_two=300,
    pending_elections=50,
    pending_each=20,
    depth_seconds=3.0,
    fair_repeats=1,
    submit_seconds=3.0,
    json_seconds=2.0,
    burst_seconds=1.0,
    sized_ballots=400,
    growth_chunks=45,
    beside_chunks=8,
    ballots=(40, 60),
)
"""To see that all of it works; the figures mean nothing and are written nowhere."""
