"""Creating an election: its manifest, guardians, devices; a token for its officer and each of its devices.

Guardians come in by the officer's invitations.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert

from amarvote.electionguard.errors import ManifestError
from amarvote.electionguard.manifest import parse_manifest
from amarvote.elections import admitting
from amarvote.elections.errors import Unprocessable
from amarvote.elections.tokens import OFFICER, Issued, issue
from amarvote.pipeline import states
from amarvote.store.database import Database
from amarvote.store.tables import elections, guardians

MOST_GUARDIANS = 100
"""Whoever combines fifty options holds everybody's key, 110 kB with such a quorum, and answers, 80 kB."""

MOST_OPTIONS = 10_000
"""Of all contests: whoever checks or combines an answer holds all ciphertexts of the tally, 1 kB each."""


@dataclass(frozen=True, slots=True)
class Creation:
    """The new election's identifier, and the tokens of its officer and, by name, of its devices."""

    election_id: str
    officer: Issued
    devices: dict[str, Issued]


def create(
    database: Database,
    manifest: bytes,
    *,
    n: int,
    k: int,
    device_names: Sequence[str],
    minimum_group: int,
    title: str | None = None,
) -> Creation:
    """Create an election in state `ceremony`.

    Raises Unprocessable for a manifest that cannot be used or numbers that do not go together.
    """
    try:
        parsed = parse_manifest(manifest)
    except ManifestError as problem:
        raise Unprocessable(str(problem)) from None
    if n > MOST_GUARDIANS:
        raise Unprocessable(f"{n} guardians are too many; an election has at most {MOST_GUARDIANS}.")
    if not 1 <= k <= n:
        raise Unprocessable(f"A quorum of {k} among {n} guardians is none; it takes 1 ≤ k ≤ n.")
    options = sum(len(contest.options) for contest in parsed.contests)
    if options > MOST_OPTIONS:
        raise Unprocessable(
            f"{options} options are too many; all contests of an election together have at most {MOST_OPTIONS}. "
            "Divide the contests among several elections."
        )
    if len(set(device_names)) != len(device_names):
        raise Unprocessable("Device names must be distinct.")
    if minimum_group < 0:
        raise Unprocessable("The smallest group that is opened cannot be negative.")
    election_id = secrets.token_hex(16)
    with database.write() as connection:
        row = {
            "id": election_id,
            "title": title or parsed.name,
            "state": states.CEREMONY,
            "paused": False,
            "n": n,
            "k": k,
            "chaining_mode": parsed.chaining_mode,
            "minimum_group": minimum_group,
            "manifest": manifest,
        }
        connection.execute(insert(elections).values(**row))
        connection.execute(
            insert(guardians),
            [{"election_id": election_id, "number": number, "checked_in": False} for number in range(1, n + 1)],
        )
        officer = issue(connection, election_id, OFFICER)
        admitted = {name: admitting.admit_device(connection, election_id, name) for name in device_names}
        states.record_event(connection, election_id, f"created: {title or parsed.name}")
    return Creation(election_id, officer, {name: device.token for name, device in admitted.items()})
