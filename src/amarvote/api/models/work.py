"""Progress: phases, chunks, workers, ballots."""

from pydantic import Field

from amarvote.api.models.common import Seconds, Shown
from amarvote.api.models.elections import State


class Phase(Shown):
    """A phase of the election's work."""

    id: int
    name: str = Field(examples=["accept"])
    scope: str = Field(description="The run, or which writing of the record, that it belongs to.")
    state: str = Field(description="open, done or stopped", examples=["open"])
    started_at: Seconds
    finished_at: Seconds | None
    seconds: float
    seconds_left: float | None = Field(description="By how fast it was so far; null where nobody can say.")
    chunks: int = Field(description="In a guardians' round, of all guardians' parts.")
    done: int
    failed: int
    running: int


class Chunk(Shown):
    """One chunk of work. Times are those of the last attempt."""

    id: int
    phase: str
    ordinal: int
    level: int
    state: str = Field(description="ready, handed, running, done, failed, halved or stopped", examples=["done"])
    started_at: Seconds | None
    finished_at: Seconds | None
    seconds: float | None
    attempt: int
    errors: int
    deaths: int
    worker: str | None
    reason: str | None = Field(description="What went wrong last.")


class Worker(Shown):
    """A worker and what it does."""

    name: str
    pid: int
    child_pid: int | None
    step: str = Field(description="starting, idle, asked, advancing (amid a transaction that lasts) or ended")
    chunks_done: int
    rss_mb: float | None
    peak_mb: float | None
    baseline_mb: float | None
    beat_age: float = Field(description="Seconds since its last sign of life.")


class Counts(Shown):
    """Ballots by what became of them."""

    submitted: int = Field(description="All that were ever taken.")
    open: int = Field(description="Not settled yet.")
    held: int = Field(description="Wait for the officer's verdict.")
    accepted: int = Field(description="Cast and challenged.")
    challenged: int
    rejected: int


class FailedChunk(Shown):
    """A parked chunk, which waits for a retry or a verdict."""

    id: int
    phase: str
    ordinal: int
    reason: str | None
    behind: int = Field(
        description="Ballots that the device of a held one handed in after it: at most so many wait for it, and a "
        "verdict rejects them with it. 0 without chaining."
    )


class Retried(Shown):
    """What is tried again."""

    chunks: int = Field(description="How many chunks had failed.")


class Progress(Shown):
    """How far the election is, and what it waits for."""

    state: State
    paused: bool
    phases: list[Phase] = Field(description="The last one of each name, in the order of work.")
    workers: list[Worker]
    ballots: Counts
    failed_chunks: int = Field(description="How many chunks have failed.")
    failed: list[FailedChunk] = Field(description="The first 20 of them.")
    events: list[str] = Field(description="The last sentences of the election's log.")
    waiting_for: str


class Event(Shown):
    """What happened or was decided."""

    id: int
    at: Seconds
    what: str
