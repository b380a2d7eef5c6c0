"""How long things take and how many there are: shortened in `make test`, real in `make chaos`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from amarvote.pipeline.settings import DEFAULTS
from amarvote.queues.amqp import HEARTBEAT_SECONDS


@dataclass(frozen=True)
class Times:
    """Seconds and numbers."""

    settings: Mapping[str, Any]
    """Members of `Settings` that differ from the defaults, for every process of the service."""

    lease: float
    patience: float
    """How long a test waits for what must happen."""

    ballots: int
    kills: int
    """At random in one run, in which all of `most_ballots` are handed in."""

    most_ballots: int

    zombie: float
    """How long a stopped worker stands still after another one has done its chunk."""

    rounds: int
    """How often a fault is repeated where once would do."""


SHORT = Times(
    settings={
        "items": 3,
        "cut_seconds": 0.1,
        "lease_seconds": 5.0,  # a machine with much to do gives a process no turn for seconds
        "renew_seconds": 0.5,
        "error_attempts": 2,
        "backoff_seconds": 0.05,
        "relay_seconds": 0.1,
        "idle_seconds": 0.03,
        "unpublished_seconds": 0.5,
        "lost_message_seconds": 1.0,
        "reconnect_seconds": 1.0,
    },
    lease=5.0,
    patience=120.0,
    ballots=15,
    kills=8,
    most_ballots=15,
    zombie=0.0,
    rounds=1,
)

REAL = Times(
    settings={"items": 5},
    lease=DEFAULTS.lease_seconds,
    patience=1200.0,
    ballots=60,
    kills=200,
    most_ballots=600,
    zombie=3 * HEARTBEAT_SECONDS,  # the broker gives up who has missed two
    rounds=3,
)
"""Everything as in service, but smaller chunks: enough of them for so many kills."""
