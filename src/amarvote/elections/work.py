"""What workers do, in pages: phases with counts and an estimate, every chunk with its times and errors."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, select, update

from amarvote.elections.errors import Conflict, NotFound
from amarvote.elections.paging import page
from amarvote.elections.service import Service
from amarvote.pipeline import chunks as life
from amarvote.pipeline import locks, states
from amarvote.pipeline import runs as running
from amarvote.store.clock import now
from amarvote.store.tables import ballots, chunks, phases, runs

_SECONDS = (func.coalesce(phases.c.finished_at, now()) - phases.c.started_at).label("seconds")
_CHUNK_SECONDS = (func.coalesce(chunks.c.finished_at, now()) - chunks.c.claimed_at).label("seconds")
HELD = "held"


def phase_rows(election_id: str) -> Select[Any]:
    """The election's phases, with how long each has taken so far."""
    return select(phases, _SECONDS).where(phases.c.election_id == election_id)


def phase_pages(service: Service, after: int, limit: int) -> dict[str, Any]:
    """{items, next} of all phases that ever began, in that order; see `shown_phase`."""
    with service.database.read() as connection:
        rows = connection.execute(
            phase_rows(service.election_id).where(phases.c.id > after).order_by(phases.c.id).limit(limit + 1)
        ).all()
        return page(rows, limit, lambda row: shown_phase(connection, row))


def shown_phase(connection: Connection, phase: Row[Any]) -> dict[str, Any]:
    """{id, name, scope, state, started_at, finished_at, seconds, seconds_left, chunks, done, failed, running}.

    In a guardians' round, a chunk is one's part. `seconds_left` goes by how fast the phase was so far; null where
    nothing is done yet, or nothing left.
    """
    if phase.name in running.ROUNDS:
        run = connection.execute(select(runs).where(runs.c.id == phase.scope)).one()
        total = len(run.guardians) * len(running.due_parts(run, phase.name))
        done = total - sum(running.missing(connection, run, phase.name).values())
        counts = {"chunks": total, "done": done, "failed": 0, "running": 0}
    else:
        by_state = {
            row.state: row.chunks
            for row in connection.execute(
                select(chunks.c.state, func.count().label("chunks"))
                .where(chunks.c.phase_id == phase.id, chunks.c.state != life.HALVED)
                .group_by(chunks.c.state)
            )
        }
        counts = {"chunks": sum(by_state.values())}
        counts |= {name: by_state.get(name, 0) for name in (life.DONE, life.FAILED, life.RUNNING)}
    left = counts["chunks"] - counts["done"]
    return {
        "id": phase.id,
        "name": phase.name,
        "scope": phase.scope,
        "state": phase.state,
        "started_at": phase.started_at,
        "finished_at": phase.finished_at,
        "seconds": round(phase.seconds, 3),
        "seconds_left": round(phase.seconds * left / counts["done"], 1) if counts["done"] and left else None,
        **counts,
    }


def chunk_pages(service: Service, phase_id: int, after: int, limit: int) -> dict[str, Any]:
    """{items, next} of a phase's chunks; see `_shown_chunk`."""
    with service.database.read() as connection:
        known = select(phases.c.id).where(phases.c.id == phase_id, phases.c.election_id == service.election_id)
        if connection.execute(known).first() is None:
            raise NotFound(f"This election has no phase {phase_id}.")
        rows = connection.execute(
            _chunks(service)
            .where(chunks.c.phase_id == phase_id, chunks.c.id > after)
            .order_by(chunks.c.id)
            .limit(limit + 1)
        ).all()
    return page(rows, limit, _shown_chunk)


def one_chunk(service: Service, chunk_id: int) -> dict[str, Any]:
    """One chunk; NotFound where this election has none of this number."""
    with service.database.read() as connection:
        row = connection.execute(_chunks(service).where(chunks.c.id == chunk_id)).one_or_none()
    if row is None:
        raise NotFound(f"This election has no chunk {chunk_id}.")
    return _shown_chunk(row)


def parked(election_id: str) -> ColumnElement[bool]:
    """The condition that a chunk of the election is parked."""
    return and_(chunks.c.election_id == election_id, life.PARKED)


def retry(service: Service, chunk_id: int) -> None:
    """Give a parked chunk all its attempts again; one that is under way again already stays as it is."""
    with service.database.write() as connection:
        locks.command(connection, service.election_id)
        own = select(chunks).where(chunks.c.id == chunk_id, chunks.c.election_id == service.election_id)
        chunk = connection.execute(own).one_or_none()
        if chunk is None:
            raise NotFound(f"This election has no chunk {chunk_id}.")
        if chunk.state in (life.DONE, life.HALVED, life.STOPPED):
            raise Conflict(f"Chunk {chunk_id} is {chunk.state}; there is nothing to try again.")
        if life.retry(connection, chunks.c.id == chunk_id):
            _check_again(connection, ballots.c.chunk_id == chunk_id)
            states.record_event(connection, service.election_id, f"chunk {chunk_id} is tried again")


def retry_all(service: Service) -> int:
    """Give every parked chunk that the election waits for all its attempts again; how many."""
    with service.database.write() as connection:
        locks.command(connection, service.election_id)
        number = life.retry(connection, parked(service.election_id))
        if number:
            _check_again(connection, ballots.c.election_id == service.election_id)
            states.record_event(connection, service.election_id, f"{number} failed chunks are tried again")
        return number


def _check_again(connection: Connection, which: ColumnElement[bool]) -> None:
    """What was held, because its chunk was parked, is to be checked by it."""
    connection.execute(update(ballots).where(which, ballots.c.state == HELD).values(state="submitted"))


def _chunks(service: Service) -> Select[Any]:
    return (
        select(chunks, _CHUNK_SECONDS, phases.c.name.label("phase_name"))
        .join(phases, phases.c.id == chunks.c.phase_id)
        .where(chunks.c.election_id == service.election_id)
    )


def _shown_chunk(row: Row[Any]) -> dict[str, Any]:
    """As `api.models.work.Chunk` has it. Times are those of the last attempt; null before the first."""
    return {
        "id": row.id,
        "phase": row.phase_name,
        "ordinal": row.ordinal,
        "level": row.level,
        "state": row.state,
        "started_at": row.claimed_at,
        "finished_at": row.finished_at,
        "seconds": None if row.seconds is None else round(row.seconds, 3),
        "attempt": row.attempt,
        "errors": row.errors,
        "deaths": row.deaths,
        "worker": row.worker,
        "reason": row.reason,
    }
