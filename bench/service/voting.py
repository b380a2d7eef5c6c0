"""Elections open for votes, and their ballots: really encrypted, beforehand, as their devices would send them."""

import random
import struct
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

from sqlalchemy import text

from amarvote.device.serving import WINDOW_BITS
from amarvote.electionguard.context import Context
from amarvote.electionguard.engine import Engine
from bench.service.running import Service
from staging.people import Guardians, cast, ceremony, make_manifest, token_of
from staging.stage import Stage

OPTIONS = 4
GUARDIANS, QUORUM = 5, 3
SLICE = 50
PROCESSES = 2
_LENGTH = struct.Struct(">I")


class Polls:
    """Elections with the same manifest and keys, so that a ballot of one is a ballot of each."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.manifest = make_manifest("load", OPTIONS)
        self.guardians: Guardians = ceremony(self.manifest, GUARDIANS, QUORUM)

    def open(self, voters: int) -> Stage:
        """Another election, open for votes. Its keys come from a ceremony held once, in this process."""
        stage = Stage(self._service.folder, self.guardians, self.manifest, devices=2, url=self._service.url)
        stage.prepare(voters)
        return stage


def encrypt(stage: Stage, number: int, file: Path) -> None:
    """Write the submissions of the first voters on the roll, made by two processes, each after its length."""
    slices = [(stage.context, stage.chaining_field(), first, min(first + SLICE, number + 1))
              for first in range(1, number + 1, SLICE)]  # fmt: skip
    with get_context("spawn").Pool(PROCESSES) as pool, file.open("wb") as bodies:
        for made in pool.imap(_encrypt, slices):
            for body in made:
                bodies.write(_LENGTH.pack(len(body)) + body)


def read_bodies(file: Path) -> Iterator[bytes]:
    """The submissions of a file, one at a time."""
    with file.open("rb") as bodies:
        while length := bodies.read(_LENGTH.size):
            yield bodies.read(_LENGTH.unpack(length)[0])


_engines: dict[bytes, Engine] = {}


def _encrypt(work: tuple[Context, bytes, int, int]) -> list[bytes]:
    context, chaining_field, first, last = work
    if context.h_e not in _engines:
        _engines[context.h_e] = Engine(WINDOW_BITS)
        _engines[context.h_e].prepare(context.joint_key, context.joint_data_key)
    engine = _engines[context.h_e]
    made = []
    for number in range(first, last):
        choice = random.randrange(OPTIONS + 1)
        votes = {1: {choice: 1} if choice else {}}
        made.append(cast(context, engine, token_of(number), votes, chaining_field).body)
    return made


_COPY = (
    """CREATE TEMP TABLE copied ON COMMIT DROP AS
       SELECT number AS old, floor(random() * 9e18)::bigint AS new FROM ballots
       WHERE election_id = :source AND state = 'submitted' ORDER BY number LIMIT :most""",
    """INSERT INTO ballots (number, election_id, device_id, id_b, state, status, style, weight,
           confirmation_code, leaf, submission, item_bytes, commitment_bytes, token_hash, submitted_at)
       SELECT new, :target, (SELECT id FROM devices WHERE election_id = :target AND number = 1),
           id_b, state, status, style, weight,
           confirmation_code, leaf, submission, item_bytes, commitment_bytes, token_hash, submitted_at
       FROM ballots JOIN copied ON old = number""",
    "INSERT INTO ballot_items (number, item) SELECT new, item FROM ballot_items JOIN copied ON old = number",
    """INSERT INTO ballot_commitments (number, data)
       SELECT new, data FROM ballot_commitments JOIN copied ON old = number""",
    """INSERT INTO roll (election_id, token_hash, style, weight, state, challenged)
       SELECT election_id, token_hash, style, weight, 'reserved', 0 FROM ballots WHERE election_id = :target
       ON CONFLICT (election_id, token_hash) DO UPDATE SET state = 'reserved'""",
)


def copy_ballots(service: Service, source: Stage, target: Stage, most: int) -> int:
    """Give another election the same voters, with their ballots submitted and not cut; the ballots' bytes.

    Each is as valid there. It spares the time of encrypting and submitting as many again.
    """
    given = {"source": source.creation.election_id, "target": target.creation.election_id, "most": most}
    with service.database.write() as connection:
        for statement in _COPY:
            wanted = {name: value for name, value in given.items() if f":{name}" in statement}
            connection.execute(text(statement), wanted)
        size = text("SELECT sum(item_bytes + commitment_bytes) FROM ballots WHERE election_id = :target")
        return int(connection.execute(size, {"target": given["target"]}).scalar_one())
