"""Ballots that arrive at the same moment are stored in one transaction, each judged by itself.

What is wrong with one of them is its refusal, and nobody else's. Locks are taken in the order of `pipeline.locks`,
devices by their numbers and entries of the roll by their tokens' hashes, so that no two transactions block each
other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, insert, select, update

from amarvote.electionguard.ballots import EncryptedBallot
from amarvote.electionguard.confirmation import SIMPLE_CHAINING
from amarvote.elections.envelopes import Envelope
from amarvote.elections.errors import Conflict, Refusal
from amarvote.elections.fitting import check_device, check_entry, not_free
from amarvote.elections.remote import shard_of, shards
from amarvote.elections.service import DatabaseError, Service, is_passing
from amarvote.pipeline import accepting, locks, states
from amarvote.record.merkle import leaf
from amarvote.store.clock import now
from amarvote.store.tables import (
    ballot_commitments,
    ballot_items,
    ballots,
    devices,
    elections,
    random_key,
    roll,
)

SHOWN_STATES = {"held": "waiting"}
"""A ballot held for the officer's verdict waits, as one does whose predecessor is not settled."""


@dataclass(frozen=True, slots=True, eq=False)
class Submission:
    """A ballot of a device, or of a remote voter (None); the SHA-256 of its bytes, and of its vote token."""

    device_number: int | None
    envelope: Envelope
    fingerprint: bytes
    token_hash: bytes

    @property
    def ballot(self) -> EncryptedBallot:
        """The ballot in the envelope."""
        return self.envelope.ballot


SUBMITTED = "submitted"

Outcomes = dict[Submission, str | Exception]
"""The state of each ballot that is stored, by now or before; or why it is not."""

# Built once: making a statement anew takes longer than executing it.
_KNOWN = (
    select(
        elections.c.state.label("of_election"),
        ballots.c.id_b,
        ballots.c.submission,
        ballots.c.state,
        ballots.c.findings,
    )
    .outerjoin_from(
        elections,
        ballots,
        and_(ballots.c.election_id == elections.c.id, ballots.c.id_b.in_(bindparam("ids", expanding=True))),
    )
    .where(elections.c.id == bindparam("election"))
)
_DEVICES = (
    select(devices)
    .where(
        devices.c.election_id == bindparam("election"), devices.c.number.in_(bindparam("numbers", expanding=True))
    )
    .order_by(devices.c.number, devices.c.chain)
)
_DEVICES_HELD = _DEVICES.with_for_update(key_share=True)
_OF_TOKENS = and_(
    roll.c.election_id == bindparam("election"), roll.c.token_hash.in_(bindparam("tokens", expanding=True))
)
_ENTRIES = select(roll.c.token_hash, roll.c.state).where(_OF_TOKENS)
_FREE = (
    select(roll.c.token_hash)
    .where(_OF_TOKENS, roll.c.state == "free")
    .order_by(roll.c.token_hash)
    .with_for_update(key_share=True)
    .cte("free")
)
_RESERVE = (
    update(roll)
    .where(roll.c.election_id == bindparam("election"), roll.c.token_hash.in_(select(_FREE.c.token_hash)))
    .values(state="reserved")
    .returning(roll.c.token_hash, roll.c.style, roll.c.weight, roll.c.challenged)
)
_RELEASE = update(roll).where(_OF_TOKENS).values(state="free")
_STORE = insert(ballots).values(state=SUBMITTED, submitted_at=now())
_STORE_ITEM = insert(ballot_items)
_STORE_COMMITMENTS = insert(ballot_commitments)
_EXTEND_CHAIN = (
    update(devices)
    .where(devices.c.id == bindparam("device"))
    .values(stored=bindparam("length"), last_code=bindparam("code"))
)


