"""The guardians' mail: conversations in rounds; nobody reads a round before all have sent theirs.

The same message again changes nothing; another one in its place is refused. Payloads are visible once the round is
complete, and only those to everybody or to the reader: a part at a time, piece by piece.
"""

import base64
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, func, insert, select

from amarvote.elections import answering, ceremony
from amarvote.elections.errors import Conflict
from amarvote.elections.paging import fitting
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
        rules = _rules(conversation)
        rules.check(service, connection, conversation, round_name, part, sender, recipient, payload)
        connection.execute(insert(messages).values(**key, payload=payload))
        rules.received(service, connection, round_name, sender, payload)
        phases.advance(connection, service.settings, service.election_id)


def look(service: Service, conversation: str, round_name: str) -> dict[str, Any]:
    """{complete, expected, missing} of a round: how many messages it has, who has not sent all of theirs."""
    with service.database.read() as connection:
        senders, expected = _rules(conversation).expected(service, connection, conversation, round_name)
        sent = _sent(connection, service.election_id, conversation, round_name)
    missing = [sender for sender in senders if sent.get(sender, 0) < expected]
    return {"complete": not missing, "expected": expected * len(senders), "missing": missing}


def read(
    service: Service, reader: int, conversation: str, round_name: str, part: int, after: int
) -> dict[str, Any]:
    """{messages, next}: a part of a complete round from the senders after `after` on; `next` is null at its end.

    Conflict before the round is complete.
    """
    missing = look(service, conversation, round_name)["missing"]
    if missing and round_name not in _rules(conversation).ALWAYS_READABLE:
        raise Conflict(f"Round {round_name} is not complete yet: guardians {missing} have not sent theirs.")
    shown = (
        messages.c.election_id == service.election_id,
        messages.c.conversation == conversation,
        messages.c.round == round_name,
        messages.c.part == part,
        messages.c.recipient.in_((0, reader)),
    )
    with service.database.read() as connection:
        sizes = connection.execute(
            select(messages.c.sender, func.length(messages.c.payload).label("bytes"))
            .where(*shown, messages.c.sender > after)
            .order_by(messages.c.sender)
        ).all()
        shown_now = fitting(row.bytes for row in sizes)
        last = sizes[shown_now - 1].sender if sizes else after
        rows = connection.execute(
            select(messages)
            .where(*shown, messages.c.sender > after, messages.c.sender <= last)
            .order_by(messages.c.sender)
        ).all()
    return {
        "messages": [
            {"sender": row.sender, "to": row.recipient, "payload": base64.b64encode(row.payload).decode()}
            for row in rows
        ],
        "next": last if shown_now < len(sizes) else None,
    }


def _rules(conversation: str) -> ModuleType:
    return ceremony if conversation == CEREMONY else answering


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
