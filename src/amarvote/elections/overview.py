"""The public face of the election: what it is, and where it stands."""

import base64
from typing import Any

from amarvote.elections.service import Service


def describe(service: Service) -> dict[str, Any]:
    """As `api.models.elections.Election` has it: bytes in base64, keys null before they are made."""
    with service.database.read() as connection:
        election = service.election(connection)
    keys = {
        name: None if value is None else base64.b64encode(value).decode()
        for name, value in (
            ("h_e", election.h_e),
            ("joint_key", election.joint_key),
            ("joint_data_key", election.joint_data_key),
            ("h_g", election.h_g),
        )
    }
    return {
        "id": election.id,
        "title": election.title,
        "state": election.state,
        "note": election.note,
        "paused": election.paused,
        "n": election.n,
        "k": election.k,
        "chaining_mode": election.chaining_mode,
        "closed_at": election.closed_at,
        **keys,
    }
