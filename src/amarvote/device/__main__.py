"""`python -m amarvote.device --home DIR --api URL [--ca FILE] --voters FILE`: one device, until all have voted.

The home holds what its officials gave it: `token` (its bearer token) and `pin` (H_E in hex, as the guardians
confirmed it). Who votes and how stands in FILE; a voter sees the code in the home's `screen` before deciding.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from amarvote.device.election import learn_context, learn_station, read_pin
from amarvote.device.errors import DeviceError
from amarvote.device.journal import Journal
from amarvote.device.session import Session
from amarvote.device.voters import Act, VotersError, acts
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.errors import ElectionGuardError
from amarvote.observability import logs
from amarvote.participants.files import HomeError, alone_in, private_folder, read_bounded
from amarvote.participants.service import FINAL, Service

WINDOW_BITS = 10
"""Tables of 14 MiB for each of g, K, K̂."""

REASONS_TO_STOP = (DeviceError, VotersError, HomeError, ElectionGuardError, *FINAL)

REFUSED = 3
"""Exit code: it would be of no use to start this device again."""


class Voters:
    """The people at the device: `current` is the one who stands before it and takes the decision."""

    def __init__(self, file: Path, screen: Path) -> None:
        self._file = file
        self._screen = screen
        self._challenges = False

    def come(self) -> Iterator[Act]:
        """One after the other."""
        for act in acts(self._file):
            self._challenges = act.challenged
            yield act

    def decide(self, code: bytes) -> bool:
        """The code is on the screen before the voter decides."""
        self._screen.write_text(code.hex() + "\n")
        return self._challenges


def main() -> int:
    """Serve all voters; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m amarvote.device")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--api", required=True)
    parser.add_argument("--ca", type=Path, help="the service's certificate authority; the system's by default")
    parser.add_argument("--voters", type=Path, required=True)
    options = parser.parse_args()
    logs.set_up()
    home = private_folder(options.home)
    with alone_in(home):
        try:
            token = read_bounded(home / "token", 1024).decode().strip()
            service = Service(options.api, token, ca=options.ca)
            context = learn_context(service, read_pin(home / "pin"))
            station = learn_station(service, context)
            engine = Engine(WINDOW_BITS)
            engine.prepare(context.joint_key, context.joint_data_key)
            voters = Voters(options.voters, home / "screen")
            Session(service, context, engine, station, Journal(home), voters.decide).run(voters.come())
        except REASONS_TO_STOP as problem:
            sys.stderr.write(f"{problem}\n")
            return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