def store_all(service: Service, asked: Sequence[Submission]) -> list[str | Exception]:
    """Store these, in one transaction where they have nothing to do with each other; what came of each."""
    outcomes: Outcomes = {}
    rest = list(asked)
    while rest:
        some, rest = _apart(rest, chained=service.context.manifest.chaining_mode == SIMPLE_CHAINING)
        outcomes |= _in_one(service, some)
    return [outcomes[one] for one in asked]


def known_among(connection: Connection, election_id: str, ids: Sequence[bytes]) -> tuple[str, dict[bytes, Any]]:
    """The election's state, and {id_b, submission, state, findings} of those of these ballots that are stored."""
    rows = connection.execute(_KNOWN, {"election": election_id, "ids": ids}).all()
    return rows[0].of_election, {row.id_b: row for row in rows if row.id_b is not None}


def current_device(connection: Connection, election_id: str, number: int, *, held: bool) -> Row[Any]:
    """The device of a token under its latest device string; `held` where its chain must not grow meanwhile."""
    return _current_devices(connection, election_id, [number], held=held)[number]


def _current_devices(
    connection: Connection, election_id: str, numbers: Iterable[int], *, held: bool
) -> dict[int, Row[Any]]:
    statement = _DEVICES_HELD if held else _DEVICES
    rows = connection.execute(statement, {"election": election_id, "numbers": list(numbers)})
    return {row.number: row for row in rows}  # of each number the last one, which has the latest device string


def _apart(asked: Sequence[Submission], *, chained: bool) -> tuple[list[Submission], list[Submission]]:
    """Those of which no two are one ballot, of one voter, or in one chain; and the others."""
    some: list[Submission] = []
    others: list[Submission] = []
    taken: set[object] = set()
    for one in asked:
        own = {one.ballot.id_b, one.token_hash, one.device_number if chained else one}
        (some if taken.isdisjoint(own) else others).append(one)
        taken |= own
    return some, others


def _in_one(service: Service, some: Sequence[Submission]) -> Outcomes:
    try:
        return service.database.transact(lambda connection: _store(service, connection, some))
    except DatabaseError as problem:
        if len(some) == 1 or is_passing(problem):
            return dict.fromkeys(some, problem)
    # what the database does not take of one is not the others' fault
    outcomes: Outcomes = {}
    for one in some:
        outcomes |= _in_one(service, [one])
    return outcomes


def _store(service: Service, connection: Connection, some: Sequence[Submission]) -> Outcomes:
    # asked without waiting first: a state that is past is past, and the list may be frozen for minutes
    state, outcomes = _known(service, connection, some)
    new = [one for one in some if one not in outcomes]
    if not new:
        return outcomes
    if state == states.OPEN:
        state = locks.kept(connection, service.election_id)
    if state != states.OPEN:
        return outcomes | dict.fromkeys(new, Conflict(_not_open(service, connection, state)))
    taken = _take(service, connection, new)
    if SUBMITTED in taken.values():
        accepting.cut(connection, service.settings, service.election_id)
    return outcomes | taken


def _known(service: Service, connection: Connection, some: Sequence[Submission]) -> tuple[str, Outcomes]:
    """The election's state, and what is to be said of those that are stored already."""
    state, there = known_among(connection, service.election_id, [one.ballot.id_b for one in some])
    return state, {one: _again(one, there[one.ballot.id_b]) for one in some if one.ballot.id_b in there}


def _again(one: Submission, row: Row[Any]) -> str | Exception:
    if row.submission == one.fingerprint:
        state: str = SHOWN_STATES.get(row.state, row.state)
        return state
    return Conflict(
        f"Ballot {one.ballot.id_b.hex()} was submitted before with other bytes; the first stand. "
        "An identifier is used once."
    )


