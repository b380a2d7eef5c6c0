"""How the election of a run is made: its database, the election over the API, and what everybody is given."""

import base64
import json
from pathlib import Path

from amarvote.elections.preparing import prepare
from amarvote.launch.electorate import device_names
from amarvote.launch.errors import RunFailed
from amarvote.launch.options import Options
from amarvote.launch.roles import DATABASE, Roles
from amarvote.launch.supervisor import Supervisor
from amarvote.participants import address
from amarvote.participants.files import write_durably
from amarvote.participants.service import Refused, Service


def found(folder: Path, options: Options, roles: Roles, supervisor: Supervisor, service: str) -> None:
    """Make the election from nothing; RunFailed where that is refused.

    The API at the address `service` runs from here on. What a launcher left that was killed in the middle is
    thrown away.
    """
    for leftover in folder.glob(f"{DATABASE}*"):
        leftover.unlink()
    operator_token = prepare(f"sqlite:///{folder / DATABASE}")
    supervisor.start(roles.api())
    operator = Service(service, operator_token, supervisor.wait)
    try:
        made = operator.post("/elections", _order(folder, options)).json()
    except Refused as refusal:
        raise RunFailed(f"The election could not be created: {refusal}") from None
    finally:
        operator.close()
    officer = Service(address.of_election(service, made["id"]), made["officer"]["token"], supervisor.wait)
    try:
        for index in range(1, options.guardians + 1):
            invited = officer.post("/invitations", {"guardian": index}).json()
            roles.invite(index, made["id"], invited["invitation"])
    finally:
        officer.close()
    roles.hand_out({name: issued["token"] for name, issued in made["devices"].items()})
    tokens = {"election": made["id"], "officer": made["officer"]["token"]}
    write_durably(roles.tokens, json.dumps(tokens, indent=1).encode())


def _order(folder: Path, options: Options) -> dict[str, object]:
    return {
        "manifest": base64.b64encode((folder / "inputs" / "manifest.json").read_bytes()).decode(),
        "guardians": options.guardians,
        "quorum": options.quorum,
        "minimum_group": options.minimum_group,
        "devices": device_names(options),
    }
