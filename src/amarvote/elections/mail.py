"""The guardians' mail: conversations in rounds; nobody reads a round before all have sent theirs.

The same message again changes nothing; another one in its place is refused. Payloads are visible once the round is
complete, and only those to everybody or to the reader.
"""

import base64
from typing import Any

from sqlalchemy import Connection, func, insert, select

from amarvote.elections import answering, ceremony
from amarvote.elections.errors import Conflict
from amarvote.elections.service import Service
from amarvote.pipeline import locks, phases
from amarvote.store.tables import messages

CEREMONY = "ceremony"


def put(
    service: Service, sender: int, conversation: str, round_name: str, part: int, recipient: int, payload: bytes
) -> None:
    """Store a message of guardian `sender`, and take the transition that it makes possible."""
    with service.database.write() as connection:
        # two last messages of a round: the second is stored when the first can be seen
        locks.command(connection, service.election_id)
        key = {
            "election_id": service.election_id,
            "conversation": conversation,
            "round": round_name,
            "part": part,
            "sender": sender,
            "recipient": recipient,
        }
        stored = connection.execute(
            select(messages.c.payload).where(*(messages.c[name] == value for name, value in key.items()))
        ).scalar_one_or_none()
        if stored is not None:
            if stored != payload:
                raise Conflict(
                    f"Guardian {sender} sent something else in round {round_name}, part {part}, before; "
                    "the first message stands."
                )
            return
        rules = ceremony if conversation == CEREMONY else answering
        rules.check(service, connection, conversation, round_name, part, sender, recipient, payload)
        connection.execute(insert(messages).values(**key, payload=payload))
        rules.received(service, connection, round_name, sender, payload)
        phases.advance(connection, service.settings, service.election_id)


def get(service: Service, reader: int, conversation: str, round_name: str) -> dict[str, Any]:
    """{complete, expected, missing, messages}: messages only where the round is complete."""
    with service.database.read() as connection:
        rules = ceremony if conversation == CEREMONY else answering
        senders, expected = rules.expected(service, connection, conversation, round_name)
        sent = _sent(connection, service.election_id, conversation, round_name)
        missing = [sender for sender in senders if sent.get(sender, 0) < expected]
        complete = not missing or round_name in rules.ALWAYS_READABLE
        found: list[dict[str, Any]] = []
        if complete:
            rows = connection.execute(
                select(messages)
                .where(
                    messages.c.election_id == service.election_id,
                    messages.c.conversation == conversation,
                    messages.c.round == round_name,
                    messages.c.recipient.in_((0, reader)),
                )
                .order_by(messages.c.part, messages.c.sender, messages.c.recipient)
            )
            found = [
                {
                    "sender": row.sender,
                    "to": row.recipient,
                    "part": row.part,
                    "payload": base64.b64encode(row.payload).decode(),
                }
                for row in rows
            ]
    return {
        "complete": complete,
        "expected": expected * len(senders),
        "missing": missing,
        "messages": found,
    }


def _sent(connection: Connection, election_id: str, conversation: str, round_name: str) -> dict[int, int]:
    rows = connection.execute(
        select(messages.c.sender, func.count().label("messages"))
        .where(
            messages.c.election_id == election_id,
            messages.c.conversation == conversation,
            messages.c.round == round_name,
        )
        .group_by(messages.c.sender)
    )
    return {row.sender: row.messages for row in rows}
