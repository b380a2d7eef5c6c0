"""Runs: a fixed set of guardians answers for one root in three rounds (rule 17).

    share (d_i) ─► reveal (M_i, a_i, b_i) ─► respond (v_i; m_i with its proof for challenged ballots) ─► combine

A round is over when every guardian of the run has delivered every part. A guardian is set aside for a proof that
fails or by the officer's command; a new run then starts over what is not combined yet, if the rest are a quorum.
Guardians' work has no lease and no attempts; what is missing is shown.
"""

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from amarvote.pipeline import phases as order
from amarvote.pipeline import states
from amarvote.pipeline.constants import manifest_of
from amarvote.pipeline.phases import Place, Step, register
from amarvote.pipeline.settings import Settings
from amarvote.pipeline.settling import CHALLENGED
from amarvote.store.tables import ballots, guardians, messages, openings, phases, runs

ROUNDS = ("share", "reveal", "respond")
TALLY = "tally"
CHALLENGED_BALLOTS = "challenged"


@dataclass(frozen=True, slots=True)
class Part:
    """`count` consecutive ciphertexts of one kind, `first` from 0 in the list of its kind; `part` its number."""

    part: int
    kind: str
    first: int
    count: int

    def plain(self) -> dict[str, int | str]:
        """As it is stored and sent."""
        return {"part": self.part, "kind": self.kind, "first": self.first, "count": self.count}


def parts_of(run: Row[Any]) -> list[Part]:
    """The parts of a run."""
    return [Part(**entry) for entry in run.parts]


def due_parts(run: Row[Any], round_name: str) -> list[Part]:
    """The parts that a round has: challenged ballots take part in `respond` only."""
    return [part for part in parts_of(run) if part.kind == TALLY or round_name == "respond"]


def counts(connection: Connection, election: Row[Any]) -> dict[str, int]:
    """How many ciphertexts of each kind the election has: options of all contests, challenged ballots."""
    challenged = connection.execute(
        select(func.count()).where(
            ballots.c.election_id == election.id,
            ballots.c.state == "accepted",
            ballots.c.status == CHALLENGED,
        )
    ).scalar_one()
    options = sum(len(contest.options) for contest in manifest_of(election.manifest).contests)
    return {TALLY: options, CHALLENGED_BALLOTS: challenged}


def current(connection: Connection, election_id: str) -> Row[Any] | None:
    """The run that is answering or combining."""
    return connection.execute(
        select(runs).where(runs.c.election_id == election_id, runs.c.state.in_(("answering", "combining")))
    ).one_or_none()


def not_combined(connection: Connection, settings: Settings, election: Row[Any]) -> list[Part]:
    """The parts of which something is not opened yet. Numbers are the same in every run."""
    opened = {
        (row.kind, row.number)
        for row in connection.execute(
            select(openings.c.kind, openings.c.number).where(openings.c.election_id == election.id)
        )
    }
    found: list[Part] = []
    number = 0
    for kind, total in counts(connection, election).items():
        for first in range(0, total, settings.items):
            part = Part(number, kind, first, min(settings.items, total - first))
            if any((kind, first + offset) not in opened for offset in range(part.count)):
                found.append(part)
            number += 1
    return found


def start(connection: Connection, settings: Settings, election: Row[Any], members: list[int]) -> str:
    """Start a run of these guardians over what is not combined; its identifier."""
    run_id = secrets.token_hex(32)
    ordinal = connection.execute(
        select(func.count()).select_from(runs).where(runs.c.election_id == election.id)
    ).scalar_one()
    parts = not_combined(connection, settings, election)
    connection.execute(
        insert(runs).values(
            id=run_id,
            election_id=election.id,
            ordinal=ordinal,
            guardians=sorted(members),
            root=election.aggregated_root,
            parts=[part.plain() for part in parts],
            state="answering",
        )
    )
    if election.state == states.WAITING_FOR_GUARDIANS:
        states.move(connection, election.id, states.DECRYPTING)
    names = ", ".join(str(member) for member in sorted(members))
    states.record_event(
        connection, election.id, f"run {ordinal + 1} ({run_id[:16]}) starts with guardians {names}"
    )
    order.begin(connection, election.id, ROUNDS[0], run_id)
    order.advance(connection, settings, election.id)
    return run_id


def set_aside(connection: Connection, election_id: str, guardian: int, reason: str) -> None:
    """Record that a guardian takes part no more, and why."""
    connection.execute(
        update(guardians)
        .where(guardians.c.election_id == election_id, guardians.c.number == guardian, guardians.c.aside.is_(None))
        .values(aside=reason)
    )
    states.record_event(connection, election_id, f"guardian {guardian} is set aside: {reason}")


def left(connection: Connection, election_id: str) -> set[int]:
    """The guardians who are not set aside."""
    able = select(guardians.c.number).where(guardians.c.election_id == election_id, guardians.c.aside.is_(None))
    return set(connection.execute(able).scalars())


def stop(connection: Connection, run: Row[Any], reason: str) -> None:
    """End a run; what it combined stays combined."""
    connection.execute(update(runs).where(runs.c.id == run.id).values(state="stopped", reason=reason))
    of_run = select(phases.c.id).where(phases.c.election_id == run.election_id, phases.c.scope == run.id)
    for phase_id in connection.execute(of_run).scalars().all():
        order.stop(connection, phase_id)


def go_on(connection: Connection, settings: Settings, election: Row[Any], members: list[int]) -> None:
    """A new run with those of `members` who are not set aside, or wait for the officer where they are too few."""
    able = left(connection, election.id)
    rest = [member for member in members if member in able]
    if len(rest) >= election.k:
        start(connection, settings, election, rest)
    else:
        states.move(
            connection,
            election.id,
            states.WAITING_FOR_GUARDIANS,
            f"{len(rest)} guardians are left of the last run, {election.k} are needed",
        )


def missing(connection: Connection, run: Row[Any], round_name: str) -> dict[int, int]:
    """For each guardian of the run: how many parts of the round it still owes; only those who owe any."""
    due = len(due_parts(run, round_name))
    sent = {
        row.sender: row.parts
        for row in connection.execute(
            select(messages.c.sender, func.count().label("parts"))
            .where(
                messages.c.election_id == run.election_id,
                messages.c.conversation == run.id,
                messages.c.round == round_name,
            )
            .group_by(messages.c.sender)
        )
    }
    owed = {member: due - sent.get(member, 0) for member in run.guardians}
    return {member: parts for member, parts in owed.items() if parts}


def _run_of(where: Place) -> Row[Any]:
    return where.connection.execute(select(runs).where(runs.c.id == where.phase.scope)).one()


def _round_over(where: Place) -> bool:
    return not missing(where.connection, _run_of(where), where.phase.name)


def _next_round(where: Place) -> None:
    following = ROUNDS.index(where.phase.name) + 1
    order.begin(where.connection, where.election.id, ROUNDS[following], where.phase.scope)


for _name in ROUNDS[:2]:
    register(_name, Step(_round_over, _next_round))
