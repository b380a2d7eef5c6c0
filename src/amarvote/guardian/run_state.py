"""What a guardian keeps of a run, so that it gives one answer for each ciphertext, however often it is killed.

    run.json        root, members and parts, as they were when the run was first seen
    PART.sealed     nonces, reveals and d_i of a part; on disk before any d_i leaves
    PART.answers    what was sent, v_i included; once this is on disk, PART.sealed is erased

A nonce that answered two challenges would give the guardian's key away. So a response leaves only after it is
stored and its nonces are gone, the stored one is sent whenever it is asked for again, and a run whose state was
lost is refused.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from amarvote.electionguard.guardian_messages import (
    read_commitments,
    read_responses,
    read_reveals,
    write_commitments,
    write_responses,
    write_reveals,
)
from amarvote.electionguard.joint_rounds import Beginning
from amarvote.guardian.errors import GuardianError, RefusedRun
from amarvote.guardian.sealing import seal, unseal
from amarvote.participants.files import erase, private_folder, read_bounded, write_durably

LARGEST_FILE = 16 << 20


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the items of a run: all of one kind ("tally", "challenged"), `count` from `first` of that kind."""

    part: int
    kind: str
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Run:
    """A run as the service announces it (rule 17): id, aggregated root, U ascending, parts."""

    id: str
    root: bytes
    members: tuple[int, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """The payloads of one part that have been, or may be, sent in the three rounds."""

    share: bytes
    reveal: bytes
    respond: bytes


class RunState:
    """The folder of one run in the home of guardian `index`."""

    def __init__(self, home: Path, index: int, state_key: bytes, run: Run) -> None:
        self._folder = private_folder(private_folder(home / "runs") / run.id)
        self._index = index
        self._key = state_key
        self._run = run

    def enter(self) -> None:
        """Note the run at first sight; RefusedRun where it is not the same any more."""
        terms = json.dumps({**asdict(self._run), "root": self._run.root.hex()}, sort_keys=True).encode()
        file = self._folder / "run.json"
        if not file.exists():
            write_durably(file, terms)
        elif read_bounded(file, LARGEST_FILE) != terms:
            raise RefusedRun(
                f"Run {self._run.id} has other members, parts or another root than before. Its answers stay away."
            )

    def answers(self, part: Part) -> Answers | None:
        """The answers to send again; None before there is a response."""
        file = self._folder / f"{part.part}.answers"
        if not file.exists():
            return None
        erase(self._sealed(part))  # a kill may have come between storing the answers and erasing the nonces
        content = self._json(read_bounded(file, LARGEST_FILE))
        return Answers(*(bytes.fromhex(content[name]) for name in ("share", "reveal", "respond")))

    def beginnings(self, part: Part) -> list[Beginning] | None:
        """The sealed nonces, reveals and commitments of a part; None where nothing was begun."""
        file = self._sealed(part)
        if not file.exists():
            return None
        content = self._json(unseal(self._key, read_bounded(file, LARGEST_FILE), self._purpose(part)))
        payloads = [bytes.fromhex(content[name]) for name in ("nonces", "reveals", "commitments")]
        nonces = read_responses(self._index, payloads[0], part.count)
        reveals = read_reveals(self._index, payloads[1], part.count)
        commitments = read_commitments(self._index, payloads[2], part.count)
        return [Beginning(*parts) for parts in zip(nonces, reveals, commitments, strict=True)]

    def begin(self, part: Part, beginnings: Sequence[Beginning]) -> None:
        """Seal fresh nonces; after this their d_i may leave."""
        content = {
            "nonces": write_responses(one.nonce for one in beginnings).hex(),
            "reveals": write_reveals(one.reveal for one in beginnings).hex(),
            "commitments": write_commitments(one.commitment for one in beginnings).hex(),
        }
        write_durably(self._sealed(part), seal(self._key, json.dumps(content).encode(), self._purpose(part)))

    def answer(self, part: Part, answers: Answers) -> None:
        """Store the answers of a part and erase its nonces; after this the response may leave."""
        content = {"share": answers.share.hex(), "reveal": answers.reveal.hex(), "respond": answers.respond.hex()}
        write_durably(self._folder / f"{part.part}.answers", json.dumps(content).encode())
        erase(self._sealed(part))

    def _sealed(self, part: Part) -> Path:
        return self._folder / f"{part.part}.sealed"

    def _purpose(self, part: Part) -> str:
        return (
            f"nonces of guardian {self._index}, run {self._run.id}, root {self._run.root.hex()}, part {part.part}"
        )

    def _json(self, data: bytes) -> dict[str, Any]:
        try:
            content = json.loads(data)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise GuardianError(f"A file in {self._folder} is damaged; this guardian cannot go on in this run.")
        return content
