"""The homes of guardians and devices: what each is given on its way, and nothing of the others'."""

import json
import secrets
from pathlib import Path
from typing import Any

from amarvote.guardian.confirmation import read_words
from amarvote.launch.electorate import VOTERS, device_names
from amarvote.launch.errors import RunFailed
from amarvote.launch.options import Options
from amarvote.launch.supervisor import Program
from amarvote.participants import address
from amarvote.participants.files import private_folder, read_bounded, write_durably

DATABASE = "election.db"
SOCKET = "api.sock"
"""Relative to the run's folder, in which every process works."""

PASSPHRASE_BYTES = 24
LARGEST_TOKENS = 1 << 20
LARGEST_WORDS = 4096


class Roles:
    """Guardians and devices of the run in `folder`."""

    def __init__(self, folder: Path, options: Options) -> None:
        self._folder = folder
        self._options = options

    @property
    def tokens(self) -> Path:
        """The file with everybody's bearer tokens, which only the launcher reads."""
        return self._folder / "officer" / "tokens.json"

    def officer_token(self) -> str:
        """The officer's bearer token."""
        return str(self._tokens()["officer"])

    @property
    def election(self) -> str:
        """The election's address, for a process that works in the run's folder."""
        return _election(self.election_id())

    def election_id(self) -> str:
        """The election's identifier."""
        return str(self._tokens()["election"])

    def invite(self, index: int, election_id: str, invitation: str) -> None:
        """Put the invitation of guardian `index` into its home, where its agent finds it, and a passphrase."""
        home = self.guardian_home(index)
        if not (home / "passphrase").exists():
            write_durably(home / "passphrase", secrets.token_urlsafe(PASSPHRASE_BYTES).encode())
        write_durably(home / "invitation", f"{_election(election_id)}#{invitation}\n".encode())

    def hand_out(self, devices: dict[str, str]) -> None:
        """Give every device its token."""
        for name, token in devices.items():
            write_durably(self.device_home(name) / "token", token.encode())

    def compare_words(self) -> bool:
        """The guardians read their words to each other: once all have them, each types what it heard.

        False while somebody's are missing; RunFailed where they differ.
        """
        homes = [self.guardian_home(index) for index in range(1, self._options.guardians + 1)]
        if not all((home / "words").exists() for home in homes):
            return False
        heard = [read_bounded(home / "words", LARGEST_WORDS) for home in homes]
        if len(set(heard)) != 1:
            raise RunFailed("The guardians' words differ: they were shown different elections. Nobody confirms.")
        for home in homes:
            write_durably(home / "confirm", heard[0])
        return True

    def pin_devices(self) -> None:
        """Give every device the H_E that the guardians confirmed."""
        words = read_bounded(self.guardian_home(1) / "confirm", LARGEST_WORDS).decode()
        h_e = read_words(words)["H_E"]
        for name in device_names(self._options):
            write_durably(self.device_home(name) / "pin", h_e.hex().encode())

    def guardian_home(self, index: int) -> Path:
        """Where guardian `index` keeps its things."""
        return private_folder(self._folder / "guardians" / f"guardian-{index}")

    def device_home(self, name: str) -> Path:
        """Where a device keeps its things."""
        return private_folder(self._folder / "devices" / name)

    def api(self) -> Program:
        """The service's API."""
        return Program(
            "orchestrator", "amarvote.api.serve", ("--database", f"sqlite:///{DATABASE}", "--socket", SOCKET)
        )

    def guardian(self, index: int) -> Program:
        """The agent of guardian `index`."""
        return Program(f"guardian-{index}", "amarvote.guardian", (f"guardians/guardian-{index}",), ends=True)

    def device(self, name: str) -> Program:
        """The program of a device."""
        home = f"devices/{name}"
        arguments = ("--home", home, "--api", self.election, "--voters", f"{home}/{VOTERS}")
        return Program(name, "amarvote.device", arguments, ends=True)

    def in_ceremony(self) -> tuple[int, int]:
        """How many steps of the key ceremony the guardians have done, of how many: a key made, words shown."""
        homes = [self.guardian_home(index) for index in range(1, self._options.guardians + 1)]
        made = sum((home / "ceremony-key.json").exists() or (home / "key.json").exists() for home in homes)
        return made + sum((home / "words").exists() for home in homes), 2 * len(homes)

    def verified(self, index: int) -> tuple[int, int]:
        """How many chunks of the record guardian `index` has verified, of how many."""
        try:
            done, total = (self.guardian_home(index) / "verifying").read_text().split()
            return int(done), int(total)
        except (OSError, ValueError):
            return 0, 1

    def refusal(self, index: int, run: str) -> str | None:
        """Why guardian `index` gives no answer in this run; None where it does not say so."""
        file = self.guardian_home(index) / "refusal"
        if not file.exists():
            return None
        refused, _, why = read_bounded(file, LARGEST_WORDS).decode("utf-8", "replace").partition("\n")
        return why.strip() if refused == run else None

    def _tokens(self) -> dict[str, Any]:
        tokens: dict[str, Any] = json.loads(read_bounded(self.tokens, LARGEST_TOKENS))
        return tokens


def _election(election_id: str) -> str:
    return address.of_election(address.of_socket(SOCKET), election_id)
