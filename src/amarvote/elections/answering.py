"""The mail of a run: share, reveal, respond, in parts of at most 50 ciphertexts (rule 17).

    share    d_i                  32 bytes a tally item
    reveal   M_i ‖ a_i ‖ b_i    1536 bytes a tally item, held against d_i at once (only hashes)
    respond  v_i                  32 bytes a tally item;  m_i ‖ c ‖ v  576 bytes a challenged ballot

Parts of challenged ballots have a `respond` only. A reveal that does not open its d_i is refused and not
stored: the run waits for the right one, or for the officer to set that guardian aside.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from amarvote.electionguard.context import Context
from amarvote.electionguard.decryption import TallyCiphertext, tally_ciphertexts
from amarvote.electionguard.guardian_faults import GuardianFault
from amarvote.electionguard.guardian_messages import (
    COMMITMENT_BYTES,
    NONCE_SHARE_BYTES,
    RESPONSE_BYTES,
    REVEAL_BYTES,
    read_commitments,
    read_reveals,
)
from amarvote.electionguard.joint_rounds import check_reveals
from amarvote.elections.errors import Conflict, Forbidden, NotFound, Unprocessable
from amarvote.elections.service import Service
from amarvote.pipeline import runs as running
from amarvote.pipeline.constants import context_of
from amarvote.pipeline.record_rows import tally_items
from amarvote.record.canonical import decode_item
from amarvote.record.codec import read_encrypted_tally
from amarvote.store.tables import messages, runs

ALWAYS_READABLE: frozenset[str] = frozenset()

_WIDTHS = {
    ("share", running.TALLY): COMMITMENT_BYTES,
    ("reveal", running.TALLY): REVEAL_BYTES,
    ("respond", running.TALLY): RESPONSE_BYTES,
    ("respond", running.CHALLENGED_BALLOTS): NONCE_SHARE_BYTES,
}


def check(
    service: Service,
    connection: Connection,
    conversation: str,
    round_name: str,
    part: int,
    sender: int,
    recipient: int,
    payload: bytes,
) -> None:
    """Raise unless the message has its place now: the run's turn, its guardian, its part, its width."""
    run = _run(service, connection, conversation)
    if run.state != "answering":
        raise Conflict(f"Run {run.id} is {run.state}; it takes no answers any more.")
    if sender not in run.guardians:
        raise Forbidden(
            f"Guardian {sender} does not take part in run {run.id}; its guardians are {run.guardians}."
        )
    if recipient != 0:
        raise Unprocessable("Answers in a run go to everybody (?to=0).")
    parts = {one.part: one for one in running.due_parts(run, _known(round_name))}
    if part not in parts:
        raise NotFound(f"Round {round_name} of run {run.id} has no part {part}.")
    width = _WIDTHS[round_name, parts[part].kind]
    if len(payload) != width * parts[part].count:
        raise Unprocessable(
            f"Part {part} of round {round_name} has {parts[part].count} items of {width} bytes; "
            f"{len(payload)} bytes were sent."
        )
    position = running.ROUNDS.index(round_name)
    if position:
        before = running.ROUNDS[position - 1]
        missing = running.missing(connection, run, before)
        if missing:
            raise Conflict(
                f"Round {before} is not complete yet: guardians {sorted(missing)} have not sent theirs."
            )
    if round_name == "reveal":
        _check_reveal(service, connection, run, parts[part], sender, payload)


def received(service: Service, connection: Connection, round_name: str, sender: int, payload: bytes) -> None:
    """Nothing but what follows from the rows."""


def expected(
    service: Service, connection: Connection, conversation: str, round_name: str
) -> tuple[Sequence[int], int]:
    """Who sends in a round, and how many messages each."""
    run = _run(service, connection, conversation)
    return run.guardians, len(running.due_parts(run, _known(round_name)))


def _known(round_name: str) -> str:
    if round_name not in running.ROUNDS:
        raise NotFound(f"A run has no round {round_name!r}; it has {', '.join(running.ROUNDS)}.")
    return round_name


def _run(service: Service, connection: Connection, run_id: str) -> Row[Any]:
    run = connection.execute(
        select(runs).where(runs.c.id == run_id, runs.c.election_id == service.election_id)
    ).one_or_none()
    if run is None:
        raise NotFound(f"There is no conversation {run_id!r}.")
    return run


def _check_reveal(
    service: Service, connection: Connection, run: Row[Any], part: running.Part, sender: int, payload: bytes
) -> None:
    shared = connection.execute(
        select(messages.c.payload).where(
            messages.c.election_id == service.election_id,
            messages.c.conversation == run.id,
            messages.c.round == "share",
            messages.c.part == part.part,
            messages.c.sender == sender,
        )
    ).scalar_one()
    context = context_of(service.election(connection))
    ciphertexts = _ciphertexts(service, connection, context)[part.first : part.first + part.count]
    try:
        commitments = read_commitments(sender, shared, part.count)
        reveals = read_reveals(sender, payload, part.count)
        check_reveals(sender, run.guardians, ciphertexts, commitments, reveals)
    except GuardianFault as fault:
        raise Unprocessable(str(fault)) from None


def _ciphertexts(service: Service, connection: Connection, context: Context) -> list[TallyCiphertext]:
    return tally_ciphertexts(
        context, [read_encrypted_tally(decode_item(item)) for item in tally_items(connection, service.election_id)]
    )
