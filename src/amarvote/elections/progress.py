"""How far the election is, as queries over rows: phases, workers, ballots, and what it waits for."""

from typing import Any

from sqlalchemy import Connection, Row, and_, func, select

from amarvote.elections.service import Service
from amarvote.elections.waiting import waiting_for
from amarvote.elections.work import HELD, parked, phase_rows, shown_phase
from amarvote.pipeline.steps import ORDER
from amarvote.store.clock import now
from amarvote.store.tables import ballots, chunks, devices, events, phases, workers

LAST_EVENTS = 20
FIRST_FAILED = 20


def progress(service: Service) -> dict[str, Any]:
    """{state, paused, phases, workers, ballots, failed_chunks, failed, events, waiting_for}; see below."""
    with service.database.read() as connection:
        election = service.election(connection)
        failed_chunks, failed = _failed(connection, service.election_id)
        counts = _ballots(connection, service.election_id)
        live = _workers(connection)
        return {
            "state": election.state,
            "paused": election.paused,
            "phases": [shown_phase(connection, row) for row in _latest(connection, service.election_id)],
            "workers": live,
            "ballots": counts,
            "failed_chunks": failed_chunks,
            "failed": failed,
            "events": _events(connection, service.election_id),
            "waiting_for": waiting_for(service, connection, election, counts, failed_chunks, failed, live),
        }


def _latest(connection: Connection, election_id: str) -> list[Row[Any]]:
    """The last phase row of each name: of the present run, of the last writing of the record."""
    last = (
        select(func.max(phases.c.id))
        .where(phases.c.election_id == election_id)
        .group_by(phases.c.name)
        .scalar_subquery()
    )
    rows = connection.execute(phase_rows(election_id).where(phases.c.id.in_(last))).all()
    return sorted(rows, key=lambda row: ORDER.index(row.name))


def _workers(connection: Connection) -> list[dict[str, Any]]:
    """{name, pid, child_pid, step, chunks_done, rss_mb, peak_mb, baseline_mb, beat_age}: of parent and child."""
    rows = connection.execute(
        select(workers, (now() - workers.c.beat_at).label("beat_age")).order_by(workers.c.name)
    )
    return [
        {
            "name": row.name,
            "pid": row.pid,
            "child_pid": row.child_pid,
            "step": row.step,
            "chunks_done": row.chunks_done,
            "rss_mb": _mb(row.rss_kb),
            "peak_mb": _mb(row.peak_kb),
            "baseline_mb": _mb(row.baseline_kb),
            "beat_age": round(row.beat_age, 3),
        }
        for row in rows
    ]


def _mb(kb: int | None) -> float | None:
    return None if kb is None else round(kb / 1024, 1)


def _ballots(connection: Connection, election_id: str) -> dict[str, int]:
    """{submitted (all ever), open (not settled), held, accepted (cast and challenged), challenged, rejected}."""
    rows = connection.execute(
        select(ballots.c.state, ballots.c.status, func.count().label("ballots"))
        .where(ballots.c.election_id == election_id)
        .group_by(ballots.c.state, ballots.c.status)
    ).all()

    def count(*wanted: str) -> int:
        return sum(row.ballots for row in rows if row.state in wanted)

    return {
        "submitted": sum(row.ballots for row in rows),
        "open": count("submitted", "waiting", "held"),
        "held": count("held"),
        "accepted": count("accepted"),
        "challenged": sum(row.ballots for row in rows if row.state == "accepted" and row.status == 2),
        "rejected": count("rejected"),
    }


def _failed(connection: Connection, election_id: str) -> tuple[int, list[dict[str, Any]]]:
    """How many chunks are parked, and {id, phase, ordinal, reason, behind} of the first.

    `behind` a ballot that is held in a chain are those that its device handed in later: no more wait for it.
    """
    number = connection.execute(select(func.count()).where(parked(election_id))).scalar_one()
    behind = func.coalesce(devices.c.stored - ballots.c.chain_index, 0).label("behind")
    rows = connection.execute(
        select(chunks.c.id, phases.c.name.label("phase"), chunks.c.ordinal, chunks.c.reason, behind)
        .join(phases, phases.c.id == chunks.c.phase_id)
        .outerjoin(ballots, and_(ballots.c.chunk_id == chunks.c.id, ballots.c.state == HELD))
        .outerjoin(devices, devices.c.id == ballots.c.device_id)
        .where(parked(election_id))
        .order_by(chunks.c.id)
        .limit(FIRST_FAILED)
    )
    return number, [dict(row._mapping) for row in rows]


def _events(connection: Connection, election_id: str) -> list[str]:
    rows = connection.execute(
        select(events.c.what)
        .where(events.c.election_id == election_id)
        .order_by(events.c.id.desc())
        .limit(LAST_EVENTS)
    ).scalars()
    return list(rows)[::-1]
