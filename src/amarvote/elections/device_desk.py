"""What a voting device asks of the service beside submitting: who it is, closing, starting anew."""

import base64
from typing import Any

from sqlalchemy import Connection, Row, select, update

from amarvote.elections.errors import Conflict, Forbidden, Unprocessable
from amarvote.elections.service import Service
from amarvote.elections.storing import current_device
from amarvote.elections.values import text_of
from amarvote.pipeline import locks, states
from amarvote.pipeline.setting_up import add_device
from amarvote.store.tables import devices

LONGEST_STRING = 1000


def describe(service: Service, number: int) -> dict[str, Any]:
    """{name, device_id, h_di, last_code, closed, broken}: hashes in base64, null before the keys are made."""
    with service.database.read() as connection:
        device = current_device(connection, service.election_id, number, held=False)
    return {
        "name": device.name,
        "device_id": device.device_string,
        "h_di": _base64(device.h_di),
        "last_code": _base64(device.last_code),
        "closed": device.closed,
        "broken": device.broken,
    }


def close(service: Service, number: int, name: str) -> None:
    """The device submits no more; closing twice is the same."""
    with service.database.write() as connection:
        device = _own(connection, service.election_id, number, name)
        connection.execute(update(devices).where(devices.c.id == device.id).values(closed=True))


def restart(service: Service, number: int, name: str, device_string: Any) -> None:
    """Start the device anew under a new device string (rule 6); the chain so far stays as it is."""
    device_string = text_of(device_string, "A device string", LONGEST_STRING)
    with service.database.write() as connection:
        election = locks.election(connection, service.election_id)
        if election.state not in (states.READY, states.OPEN):
            raise Conflict(f"No device is started now: the election is {election.state}.")
        device = _own(connection, service.election_id, number, name)
        taken = connection.execute(
            select(devices.c.id).where(
                devices.c.election_id == service.election_id, devices.c.device_string == device_string
            )
        ).first()
        if taken:
            raise Conflict("That device string was used before; a new chain needs a new one.")
        own = f"{election.title}, {device.name}, "  # no name holds a comma: nobody else's string begins so
        if not device_string.startswith(own):
            raise Unprocessable(f"The next device string of {device.name} begins with {own!r}.")
        add_device(connection, election, number, device.name, device_string, chain=device.chain + 1)
        states.record_event(
            connection, service.election_id, f"device {device.name} starts anew as {device_string!r}"
        )


def _own(connection: Connection, election_id: str, number: int, name: str) -> Row[Any]:
    device = current_device(connection, election_id, number, held=True)
    if device.name != name:
        raise Forbidden(f"This token is {device.name}'s, not {name}'s.")
    return device


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()
