"""Letting somebody take part: devices and further officers, each with a token of its own."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from amarvote.elections.errors import Conflict, Unprocessable
from amarvote.elections.service import Service
from amarvote.elections.tokens import DEVICE, OFFICER, Issued, issue
from amarvote.pipeline import locks, states
from amarvote.pipeline.setting_up import add_device
from amarvote.store.tables import devices

BEFORE_CLOSE = (states.CEREMONY, states.SETTING_UP, states.READY, states.OPEN)
LONGEST_NAME = 64
MOST_DEVICES = 100_000


@dataclass(frozen=True, slots=True)
class Admitted:
    """A device with its device string, and its new token."""

    name: str
    device_string: str
    token: Issued


def device(service: Service, name: str) -> Admitted:
    """Admit a voting device, until voting ends; of one that is there already, another token for it."""
    with service.database.write() as connection:
        admitted = admit_device(connection, service.election_id, name)
        states.record_event(connection, service.election_id, f"device {name} is given a token")
    return admitted


def admit_device(connection: Connection, election_id: str, name: str) -> Admitted:
    """The same, as a part of the caller's transaction."""
    if not 0 < len(name) <= LONGEST_NAME or not all(c.isascii() and (c.isalnum() or c in "-_.") for c in name):
        raise Unprocessable(f"A device's name has 1 to {LONGEST_NAME} letters, digits, '-', '_' and '.'.")
    election = locks.election(connection, election_id)
    if election.state not in BEFORE_CLOSE:
        raise Conflict(f"No device is admitted any more: the election is {election.state}.")
    own = devices.c.election_id == election_id
    there = connection.execute(
        select(devices.c.number, devices.c.device_string)
        .where(own, devices.c.name == name)
        .order_by(devices.c.chain.desc())
        .limit(1)
    ).one_or_none()
    if there is not None:
        return Admitted(name, there.device_string, issue(connection, election_id, DEVICE, there.number))
    last = connection.execute(select(func.coalesce(func.max(devices.c.number), 0)).where(own)).scalar_one()
    if last >= MOST_DEVICES:
        raise Conflict(f"An election has at most {MOST_DEVICES} devices.")
    number, device_string = last + 1, f"{election.title}, {name}"
    add_device(connection, election, number, name, device_string)
    return Admitted(name, device_string, issue(connection, election_id, DEVICE, number))


def officer(service: Service) -> Issued:
    """Another officer's token."""
    with service.database.write() as connection:
        issued = issue(connection, service.election_id, OFFICER)
        states.record_event(connection, service.election_id, "an officer is given a token")
    return issued
