"""An election through nginx, by everybody's own programs over TLS: guardians, a device, the officer's client."""

import base64
import hashlib
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from amarvote.device.voters import Marks, Voter, voter_line
from amarvote.elections import tokens
from amarvote.launch.finished_record import bring_record
from amarvote.launch.officer import Officer
from amarvote.participants import address
from amarvote.participants.files import private_folder, write_durably
from amarvote.participants.service import Service
from amarvote.store.database import Database
from stack import places
from stack.running import Stack
from staging.people import make_manifest

PATIENCE = 180.0
OPTIONS = 2
CONTEST = "c1"


class VotingError(Exception):
    """The election did not go on, with what its people's programs said."""


class Election:
    """One election; everybody's homes are in `folder`."""

    def __init__(
        self, stack: Stack, folder: Path, *, voters: int = 12, guardians: int = 2, quorum: int | None = None
    ) -> None:
        self._stack = stack
        self._folder = private_folder(folder)
        self._voters = voters
        self._guardians = range(1, guardians + 1)
        self._quorum = quorum or guardians
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        with closing(Database(places.secret(stack.secrets, "database-url"))) as database:
            self.operator_token = tokens.issue_operator(database).value
        made = self._create()
        self.id: str = made["id"]
        self.url = address.of_election(stack.url, self.id)
        self.officer_token: str = made["officer"]["token"]
        ((self._device, token),) = made["devices"].items()
        self.device_token: str = token["token"]
        self.service = Service(self.url, self.officer_token, ca=stack.ca, patience=PATIENCE)
        self._officer = Officer(self.service)
        self.tokens = [hashlib.sha256(f"{self.id} {number}".encode()).digest() for number in range(voters)]

    def _create(self) -> dict[str, Any]:
        operator = Service(self._stack.url, self.operator_token, ca=self._stack.ca, patience=PATIENCE)
        order = {
            "manifest": base64.b64encode(make_manifest("the stack's election", OPTIONS)).decode(),
            "guardians": len(self._guardians),
            "quorum": self._quorum,
            "devices": ["device-1"],
        }
        made: dict[str, Any] = operator.post("/elections", order).json()
        operator.close()
        return made

    def hold(self) -> dict[str, dict[str, int]]:
        """From the invitations to the results: the totals, as the service has them."""
        self.open()
        self.vote()
        self.count()
        totals = self._officer.results()["totals"]
        if totals != self.expected:
            raise VotingError(f"What was counted is not what was voted: {totals}, {self.expected}")
        return self.expected

    def open(self) -> None:
        """The guardians join and hold their ceremony; voting is open."""
        for each in [self._join(guardian) for guardian in self._guardians]:
            if each.wait(PATIENCE) != 0:
                raise VotingError(self._said())
        for guardian in self._guardians:
            self._start(
                f"guardian-{guardian}", "guardian", "run", self._home(guardian), *self._passphrase(guardian)
            )
        words = [self._home(guardian) / "words" for guardian in self._guardians]
        self._wait(lambda: all(file.exists() for file in words), "the guardians compare their words")
        for file in words:
            write_durably(file.with_name("confirm"), words[0].read_bytes())
        self.until("ready")
        self._officer.bring_roll(
            {"token_sha256": _hashed(token), "style": "all", "weight": 1} for token in self.tokens
        )
        self._officer.open_voting()

    def vote(self) -> None:
        """Everybody votes at the device."""
        home = private_folder(self._folder / self._device)
        totals = {f"o{option}": 0 for option in range(1, OPTIONS + 1)}
        lines = []
        for number, token in enumerate(self.tokens):
            option = f"o{1 + number % OPTIONS}"
            totals[option] += 1
            lines.append(voter_line(Voter(token, "all", 1, (), Marks({CONTEST: {option: 1}}, {}))))
        write_durably(home / "voters.jsonl", "".join(lines).encode())
        write_durably(home / "token", self.device_token.encode())
        write_durably(home / "pin", (self._home(1) / "words").read_bytes())
        where = ("--api", self.url, "--ca", self._stack.ca)
        device = self._start(self._device, "device", "run", home, *where, "--voters", home / "voters.jsonl")
        if device.wait(PATIENCE) != 0:
            raise VotingError(self._said())
        self.expected = {CONTEST: totals}
        """What the totals are to be."""

    def count(self) -> None:
        """Voting is closed; the guardians open the totals, and the results are published."""
        self.close_voting()
        self._officer.start_run(list(self._guardians))
        self.until("published")

    def close_voting(self) -> None:
        """All the guardians have checked in."""
        self._officer.close_voting()
        self.until("waiting_for_guardians")
        members = list(self._guardians)
        self._wait(lambda: self._officer.run().get("checked_in") == members, "the guardians check in")

    def lose(self, guardian: int) -> None:
        """The guardian's program is gone, and does not come back."""
        lost = self._running[f"guardian-{guardian}"]
        lost.kill()
        lost.wait()

    def record(self) -> Path:
        """The published record, downloaded through nginx."""
        record = self._folder / "record"
        bring_record(self.service, record)
        return record

    def close(self) -> None:
        """End everybody's programs."""
        for process in self._running.values():
            process.kill()
            process.wait()
        self.service.close()

    # ---- people's programs

    def _home(self, guardian: int) -> Path:
        return self._folder / f"guardian-{guardian}"

    def _passphrase(self, guardian: int) -> tuple[str, Path]:
        file = self._folder / f"passphrase-{guardian}"
        if not file.exists():
            write_durably(file, f"a long passphrase of guardian {guardian}".encode())
        return "--passphrase-file", file

    def _join(self, guardian: int) -> subprocess.Popen[bytes]:
        invited = self.service.post("/invitations", {"guardian": guardian}).json()
        file = self._folder / f"invitation-{guardian}"
        write_durably(file, f"{self.url}#{invited['invitation']}\n".encode())
        invitation = ("--invitation", file, "--ca", self._stack.ca)
        home = self._home(guardian)
        return self._start(
            f"joining-{guardian}", "guardian", "join", home, *invitation, *self._passphrase(guardian)
        )

    def _start(self, name: str, *arguments: str | Path) -> subprocess.Popen[bytes]:
        with self._log(name).open("ab") as log:
            command = [*self._stack.program, *arguments]
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._running[name] = process
        return process

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    # ---- waiting

    def until(self, state: str) -> None:
        self._wait(lambda: self._officer.election()["state"] == state, f"the election is {state}")

    def _wait(self, met: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not met():
            if time.monotonic() > deadline:
                raise VotingError(f"It does not happen that {what}; {self._officer.progress()}\n{self._said()}")
            time.sleep(0.1)

    def _said(self) -> str:
        return "\n".join(f"{name}: {self._log(name).read_text()[-1500:]}" for name in self._running)


def _hashed(token: bytes) -> str:
    return hashlib.sha256(token).hexdigest()
