"""Set up: once all guardians confirmed, the joint keys and the record's setup sections."""

import json
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from amarvote.electionguard.confirmation import SIMPLE_CHAINING, device_hash, initial_hash
from amarvote.pipeline import chunks as life
from amarvote.pipeline import phases as order
from amarvote.pipeline import publishing, states
from amarvote.pipeline.chunks import NewChunk
from amarvote.pipeline.messages import Message
from amarvote.pipeline.phases import Place, Step, all_done, register
from amarvote.pipeline.record_rows import store_items
from amarvote.record.sections import Phase, Section, SectionType
from amarvote.store.tables import devices, elections, messages

NAME = "setup"
CEREMONY = "ceremony"


def begin_setup(connection: Connection, election_id: str) -> None:
    """All n guardians confirmed the same H_G and H_E: a worker checks that they follow from the keys."""
    states.move(connection, election_id, states.SETTING_UP)
    phase = order.begin(connection, election_id, NAME)
    life.add(connection, phase, [NewChunk(0, 1)])


def load(where: Place, chunk: Row[Any]) -> Message:
    """Level 0: the guardians' keys and what they confirmed. Above: segments and toc."""
    if chunk.level:
        return publishing.load(where, chunk)
    keys = _mail(where.connection, where.election.id, "key")
    confirmed = json.loads(_mail(where.connection, where.election.id, "confirm")[0])
    fields = {"n": where.election.n, "k": where.election.k, "h_g": confirmed["h_g"], "h_e": confirmed["h_e"]}
    return Message(NAME, fields, (where.election.manifest, *keys))


def _mail(connection: Connection, election_id: str, name: str) -> list[bytes]:
    return list(
        connection.execute(
            select(messages.c.payload)
            .where(
                messages.c.election_id == election_id,
                messages.c.conversation == CEREMONY,
                messages.c.round == name,
            )
            .order_by(messages.c.sender)
        ).scalars()
    )


def commit(where: Place, chunk: Row[Any], result: Message) -> None:
    """Store the joint keys, the setup sections, and what follows for the devices."""
    if chunk.level:
        publishing.commit(where, chunk, result)
        return
    connection, election = where.connection, where.election
    confirmed = json.loads(_mail(connection, election.id, "confirm")[0])
    h_e = bytes.fromhex(confirmed["h_e"])
    joint_key, joint_data_key, header, parameters, manifest, keys = result.parts
    connection.execute(
        update(elections)
        .where(elections.c.id == election.id)
        .values(joint_key=joint_key, joint_data_key=joint_data_key, h_e=h_e, h_g=bytes.fromhex(confirmed["h_g"]))
    )
    sections = {
        SectionType.HEADER: [header],
        SectionType.PARAMETERS: [parameters],
        SectionType.MANIFEST: [manifest],
        SectionType.GUARDIANS: _mail(connection, election.id, "key"),
        SectionType.ELECTION_KEYS: [keys],
    }
    for kind, items in sections.items():
        store_items(connection, election.id, Section(kind), enumerate(items))
    for device in connection.execute(select(devices).where(devices.c.election_id == election.id)).all():
        _prepare_device(connection, device, h_e, election.chaining_mode)


def add_device(
    connection: Connection,
    election: Row[Any],
    number: int,
    name: str,
    device_string: str,
    *,
    chain: int = 1,
    remote: bool = False,
) -> None:
    """Add a device string: of a new device, or the next of one there is. It is ready where the keys are made."""
    device = connection.execute(
        insert(devices)
        .values(
            election_id=election.id,
            number=number,
            chain=chain,
            name=name,
            device_string=device_string,
            remote=remote,
            closed=False,
            stored=0,
            settled=0,
        )
        .returning(devices)
    ).one()
    if election.h_e is not None:
        _prepare_device(connection, device, election.h_e, election.chaining_mode)


def _prepare_device(connection: Connection, device: Row[Any], h_e: bytes, chaining_mode: int) -> None:
    """H_DI of a device, and the code that its first ballot follows: H_0 with simple chaining."""
    h_di = device_hash(h_e, device.device_string)
    first = initial_hash(h_e, h_di) if chaining_mode == SIMPLE_CHAINING else None
    connection.execute(update(devices).where(devices.c.id == device.id).values(h_di=h_di, last_code=first))


def over(where: Place) -> bool:
    """Items, then segments, then the toc."""
    return all_done(where) and not publishing.grow(where, Phase.SETUP, after=None)


def follow(where: Place) -> None:
    """Voting can be opened."""
    states.move(where.connection, where.election.id, states.READY)


register(NAME, Step(over, follow, load, commit))
