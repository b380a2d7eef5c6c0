"""A staged election: the service's use cases, chunks done in this process or by workers."""

import base64
import copy
import hashlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import select

from amarvote.electionguard.confirmation import chained_field, initial_hash, unchained_field
from amarvote.electionguard.decryption import tally_ciphertexts
from amarvote.electionguard.engine import Engine
from amarvote.elections import device_desk, guardian_desk, mail, officer, rolls, submission
from amarvote.elections import record_files as public_files
from amarvote.elections.creating import create
from amarvote.elections.service import service_of
from amarvote.pipeline import record_files
from amarvote.pipeline.computer import Computer
from amarvote.pipeline.computing.kit import ComputeError, Kit
from amarvote.pipeline.computing.works import WORKS
from amarvote.pipeline.defects import told
from amarvote.pipeline.messages import ERROR, Message
from amarvote.pipeline.settings import Settings
from amarvote.pipeline.sweep import sweep
from amarvote.pipeline.worker import Worker
from amarvote.queues.database import DatabaseQueue
from amarvote.record.canonical import decode_item
from amarvote.record.codec import read_ballot, read_encrypted_tally
from amarvote.record.sections import SectionType
from amarvote.store.database import Database
from amarvote.store.tables import ballot_items, ballots, devices, record_items
from staging.handing_in import submit
from staging.people import Guardians, Member, Vote, cast, token_of

QUICK = Settings(
    cut_seconds=600.0,
    backoff_seconds=0.0,
    relay_seconds=0.05,
    idle_seconds=0.02,
    lease_seconds=5.0,
    renew_seconds=0.5,
    parent_rss_kb=1 << 30,
)
"""Times for tests in one process: nothing waits; accept chunks are cut when `Stage.work` comes to them."""


