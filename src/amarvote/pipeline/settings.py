"""Sizes, times and numbers of attempts (rules 5, 11, 12, 15). Tests shorten the times."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Times in seconds, sizes in bytes unless the name says otherwise."""

    items: int = 50
    """Ballots, products, ciphertexts or record items in a chunk."""

    chunk_bytes: int = 4 << 20
    """Bytes of a chunk. A 0/1 option with its commitments has 3.2 kB and takes 1.2 ms to check, so that this
    bounds the estimated work as well, to about two seconds."""

    cut_seconds: float = 1.0
    """An accept chunk is cut so long after its first ballot, however few there are."""

    lease_seconds: float = 30.0
    renew_seconds: float = 5.0
    """A claim lasts one lease, renewed while the child makes progress."""

    chunk_seconds: float = 900.0
    """A child that computes longer on one chunk hangs, busy as it may look, and is ended."""

    error_attempts: int = 3
    death_attempts: int = 20
    backoff_seconds: float = 1.0
    """Pause after the first error; it doubles with each further one."""

    relay_seconds: float = 1.0
    """How often chunks are handed out and transitions are evaluated again, beside after each commit."""

    idle_seconds: float = 0.1
    """A worker that found no chunk looks again after so long."""

    handed_out: int = 900
    """Chunks handed out at once, over all elections."""

    stop_seconds: float = 20.0
    """A worker told to end finishes its chunk within so long, or hands it back."""

    unpublished_seconds: float = 3.0
    """A chunk handed out for so long without a message: its relay died, and another one publishes it."""

    lost_message_seconds: float = 5.0
    """A message is lost where later ones were claimed so long ago, or its queue has been empty for so long."""

    reconnect_seconds: float = 10.0
    """The longest pause between two attempts to reach a broker that is away."""

    lost_worker_seconds: float = 20.0
    """A worker whose heartbeat is older does not count as alive."""

    child_rss_kb: int = 100 << 10
    """A child found larger than this between two chunks is ended cleanly and replaced."""

    parent_rss_kb: int = 98 << 10
    """A parent found larger than this between two chunks ends itself cleanly; who started it starts another."""

    board_seconds: float = 1.0
    """The board is extended at most so often: ballots of one batch cannot be told apart by their time."""

    challenges: int = 10
    """How often a vote token is freed, by a challenge or a rejection, before a ballot has to be cast (rule 3)."""


DEFAULTS = Settings()