def _not_open(service: Service, connection: Connection, state: str) -> str:
    ended = service.election(connection).closed_at
    if ended is None:
        return f"No ballots are taken yet: the election is {state}."
    when = datetime.fromtimestamp(ended, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return f"Voting ended at {when}; no ballots are taken any more."


def _take(service: Service, connection: Connection, new: Sequence[Submission]) -> Outcomes:
    """Store those that fit their device and their entry of the roll, whose token is reserved for them."""
    outcomes, placed = _place(service, connection, new)
    tokens = {"election": service.election_id, "tokens": [one.token_hash for one in placed]}
    entries = {row.token_hash: row for row in connection.execute(_RESERVE, tokens)}
    fitting: dict[Submission, Row[Any]] = {}
    for one, device in placed.items():
        entry = entries.get(one.token_hash)
        if entry is None:
            continue
        try:
            check_entry(service, entry, one.ballot)
        except Refusal as refusal:
            outcomes[one] = refusal
        else:
            fitting[one] = device
    if fitting:
        _write(service, connection, fitting)
    released = [one.token_hash for one in placed if one in outcomes]
    if released:
        connection.execute(_RELEASE, {"election": service.election_id, "tokens": released})
    others = [one for one in new if one not in fitting]
    if others:
        outcomes |= _refused(service, connection, others, outcomes)
    return outcomes | dict.fromkeys(fitting, SUBMITTED)


def _place(
    service: Service, connection: Connection, new: Sequence[Submission]
) -> tuple[Outcomes, dict[Submission, Row[Any]]]:
    """The device, or the shard, of each; and what is refused there."""
    mode = service.context.manifest.chaining_mode
    numbers = {one.device_number for one in new if one.device_number is not None}
    there = _current_devices(connection, service.election_id, numbers, held=mode == SIMPLE_CHAINING)
    remote = shards(connection, service.election_id) if any(one.device_number is None for one in new) else []
    outcomes: Outcomes = {}
    placed: dict[Submission, Row[Any]] = {}
    for one in new:
        try:
            if one.device_number is None:
                device = shard_of(remote, one.ballot.chaining_field)
            else:
                device = there[one.device_number]
            check_device(device, one.ballot, mode)
        except Refusal as refusal:
            outcomes[one] = refusal
        else:
            placed[one] = device
    return outcomes, placed


def _refused(
    service: Service, connection: Connection, others: Sequence[Submission], refused: Outcomes
) -> Outcomes:
    """Why each is not taken; or what is known of it, where it was stored while we waited for a lock."""
    tokens = [one.token_hash for one in others if one not in refused]
    found = connection.execute(_ENTRIES, {"election": service.election_id, "tokens": tokens})
    there = {row.token_hash: row.state for row in found}
    taken = {one: not_free(there.get(one.token_hash)) for one in others if one not in refused}
    return taken | _known(service, connection, others)[1]


def _write(service: Service, connection: Connection, fitting: dict[Submission, Row[Any]]) -> None:
    chained = service.context.manifest.chaining_mode == SIMPLE_CHAINING
    rows, items, commitments, ends = [], [], [], []
    for one, device in fitting.items():
        number, item, data = random_key(), one.envelope.item, one.envelope.commitments
        rows.append(
            {
                "number": number,
                "election_id": service.election_id,
                "device_id": device.id,
                "chain_index": device.stored + 1 if chained else None,
                "id_b": one.ballot.id_b,
                "status": int(one.ballot.status),
                "style": one.ballot.ballot_style,
                "weight": one.ballot.weight,
                "confirmation_code": one.ballot.confirmation_code,
                "leaf": leaf(item),
                "submission": one.fingerprint,
                "item_bytes": len(item),
                "commitment_bytes": len(data),
                "token_hash": one.token_hash,
            }
        )
        items.append({"number": number, "item": item})
        commitments.append({"number": number, "data": data})
        ends.append({"device": device.id, "length": device.stored + 1, "code": one.ballot.confirmation_code})
    connection.execute(_STORE, rows)
    connection.execute(_STORE_ITEM, items)
    connection.execute(_STORE_COMMITMENTS, commitments)
    if chained:
        connection.execute(_EXTEND_CHAIN, ends)