class SameProcess(Computer):
    """Computes in the worker's own process: the same work without a child, where a test is not about processes."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database
        self.kit = Kit(self.give)
        self.before: Callable[[Message], None] = _nothing
        self._given: Message | None = None

    def start(self) -> None:
        pass

    def give(self, wanted: Message) -> Message:
        with self.database.read() as connection:
            return record_files.give(connection, wanted)

    def ask(self, question: Message) -> None:
        try:
            self.before(question)
            self._given = WORKS[question.kind](self.kit, question)
        except ComputeError as refused:
            self._given = Message(ERROR, {"reason": str(refused)})
        except Exception as problem:  # noqa: BLE001 - as the child does
            self._given = Message(ERROR, {"reason": told(problem)})

    def answer(self, seconds: float) -> Message | None:
        return self._given


Tamper = Callable[[int, str, dict, bytes], bytes]
"""(sender, round, part, payload) -> what is sent instead."""


class Stage:
    """One election with everybody in it."""

    def __init__(
        self,
        folder: Path,
        guardians: Guardians,
        manifest: bytes,
        *,
        devices: int = 1,
        settings: Settings = QUICK,
        database: Database | None = None,
        url: str | None = None,
        name: str = "record",
        minimum_group: int = 0,
    ) -> None:
        self.folder = folder
        self.guardians = guardians
        self.context = guardians.context
        self.url = url or f"sqlite:///{folder / 'election.db'}"
        self.name = name
        self.device_count = devices
        database = database or Database(self.url)
        database.create_schema()
        self.creation = create(
            database,
            manifest,
            n=self.context.n,
            k=self.context.k,
            device_names=[f"device-{number}" for number in range(1, devices + 1)],
            minimum_group=minimum_group,
        )
        self.service = service_of(database, self.creation.election_id, settings)
        self.engine = Engine()
        self.engine.prepare(self.context.joint_key, self.context.joint_data_key)
        self.computer = SameProcess(self.service.database)
        self.voters = 0

    def moved_to(self, folder: Path, url: str | None = None) -> "Stage":
        """A copy of this election, as far as it is, in another folder; `url` is that of its database's copy."""
        self.service.close()
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        twin = copy.copy(self)
        twin.folder = folder
        twin.url = url or f"sqlite:///{folder / 'election.db'}"
        twin.service = replace(self.service, database=Database(twin.url))
        twin.computer = SameProcess(twin.service.database)
        return twin

    # ---- chunks

    def work(self, until: str | None = None, most: int = 10_000) -> int:
        """Do chunks in this process until there are none (or `until` is the election's state); how many."""
        done = 0
        settings = replace(self.service.settings, cut_seconds=0.0)
        database = self.service.database
        queue = DatabaseQueue(database, settings, "here")
        worker = Worker(database, queue, "here", settings, computer=self.computer)
        while done < most and self.state() != until:
            sweep(self.service.database, settings)
            if self.state() == until or not worker.one_chunk():
                break
            done += 1
        return done

    def state(self) -> str:
        with self.service.database.read() as connection:
            return str(self.service.election(connection).state)

    def download(self) -> Path:
        """The public files of the record, in a folder of their own."""
        folder = self.folder / f"{self.name}-downloaded"
        shutil.rmtree(folder, ignore_errors=True)
        for listed in public_files.listing(self.service)["files"]:
            file = public_files.public_file(self.service, listed["path"])
            target = folder / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(b"".join(public_files.content(self.service, file, 0, file.size)))
        return folder

    def row(self) -> Any:
        with self.service.database.read() as connection:
            return self.service.election(connection)

    # ---- before voting

    def hold_ceremony(self, but: set[tuple[str, int]] = frozenset()) -> None:
        """Every message of the ceremony, but those of (round, sender)."""
        for name, sent in self.guardians.messages.items():
            for (sender, recipient), payload in sent.items():
                if (name, sender) not in but:
                    self.put_ceremony(name, sender, recipient, payload)

    def put_ceremony(self, name: str, sender: int, recipient: int, payload: bytes) -> None:
        mail.put(self.service, sender, "ceremony", name, 0, recipient, payload)

    def enrol(self, voters: int, weights: dict[int, int] | None = None) -> None:
        entries = [
            {
                "token_sha256": hashlib.sha256(token_of(number)).hexdigest(),
                "style": "all",
                "weight": (weights or {}).get(number, 1),
            }
            for number in range(1, voters + 1)
        ]
        for first in range(0, voters, rolls.MOST_ENTRIES):
            rolls.import_roll(self.service, entries[first : first + rolls.MOST_ENTRIES])

    def prepare(self, voters: int = 20) -> None:
        """Up to open voting, chunks done in this process."""
        self.hold_ceremony()
        self.work()
        self.enrol(voters)
        officer.open_voting(self.service)

    # ---- voting

    def chaining_field(self, device: int = 1) -> bytes:
        me = device_desk.describe(self.service, device)
        h_di = base64.b64decode(me["h_di"])
        if not self.context.manifest.chaining_mode:
            return unchained_field(h_di)
        last = me["last_code"]
        return chained_field(base64.b64decode(last) if last else initial_hash(self.context.h_e, h_di))

    def make(
        self,
        votes: dict[int, dict[int, int]] | int,
        *,
        device: int = 1,
        challenge: bool = False,
        after: Vote | None = None,
    ) -> Vote:
        """The next voter's ballot: `votes` by contest and option, or the one option chosen in contest 1.

        In a chain `after` one that need not be handed in yet.
        """
        self.voters += 1
        chosen = {1: {votes: 1}} if isinstance(votes, int) else votes
        return cast(
            self.context,
            self.engine,
            token_of(self.voters),
            chosen,
            chained_field(after.ballot.confirmation_code) if after else self.chaining_field(device),
            challenge=challenge,
        )

    def submit(self, vote: Vote, device: int = 1) -> dict[str, str]:
        return submit(self.service, device, vote.body)

    def vote(self, votes: dict[int, dict[int, int]] | int, *, device: int = 1, challenge: bool = False) -> Vote:
        vote = self.make(votes, device=device, challenge=challenge)
        self.submit(vote, device)
        return vote

    def ballot_state(self, vote: Vote) -> dict[str, Any]:
        return submission.ballot_state(self.service, vote.ballot.id_b)

    # ---- guardians

    def run(self, members: list[int]) -> dict[str, Any]:
        """Check in, and start a run."""
        for member in members:
            guardian_desk.check_in(self.service, member)
        officer.start_run(self.service, members)
        return guardian_desk.current_run(self.service)

    def tally_items(self) -> list[Any]:
        with self.service.database.read() as connection:
            items = connection.execute(
                select(record_items.c.item)
                .where(
                    record_items.c.election_id == self.creation.election_id,
                    record_items.c.section == int(SectionType.ENCRYPTED_TALLY),
                    record_items.c.ordinal > 0,
                )
                .order_by(record_items.c.ordinal)
            ).scalars()
            return tally_ciphertexts(self.context, [read_encrypted_tally(decode_item(item)) for item in items])

    def challenged(self) -> list[Any]:
        with self.service.database.read() as connection:
            rows = connection.execute(
                select(devices.c.h_di, ballots.c.position, ballot_items.c.item)
                .join(devices, devices.c.id == ballots.c.device_id)
                .join(ballot_items, ballot_items.c.number == ballots.c.number)
                .where(
                    ballots.c.election_id == self.creation.election_id,
                    ballots.c.ordinal.is_not(None),
                    ballots.c.status == 2,
                )
                .order_by(ballots.c.ordinal)
            ).all()
        return [(row.h_di, row.position, read_ballot(decode_item(row.item))) for row in rows]

    def members(self, run: dict[str, Any]) -> dict[int, Member]:
        items = self.tally_items()
        return {i: Member(self.context, self.guardians.shares[i], run, items) for i in run["guardians"]}

    def put(self, run: dict[str, Any], name: str, part: int, sender: int, payload: bytes) -> None:
        mail.put(self.service, sender, run["run"], name, part, 0, payload)

    def answer(self, run: dict[str, Any], tamper: Tamper | None = None) -> None:
        """Every guardian's answers in all three rounds; `tamper` may change what one sends."""
        tamper = tamper or _honest
        members = self.members(run)
        tally = [part for part in run["parts"] if part["kind"] == "tally"]
        shared: dict[int, dict[int, bytes]] = {}
        revealed: dict[int, dict[int, bytes]] = {}
        for part in tally:
            shared[part["part"]] = {i: member.commitments(part) for i, member in members.items()}
            for i, data in shared[part["part"]].items():
                self.put(run, "share", part["part"], i, tamper(i, "share", part, data))
        for part in tally:
            revealed[part["part"]] = {i: member.reveals(part) for i, member in members.items()}
            for i, data in revealed[part["part"]].items():
                self.put(run, "reveal", part["part"], i, tamper(i, "reveal", part, data))
        challenged = self.challenged()
        for part in run["parts"]:
            number = part["part"]
            for i, member in members.items():
                if part["kind"] == "tally":
                    data = member.responses(part, shared[number], revealed[number])
                else:
                    data = member.openings(challenged[part["first"] : part["first"] + part["count"]])
                self.put(run, "respond", number, i, tamper(i, "respond", part, data))

    # ---- to the end

    def count(self, members: list[int]) -> None:
        """From open voting to the end, undisturbed, chunks done in this process."""
        officer.close_voting(self.service)
        self.work()
        self.answer(self.run(members))
        self.work()


def _nothing(message: Message) -> None:
    pass


def _honest(sender: int, round_name: str, part: dict, payload: bytes) -> bytes:
    return payload
