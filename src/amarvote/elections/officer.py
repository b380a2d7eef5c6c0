"""The officer's commands. Each says in the election's log what was decided; what follows is left to workers."""

from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from amarvote.elections.errors import Conflict, NotFound, Unprocessable
from amarvote.elections.guardian_desk import COUNTED
from amarvote.elections.service import Service
from amarvote.elections.values import sentence, whole_number
from amarvote.pipeline import chunks as life
from amarvote.pipeline import handing, locks, recording, sequencing, settling, states
from amarvote.pipeline import phases as order
from amarvote.pipeline import runs as running
from amarvote.pipeline.accepting import NAME as ACCEPT
from amarvote.pipeline.constants import manifest_of
from amarvote.store.clock import now
from amarvote.store.tables import ballots, elections, guardians, roll

VERDICT = "service.verdict"


def open_voting(service: Service) -> None:
    """Open voting: the keys are made and confirmed by all, and there is a roll."""
    with service.database.write() as connection:
        voters = connection.execute(
            select(func.count()).select_from(roll).where(roll.c.election_id == service.election_id)
        ).scalar_one()
        if not voters:
            raise Conflict("The roll is empty; import it before opening.")
        _move(connection, service.election_id, states.OPEN)
        order.begin(connection, service.election_id, ACCEPT)
        sequencing.begin(connection, service.election_id)


def close_voting(service: Service) -> None:
    """Close voting: nothing is taken from now on, what was taken is checked to the end, then counting begins."""
    with service.database.write() as connection:
        locks.command(connection, service.election_id)
        _move(connection, service.election_id, states.CLOSING)
        connection.execute(update(elections).where(elections.c.id == service.election_id).values(closed_at=now()))


def start_run(service: Service, members: Any) -> str:
    """Start a run of these guardians; they must have checked in and be a quorum. The run's identifier."""
    if not isinstance(members, list):
        raise Unprocessable("`guardians` is a list of numbers.")
    wanted = sorted({whole_number(one, "A guardian") for one in members})
    with service.database.write() as connection:
        election = locks.command(connection, service.election_id)
        if election.state != states.WAITING_FOR_GUARDIANS:
            raise Conflict(f"No run can start now: the election is {election.state}.")
        rows = {
            row.number: row
            for row in connection.execute(select(guardians).where(guardians.c.election_id == service.election_id))
        }
        for member in wanted:
            if member not in rows:
                raise Unprocessable(f"There is no guardian {member}.")
            if rows[member].aside is not None:
                raise Conflict(f"Guardian {member} is set aside: {rows[member].aside}")
            if not rows[member].checked_in:
                raise Conflict(f"Guardian {member} has not checked in: it has not verified the record yet.")
        if len(wanted) < election.k:
            raise Conflict(f"{len(wanted)} guardians are no quorum; it takes {election.k} of {election.n}.")
        small = small_groups(connection, election)
        if small and election.small_groups_consent is None:
            raise Conflict(
                f"Fewer than {election.minimum_group} ballots were cast in {', '.join(small)}. Opening their "
                "totals may show how single people voted; it takes the officer's recorded consent."
            )
        return running.start(connection, service.settings, election, wanted)


def consent_to_small_groups(service: Service, why: Any) -> None:
    """Record the officer's consent, and why, to open contests with few cast ballots (rule 9)."""
    words = sentence(why)
    with service.database.write() as connection:
        connection.execute(
            update(elections).where(elections.c.id == service.election_id).values(small_groups_consent=words)
        )
        states.record_event(connection, service.election_id, f"consent to open small groups: {words}")


def small_groups(connection: Connection, election: Row[Any]) -> list[str]:
    """Contests in which somebody voted, but fewer than the election's smallest group."""
    by_style = {
        row.style: row.cast
        for row in connection.execute(
            select(ballots.c.style, func.count().label("cast"))
            .where(
                ballots.c.election_id == election.id,
                ballots.c.ordinal.is_not(None),
                ballots.c.status == settling.CAST,
            )
            .group_by(ballots.c.style)
        )
    }
    manifest = manifest_of(election.manifest)
    cast: dict[int, int] = {}
    for style in manifest.styles:
        for index in style.contest_indices:
            cast[index] = cast.get(index, 0) + by_style.get(style.id, 0)
    return [
        f"contest {contest.id!r} ({cast[contest.index]})"
        for contest in manifest.contests
        if 0 < cast.get(contest.index, 0) < election.minimum_group
    ]


