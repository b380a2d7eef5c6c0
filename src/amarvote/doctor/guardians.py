"""Guardians of elections before and in voting: has each found that its key opens and works?"""

from collections.abc import Iterator

from sqlalchemy import select

from amarvote.doctor.findings import Finding, attention, failed, well
from amarvote.doctor.system import System
from amarvote.pipeline import states
from amarvote.store.tables import elections, guardians

BEFORE_KEYS = (states.CEREMONY,)
TO_BE_COUNTED = (states.SETTING_UP, states.READY, states.OPEN)


def rehearsals(system: System) -> Iterator[Finding]:
    """Of each election that is to be counted still: who has rehearsed; a quorum is not enough to be calm."""
    with system.database.read() as connection:
        found = connection.execute(
            select(elections.c.id, elections.c.title, elections.c.state, elections.c.k)
            .where(elections.c.state.in_((*BEFORE_KEYS, *TO_BE_COUNTED)))
            .order_by(elections.c.id)
        ).all()
        rows = connection.execute(
            select(guardians.c.election_id, guardians.c.number, guardians.c.rehearsed_at).order_by(
                guardians.c.number
            )
        ).all()
    if not found:
        yield well("There is no election before or in voting.")
    for election in found:
        name = f"Election {election.id} ({election.title[:60]})"
        if election.state in BEFORE_KEYS:
            yield attention(
                f"{name}: the key ceremony is not over.", "Let its guardians finish it, then rehearse."
            )
            continue
        of_election = [row for row in rows if row.election_id == election.id]
        missing = [row.number for row in of_election if row.rehearsed_at is None]
        if not missing:
            yield well(f"{name}: all {len(of_election)} guardians have rehearsed.")
            continue
        ready = len(of_election) - len(missing)
        how = failed if ready < election.k else attention
        yield how(
            f"{name}: {ready} of {len(of_election)} guardians have rehearsed, {election.k} are needed; "
            f"missing: {', '.join(map(str, missing))}.",
            "Ask them to run amarvote guardian check; whoever cannot must be known before the first ballot.",
        )
