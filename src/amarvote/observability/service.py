"""How the service as a whole stands: a handful of questions in one snapshot, cheap with a million ballots.

Every process of the API says the same; a rule takes the greatest. No election and no ballot has a name here.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Connection, Row, and_, bindparam, case, func, select

from amarvote.elections import ceremony
from amarvote.observability.looking import Look
from amarvote.pipeline import chunks as life
from amarvote.pipeline import runs as running
from amarvote.pipeline import states
from amarvote.pipeline.handing import ENDED
from amarvote.pipeline.phases import OPEN
from amarvote.pipeline.settings import Settings
from amarvote.store.clock import now
from amarvote.store.database import Database
from amarvote.store.size import database_bytes
from amarvote.store.tables import (
    ballots,
    board_waiting,
    boards,
    chunks,
    elections,
    events,
    guardians,
    messages,
    phases,
    runs,
    workers,
)

SHOWN = (life.READY, life.HANDED, life.RUNNING, life.FAILED, life.DONE)
UNSETTLED = ("submitted", "waiting", "held")
ACCEPTED = "accepted"

_ELECTIONS = select(elections.c.state, func.count().label("number")).group_by(elections.c.state)

# Of a million ballots nearly all are accepted: those are counted as the board counts them, the others by an index.
_OTHER_BALLOTS = (
    select(ballots.c.state, func.count().label("number"))
    .where(ballots.c.election_id.in_(select(elections.c.id)), ballots.c.state.in_((*UNSETTLED, "rejected")))
    .group_by(ballots.c.state)
)
_SINGLE = select(
    now().label("now"),
    database_bytes().label("bytes"),
    select(func.coalesce(func.sum(boards.c.size), 0)).scalar_subquery().label("on_boards"),
    select(func.count()).select_from(board_waiting).scalar_subquery().label("for_boards"),
    select(func.count())
    .select_from(workers)
    .where(workers.c.beat_at > now() - bindparam("lost"), workers.c.step != ENDED)
    .scalar_subquery()
    .label("workers"),
)
_CHUNKS = (
    select(
        phases.c.id,
        phases.c.name,
        phases.c.election_id,
        phases.c.started_at,
        elections.c.paused,
        chunks.c.state,
        func.count().label("number"),
        func.max(chunks.c.claimed_at).label("claimed_at"),
        func.max(chunks.c.finished_at).label("finished_at"),
        func.min(case((chunks.c.due_at <= now(), chunks.c.due_at))).label("due_at"),
        func.min(chunks.c.handed_at).label("handed_at"),
    )
    .join(elections, elections.c.id == phases.c.election_id)
    .join(chunks, chunks.c.phase_id == phases.c.id)
    .where(phases.c.state == OPEN)
    .group_by(
        phases.c.id, phases.c.name, phases.c.election_id, phases.c.started_at, elections.c.paused, chunks.c.state
    )
)
_WAITING = select(
    elections.c.id,
    elections.c.state,
    elections.c.n,
    elections.c.k,
    select(func.max(events.c.at)).where(events.c.election_id == elections.c.id).scalar_subquery().label("since"),
    select(func.count())
    .select_from(guardians)
    .where(guardians.c.election_id == elections.c.id, guardians.c.checked_in, guardians.c.aside.is_(None))
    .scalar_subquery()
    .label("here"),
).where(elections.c.state.in_((states.CEREMONY, states.WAITING_FOR_GUARDIANS)), ~elections.c.paused)
_IN_CEREMONY = (
    select(messages.c.election_id, messages.c.round, messages.c.sender, func.count().label("sent"))
    .where(
        messages.c.election_id.in_(select(elections.c.id).where(elections.c.state == states.CEREMONY)),
        messages.c.conversation == "ceremony",
    )
    .group_by(messages.c.election_id, messages.c.round, messages.c.sender)
)
_ROUNDS = (
    select(phases.c.name, phases.c.started_at, runs)
    .join(runs, runs.c.id == phases.c.scope)
    .join(elections, elections.c.id == phases.c.election_id)
    .where(phases.c.state == OPEN, phases.c.name.in_(running.ROUNDS), ~elections.c.paused)
)
_ANSWERS = (
    select(messages.c.conversation, messages.c.sender, func.count().label("sent"))
    .join(
        phases,
        and_(
            phases.c.election_id == messages.c.election_id,
            phases.c.scope == messages.c.conversation,
            phases.c.name == messages.c.round,
        ),
    )
    .where(phases.c.state == OPEN, phases.c.name.in_(running.ROUNDS))
    .group_by(messages.c.conversation, messages.c.sender)
)


@dataclass
class Standing:
    """What the database said, at one moment."""

    elections: dict[str, int]
    ballots: dict[str, int]
    workers: int
    bytes: int
    chunks: dict[tuple[str, str], int] = field(default_factory=dict)
    idle: dict[str, float] = field(default_factory=dict)
    oldest_due: float = 0.0
    awaited: int = 0
    awaited_for: float = 0.0


def look(connection: Connection, settings: Settings) -> Standing:
    """Ask everything."""
    single = connection.execute(_SINGLE, {"lost": settings.lost_worker_seconds}).one()
    unlike = {row.state: row.number for row in connection.execute(_OTHER_BALLOTS)}
    standing = Standing(
        elections={row.state: row.number for row in connection.execute(_ELECTIONS)},
        ballots={
            **{state: unlike.get(state, 0) for state in (*UNSETTLED, "rejected")},
            ACCEPTED: int(single.on_boards) + single.for_boards,
        },
        workers=single.workers,
        bytes=int(single.bytes),
    )
    _count_chunks(standing, connection.execute(_CHUNKS).all(), single.now)
    _count_guardians(standing, connection, single.now)
    return standing


# ---- chunks


def _count_chunks(standing: Standing, rows: Iterable[Row[Any]], at: float) -> None:
    of_phase: dict[int, list[Row[Any]]] = defaultdict(list)
    of_election: dict[str, list[Row[Any]]] = defaultdict(list)
    counted: Counter[tuple[str, str]] = Counter()
    for row in rows:
        for state in SHOWN:
            counted[row.name, state] += row.number if row.state == state else 0
        if not row.paused:
            of_phase[row.id].append(row)
            of_election[row.election_id].append(row)
    standing.chunks = dict(counted)
    for one in of_phase.values():
        if any(row.state in (life.READY, life.HANDED, life.RUNNING) for row in one):
            idle = at - max(_moved(one), min(_due(one), default=0.0))
            standing.idle[one[0].name] = max(standing.idle.get(one[0].name, 0.0), idle)
    standing.oldest_due = max((_waiting(one, at) for one in of_election.values()), default=0.0)


def _moved(rows: list[Row[Any]]) -> float:
    """When a chunk of these was last claimed or finished; or when their phase began."""
    times: Iterator[float | None] = (
        time for row in rows for time in (row.started_at, row.claimed_at, row.finished_at)
    )
    return max(time for time in times if time is not None)


def _due(rows: list[Row[Any]]) -> list[float]:
    return [row.due_at for row in rows if row.state in (life.READY, life.HANDED) and row.due_at is not None]


def _waiting(rows: list[Row[Any]], at: float) -> float:
    """For how long an election's oldest chunk that could be claimed has waited for a worker.

    Of ten thousand that are due at once nearly all wait for the others: those that are handed out count from then,
    and the others only where none is handed out or worked on, from when something last moved.
    """
    handed: list[float] = [row.handed_at for row in rows if row.state == life.HANDED]
    if handed:
        return max(0.0, at - min(handed))
    due = _due(rows)
    if not due or any(row.state == life.RUNNING for row in rows):
        return 0.0
    return max(0.0, at - max(min(due), _moved(rows)))


# ---- guardians


def _count_guardians(standing: Standing, connection: Connection, at: float) -> None:
    sent: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for row in connection.execute(_IN_CEREMONY):
        sent[row.election_id, row.round][row.sender] = row.sent
    for election in connection.execute(_WAITING).all():
        if election.state == states.CEREMONY:
            _await(standing, _owing_in_ceremony(election.id, election.n, sent), at - (election.since or at))
        else:
            _await(standing, max(0, election.k - election.here), at - (election.since or at))
    answered: dict[str, dict[int, int]] = defaultdict(dict)
    for row in connection.execute(_ANSWERS):
        answered[row.conversation][row.sender] = row.sent
    for run in connection.execute(_ROUNDS).all():
        due = len(running.due_parts(run, run.name))
        owing = sum(answered[run.id].get(member, 0) < due for member in run.guardians)
        _await(standing, owing, at - run.started_at)


def _owing_in_ceremony(election_id: str, n: int, sent: dict[tuple[str, str], dict[int, int]]) -> int:
    """How many guardians the first round waits for that is not complete."""
    for name in ceremony.ROUNDS:
        of_round = sent.get((election_id, name), {})
        due = ceremony.due(name, n)
        owing = sum(of_round.get(guardian, 0) < due for guardian in range(1, n + 1))
        if owing:
            return owing
    return 0


def _await(standing: Standing, number: int, seconds: float) -> None:
    if number:
        standing.awaited += number
        standing.awaited_for = max(standing.awaited_for, seconds)


# ---- for Prometheus


class Service(Collector):
    """The gauges; while the database does not answer, `amarvote_database_up` is 0 and the others are absent."""

    def __init__(self, database: Database, settings: Settings) -> None:
        def see() -> Standing:
            with database.read() as connection:
                return look(connection, settings)

        self._look = Look(see)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What was seen last, or nothing."""
        standing = self._look()
        yield GaugeMetricFamily(
            "amarvote_database_up", "Does the database answer?", value=0 if standing is None else 1
        )
        if standing is not None:
            yield from _families(standing)


def _families(standing: Standing) -> Iterator[GaugeMetricFamily]:
    yield _by("elections", "Elections, by where they stand.", ("state",), standing.elections)
    yield _by("ballots", "Ballots of all elections.", ("state",), standing.ballots)
    yield _by("chunks", "Chunks of the phases under way.", ("phase", "state"), standing.chunks)
    yield _one("oldest_due_chunk_seconds", "For how long a chunk has waited to be claimed.", standing.oldest_due)
    yield _one("workers_alive", "Workers whose heart beats.", standing.workers)
    yield _one("guardians_awaited", "Guardians whose messages or answers are awaited.", standing.awaited)
    yield _one("guardians_awaited_seconds", "For how long, at most.", standing.awaited_for)
    yield _by("phase_idle_seconds", "Since when a phase with work has not moved.", ("phase",), standing.idle)
    yield _one("database_bytes", "Size of the database.", standing.bytes)


def _one(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"amarvote_service_{name}", what, value=value)


def _by(name: str, what: str, labels: tuple[str, ...], values: dict[Any, Any]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"amarvote_service_{name}", what, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric(key if isinstance(key, tuple) else (key,), value)
    return family