def set_aside(service: Service, guardian: Any, why: Any) -> None:
    """Set a guardian aside, for good. Its run ends; the rest go on in a new one, if they are a quorum.

    Only once guardians are awaited, and never so many that the rest could not open the totals.
    """
    words, number = sentence(why), whole_number(guardian, "A guardian")
    with service.database.write() as connection:
        election = locks.command(connection, service.election_id)
        if not 1 <= number <= election.n:
            raise NotFound(f"There is no guardian {number}.")
        if election.state not in COUNTED:
            raise Conflict(
                f"No guardian is set aside now, only where the count waits for one: it is {election.state}."
            )
        left = running.left(connection, service.election_id)
        if number not in left:
            return
        if len(left) <= election.k:
            raise Conflict(
                f"Guardian {number} is needed: {len(left)} are left and it takes {election.k} to open the totals. "
                "Whoever is set aside does not come back, so nobody could ever open them."
            )
        running.set_aside(connection, service.election_id, number, f"by the officer: {words}")
        run = running.current(connection, service.election_id)
        if run is not None and number in run.guardians:
            running.stop(connection, run, f"guardian {number} was set aside by the officer")
            running.go_on(connection, service.settings, election, run.guardians)


def pause(service: Service) -> None:
    """Hand out no more chunks of this election; what runs is finished."""
    _set_paused(service, paused=True)


def resume(service: Service) -> None:
    """Hand out chunks again."""
    _set_paused(service, paused=False)


def _set_paused(service: Service, *, paused: bool) -> None:
    with service.database.write() as connection:
        election = locks.command(connection, service.election_id)
        if election.paused == paused:
            return
        connection.execute(update(elections).where(elections.c.id == service.election_id).values(paused=paused))
        states.record_event(connection, service.election_id, "paused" if paused else "resumed")
        if paused:
            handing.alone(connection)
            life.take_back(connection, service.election_id)


def reject_held(service: Service, id_b: bytes, why: Any) -> int:
    """The officer's verdict on a ballot that nobody could check (rule 5): rejected. Nothing unchecked counts.

    In a chain every later ballot of its device falls with it (rule 6), at the latest once those before it are
    settled: how many.
    """
    words = sentence(why)
    with service.database.write() as connection:
        locks.command(connection, service.election_id)
        ballot = connection.execute(
            select(ballots)
            .where(
                ballots.c.election_id == service.election_id,
                ballots.c.id_b == id_b,
                ballots.c.state == "held",
            )
            .with_for_update(key_share=True)
        ).one_or_none()
        if ballot is None:
            raise NotFound(f"No ballot {id_b.hex()} waits for a verdict.")
        finding = {"code": VERDICT, "where": f"ballot {id_b.hex()}", "message": words}
        behind = 0
        if ballot.chain_index is not None:
            behind = connection.execute(select(func.count()).where(settling.behind(ballot))).scalar_one()
        try:
            settling.settle(connection, [(ballot, [finding])])
        except life.ChunkRefusedError as problem:
            raise Conflict(str(problem)) from None
        falling = f", with {behind} later ballots of its device" if behind else ""
        event = f"ballot {id_b.hex()} rejected by verdict{falling}: {words}"
        states.record_event(connection, service.election_id, event)
        return behind


def write_record_again(service: Service) -> None:
    """After a failed verification: write every section anew from the same rows, and verify again (rule 14)."""
    with service.database.write() as connection:
        election = locks.command(connection, service.election_id)
        if election.state != states.VERIFICATION_FAILED:
            raise Conflict(f"The record is not written again: the election is {election.state}.")
        recording.begin_again(connection, election)


def _move(connection: Connection, election_id: str, to: str) -> None:
    try:
        states.move(connection, election_id, to)
    except states.WrongStateError as problem:
        raise Conflict(str(problem)) from None
