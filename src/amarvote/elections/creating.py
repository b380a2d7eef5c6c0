"""Creating an election: its manifest, guardians, devices, and a bearer token for everyone who takes part."""

import hashlib
import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import insert, select

from amarvote.electionguard.errors import ManifestError
from amarvote.electionguard.manifest import parse_manifest
from amarvote.elections.errors import Conflict, Unprocessable
from amarvote.pipeline import states
from amarvote.store.database import Database, NoDatabaseError
from amarvote.store.tables import devices, elections, guardians, tokens

__all__ = ["Creation", "Database", "NoDatabaseError", "create", "token_hash"]

MOST_GUARDIANS = 1000


@dataclass(frozen=True, slots=True)
class Creation:
    """The new election's identifier, and the bearer tokens: officer, by guardian number, by device name."""

    election_id: str
    officer: str
    guardians: dict[int, str]
    devices: dict[str, str]

    def to_json(self) -> str:
        """As it is written into the file of tokens."""
        return json.dumps(
            {
                "election": self.election_id,
                "officer": self.officer,
                "guardians": {str(number): token for number, token in self.guardians.items()},
                "devices": self.devices,
            },
            indent=1,
        )


def create(
    database: Database,
    manifest: bytes,
    *,
    n: int,
    k: int,
    device_names: Sequence[str],
    minimum_group: int,
    folder: str,
    tokens_file: Path,
    title: str | None = None,
) -> Creation:
    """Create an election in state `ceremony`. Device strings are the title and the device's name.

    The file of tokens is on the disk before the election is: a crash in between leaves tokens of no election, and
    creating again replaces them. Raises Unprocessable for a manifest that cannot be used or numbers that do not
    go together, Conflict where an election has this folder already.
    """
    try:
        parsed = parse_manifest(manifest)
    except ManifestError as problem:
        raise Unprocessable(str(problem)) from None
    if not 1 <= k <= n <= MOST_GUARDIANS:
        raise Unprocessable(f"A quorum of {k} among {n} guardians is none; it takes 1 ≤ k ≤ n ≤ {MOST_GUARDIANS}.")
    if len(set(device_names)) != len(device_names) or not all(map(_is_plain, device_names)):
        raise Unprocessable("Device names must be distinct, not empty, and of letters, digits, '-', '_' and '.'.")
    if folder != "." and not _is_plain(folder):
        raise Unprocessable(
            "The record's folder is a plain name below the directory of records, or '.' for itself."
        )
    if minimum_group < 0:
        raise Unprocessable("The smallest group that is opened cannot be negative.")
    creation = Creation(
        secrets.token_hex(16),
        secrets.token_hex(32),
        {number: secrets.token_hex(32) for number in range(1, n + 1)},
        {name: secrets.token_hex(32) for name in device_names},
    )
    database.create_schema()
    with database.write() as connection:
        if connection.execute(select(elections.c.id).where(elections.c.folder == folder)).first():
            raise Conflict(f"This database has an election with its record in {folder!r} already.")
        election = {
            "id": creation.election_id,
            "folder": folder,
            "title": title or parsed.name,
            "state": states.CEREMONY,
            "paused": False,
            "n": n,
            "k": k,
            "chaining_mode": parsed.chaining_mode,
            "minimum_group": minimum_group,
            "manifest": manifest,
        }
        connection.execute(insert(elections).values(**election))
        roles = [("officer", 0, creation.officer)]
        roles += [("guardian", number, token) for number, token in creation.guardians.items()]
        for number, (name, token) in enumerate(creation.devices.items(), start=1):
            roles.append(("device", number, token))
            connection.execute(
                insert(devices).values(
                    election_id=creation.election_id,
                    number=number,
                    chain=1,
                    name=name,
                    device_string=f"{title or parsed.name}, {name}",
                    closed=False,
                    stored=0,
                    settled=0,
                )
            )
        for role, number, token in roles:
            connection.execute(
                insert(tokens).values(
                    token_hash=token_hash(token), election_id=creation.election_id, role=role, number=number
                )
            )
        for number in creation.guardians:
            connection.execute(
                insert(guardians).values(election_id=creation.election_id, number=number, checked_in=False)
            )
        states.record_event(connection, creation.election_id, f"created: {title or parsed.name}")
        _write_private(tokens_file, creation.to_json())
    return creation


def token_hash(token: str) -> bytes:
    """What is stored of a bearer token."""
    return hashlib.sha256(token.encode()).digest()


def _is_plain(name: str) -> bool:
    return 0 < len(name) <= 64 and all(c.isascii() and (c.isalnum() or c in "-_.") for c in name)


def _write_private(path: Path, content: str) -> None:
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
