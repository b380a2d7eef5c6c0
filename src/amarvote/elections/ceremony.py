"""The key ceremony's mail: commit, key, share, confirm; or complain, which ends it (rule 19).

commit    32 bytes: a hash of the key that follows          from each to everybody
key       the canonical item guardian_public_key            from each to everybody
share     640 bytes, C0 ‖ C1 ‖ C2 of eqs. (20)-(22)         from each to each other guardian
confirm   JSON {"h_g": hex, "h_e": hex}                     from each to everybody
complain  JSON {"culprit": i, "sentence": "..."}            from whoever found a fault
"""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from amarvote.electionguard.guardian_faults import KeyRefused
from amarvote.electionguard.key_ceremony import check_key_commitment
from amarvote.electionguard.share_encryption import SHARE_BYTES
from amarvote.elections.errors import Conflict, NotFound, Unprocessable
from amarvote.elections.service import Service
from amarvote.elections.values import text_of, whole_number
from amarvote.pipeline import states
from amarvote.pipeline.setting_up import begin_setup
from amarvote.record.canonical import decode_item
from amarvote.record.codec import read_guardian
from amarvote.record.errors import NotCanonical
from amarvote.store.tables import messages

ROUNDS = ("commit", "key", "share", "confirm")
COMPLAIN = "complain"
ALWAYS_READABLE = frozenset({COMPLAIN})
COMMITMENT_BYTES = 32
LONGEST_COMPLAINT = 16 << 10


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
    """Raise unless the message has its place now: the round's turn, its shape, its recipient."""
    election = service.election(connection)
    senders, _ = expected(service, connection, conversation, round_name)
    if election.state != states.CEREMONY:
        raise Conflict(f"The ceremony is over: the election is {election.state}.")
    if part != 0:
        raise Unprocessable("Messages of the ceremony have one part, 0.")
    if round_name == "share":
        if recipient == sender or recipient not in senders:
            raise Unprocessable("A share goes from a guardian to another one of this election (?to=1..n).")
    elif recipient != 0:
        raise Unprocessable(f"A message of round {round_name} goes to everybody (?to=0).")
    if round_name in ROUNDS[1:]:
        before = ROUNDS[ROUNDS.index(round_name) - 1]
        missing = missing_in(service, connection, before)
        if missing:
            raise Conflict(f"Round {before} is not complete yet: guardians {missing} have not sent theirs.")
    _check_payload(service, connection, round_name, sender, payload)


def _check_payload(service: Service, connection: Connection, round_name: str, sender: int, payload: bytes) -> None:
    match round_name:
        case "commit":
            _check_width("A commitment", payload, COMMITMENT_BYTES)
        case "share":
            _check_width("An encrypted share", payload, SHARE_BYTES)
        case "key":
            _check_key(service, connection, sender, payload)
        case "confirm":
            for value in _object(payload, {"h_g", "h_e"}).values():
                if not isinstance(value, str) or len(value) != 64 or not set(value) <= set("0123456789abcdef"):
                    raise Unprocessable("H_G and H_E are confirmed in 64 lower-case hex digits each.")
        case _:
            complaint = _object(payload, {"culprit", "sentence"})
            whole_number(complaint["culprit"], "The culprit")
            text_of(complaint["sentence"], "A complaint", LONGEST_COMPLAINT)


def _check_width(what: str, payload: bytes, width: int) -> None:
    if len(payload) != width:
        raise Unprocessable(f"{what} has {width} bytes, not {len(payload)}.")


def _check_key(service: Service, connection: Connection, sender: int, payload: bytes) -> None:
    """The key is the sender's, canonical, and the one that was committed to; its proofs are for the workers."""
    commitment = connection.execute(_of_round(service, "commit").where(messages.c.sender == sender)).scalar_one()
    try:
        check_key_commitment(sender, commitment, payload)
        item = decode_item(payload)
    except (KeyRefused, NotCanonical) as problem:
        raise Unprocessable(f"The public key of guardian {sender} is refused: {problem}") from None
    if item.WhichOneof("item") != "guardian_public_key" or read_guardian(item).index != sender:
        raise Unprocessable(f"What was sent is not the public key of guardian {sender}.")


def received(service: Service, connection: Connection, round_name: str, sender: int, payload: bytes) -> None:
    """A complaint ends the ceremony; so do two confirmations that differ; the last one begins the setup."""
    if round_name == COMPLAIN:
        complaint = json.loads(payload)
        states.move(
            connection,
            service.election_id,
            states.CEREMONY_FAILED,
            f"guardian {sender} complains about guardian {complaint['culprit']}: {complaint['sentence']}",
        )
    if round_name == "confirm" and not missing_in(service, connection, "confirm"):
        confirmed = [json.loads(one) for one in connection.execute(_of_round(service, "confirm")).scalars()]
        meant = {(one["h_g"], one["h_e"]) for one in confirmed}
        if len(meant) == 1:
            begin_setup(connection, service.election_id)
        else:
            note = "the guardians confirmed different hashes: they were shown different keys"
            states.move(connection, service.election_id, states.CEREMONY_FAILED, note)


def expected(
    service: Service, connection: Connection, conversation: str, round_name: str
) -> tuple[Sequence[int], int]:
    """Who sends in a round, and how many messages each."""
    if round_name not in (*ROUNDS, COMPLAIN):
        raise NotFound(f"The {conversation} has no round {round_name!r}; it has {', '.join(ROUNDS)}.")
    n = service.election(connection).n
    return range(1, n + 1), due(round_name, n)


def due(round_name: str, n: int) -> int:
    """How many messages each of n guardians sends in a round."""
    return n - 1 if round_name == "share" else 1


def missing_in(service: Service, connection: Connection, round_name: str) -> list[int]:
    """The guardians who have not sent all of theirs in a round."""
    senders, number = expected(service, connection, "ceremony", round_name)
    counted = select(messages.c.sender, func.count().label("sent")).where(
        messages.c.election_id == service.election_id,
        messages.c.conversation == "ceremony",
        messages.c.round == round_name,
    )
    sent = {row.sender: row.sent for row in connection.execute(counted.group_by(messages.c.sender))}
    return [sender for sender in senders if sent.get(sender, 0) < number]


def _of_round(service: Service, round_name: str) -> Any:
    return select(messages.c.payload).where(
        messages.c.election_id == service.election_id,
        messages.c.conversation == "ceremony",
        messages.c.round == round_name,
    )


def _object(payload: bytes, names: set[str]) -> dict[str, Any]:
    try:
        content = json.loads(payload)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or set(content) != names:
        raise Unprocessable(f"This message is a JSON object of {' and '.join(sorted(names))}.")
    return content
