"""Chunks without cryptography: what handing out, claiming and committing cost, and who is served."""

import time
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

from amarvote.pipeline.chunks import NewChunk
from amarvote.queues.amqp import CHUNKS
from bench.service.amounts import Amounts
from bench.service.running import Servers, Service
from staging.rows import add_election, put_election

PHASE = "empty"
NAP = 0.25
"""Seconds of a chunk, about those of an accept chunk, where the question is who is served and not how fast."""

SMALL, BIG = 10, 2000
LOOK_EVERY = 0.1

PARTS = (
    ("log, look for what is due", "", "waits"),
    ("the broker brings the next message", "waits", "received"),
    ("claim: transaction", "received", "claimed"),
    ("load: what the child needs, one snapshot", "claimed", "loaded"),
    ("child: there and back, nothing computed", "loaded", "answered"),
    ("commit, and handing out the next chunks", "answered", "committing"),
    ("commit reaches the disk, ack and publishing on their way", "committing", "committed"),
    ("memory is given back and measured", "committed", "trimmed"),
)
"""Of a chunk's way: in words, from which step of the loop ("": the end of the chunk before) to which."""

BOOKKEEPING = ("claimed", "committing", "committed")
"""Where claim, commit, and ack end."""


@dataclass(frozen=True, slots=True)
class Overhead:
    """Of one worker, and of two."""

    whole: float
    """Milliseconds of a whole round: everything from one chunk to the next."""

    parts: dict[str, tuple[float, float]]
    """Mean and median milliseconds by part."""

    chunks: int
    rate: float
    """Chunks a second of two."""

    rate_chunks: int

    @property
    def bookkeeping(self) -> float:
        """Milliseconds of a chunk for claim, commit and ack."""
        return sum(self.parts[name][0] for name, _, until in PARTS if until in BOOKKEEPING)


@dataclass(frozen=True, slots=True)
class Depth:
    """The queue under very many chunks."""

    pending: int
    elections: int
    deepest: int
    looks: int
    rate: float


@dataclass(frozen=True, slots=True)
class Fairness:
    """Seconds of a small election, alone and beside a big one; medians of repeats."""

    alone: float
    beside: float
    repeats: int

    @property
    def times(self) -> float:
        return self.beside / self.alone


def overhead(servers: Servers, amounts: Amounts) -> Overhead:
    """One worker, then a second one beside it."""
    with servers.service() as service:
        first = service.worker("first")
        _add(service, "one", amounts.empty_one)
        _finish(service, "one")
        service.worker("second")
        _add(service, "two", amounts.empty_two)
        rate = _finish(service, "two")
        service.stop(first)
        rounds = service.notes_of("first")["chunks"][: amounts.empty_one]
    rounds = rounds[len(rounds) // 10 :]  # without the first: code is read, connections are opened
    ends = [round_["trimmed"] for round_ in rounds]
    whole = [1000 * (after - before) for before, after in pairwise(ends)]
    parts = {}
    for name, since, until in PARTS:
        taken = [
            1000 * (round_[until] - (round_[since] if since else before))
            for before, round_ in zip(ends, rounds[1:], strict=False)
        ]
        parts[name] = (fmean(taken), median(taken))
    return Overhead(fmean(whole), parts, len(rounds), rate, amounts.empty_two)


def depth(servers: Servers, amounts: Amounts) -> Depth:
    """So many elections that all their windows together would be more than may be handed out."""
    with servers.service() as service:
        for name in ("first", "second"):
            service.worker(name)
        _add_many(service, amounts)
        service.wait(lambda: service.ask("SELECT 1 FROM chunks WHERE state = 'done' LIMIT 1"), "work begins")
        done = "SELECT count(*) FROM chunks WHERE state = 'done'"
        began, before = time.monotonic(), service.ask(done)[0][0]
        looked = []
        while time.monotonic() - began < amounts.depth_seconds:
            looked.append(service.rabbitmq.depths(service.vhost)[CHUNKS])
            time.sleep(LOOK_EVERY)
        rate = (service.ask(done)[0][0] - before) / (time.monotonic() - began)
        number = amounts.pending_elections * amounts.pending_each
        return Depth(number, amounts.pending_elections, max(looked), len(looked), rate)


def fairness(servers: Servers, amounts: Amounts) -> Fairness:
    """The same small election again and again: alone, then beside one that outlasts them all."""
    with servers.service() as service:
        for name in ("first", "second"):
            service.worker(name)
        alone = [_small(service, f"alone {number}") for number in range(amounts.fair_repeats)]
        _add(service, "big", BIG, NAP)
        service.wait(lambda: service.ask("SELECT 1 FROM chunks WHERE state = 'done' AND election_id = 'big'"), "")
        beside = [_small(service, f"beside {number}") for number in range(amounts.fair_repeats)]
        return Fairness(median(alone), median(beside), amounts.fair_repeats)


def _add(service: Service, name: str, number: int, seconds: float = 0.0) -> None:
    bounds = [(place, place + 1) for place in range(number)]
    add_election(service.database, name, PHASE, bounds, {"seconds": seconds})


def _add_many(service: Service, amounts: Amounts) -> None:
    """All in one transaction: no worker sees the first of them before the last is there."""
    new = [NewChunk(place, place + 1) for place in range(amounts.pending_each)]
    with service.database.write() as connection:
        for number in range(amounts.pending_elections):
            put_election(connection, f"pending {number}", PHASE, new)


def _finish(service: Service, name: str) -> float:
    """Wait until all chunks of an election are done; chunks a second, from the first claim to the last commit."""
    service.wait(
        lambda: service.ask(f"SELECT 1 FROM phases WHERE election_id = '{name}' AND state = 'done'"),
        f"{name} is done",
        every=LOOK_EVERY,
    )
    ((number, seconds),) = service.ask(
        f"SELECT count(*), max(finished_at) - min(claimed_at) FROM chunks WHERE election_id = '{name}'"
    )
    return float(number / seconds)


def _small(service: Service, name: str) -> float:
    """Seconds from an election's beginning to its last commit."""
    _add(service, name, SMALL, NAP)
    _finish(service, name)
    ((seconds,),) = service.ask(
        f"SELECT max(c.finished_at) - min(p.started_at) FROM chunks c JOIN phases p ON p.id = c.phase_id "
        f"WHERE c.election_id = '{name}'"
    )
    return float(seconds)
