"""One device at work: in its home, until all of its voters have voted.

The home holds what its officials gave it: `token` (its bearer token) and `pin` (H_E as the guardians confirmed it,
in their words or in hex). A voter sees the code in the home's `screen` before deciding.
"""

from collections.abc import Iterator
from pathlib import Path

from amarvote.device.election import learn_context, learn_station, read_pin
from amarvote.device.errors import DeviceError
from amarvote.device.journal import Journal
from amarvote.device.session import Session
from amarvote.device.voters import Act, VotersError, acts
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.errors import ElectionGuardError
from amarvote.participants.files import HomeError, alone_in, private_folder, read_bounded
from amarvote.participants.service import FINAL, Service

WINDOW_BITS = 10
"""Tables of 14 MiB for each of g, K, K̂."""

REASONS_TO_STOP = (DeviceError, VotersError, HomeError, ElectionGuardError, *FINAL)
"""It would be of no use to start this device again before somebody has mended what the sentence says."""


class Voters:
    """The people at the device, and the one before it who takes the decision."""

    def __init__(self, file: Path, screen: Path) -> None:
        self._file = file
        self._screen = screen
        self._challenges = False
        self.ballots = 0
        """How many there have been, cast and challenged."""

    def come(self) -> Iterator[Act]:
        """One after the other."""
        for act in acts(self._file):
            self._challenges = act.challenged
            yield act
            self.ballots = act.number

    def decide(self, code: bytes) -> bool:
        """The code is on the screen before the voter decides."""
        self._screen.write_text(code.hex() + "\n")
        return self._challenges


def serve(home: Path, address: str, ca: Path | None, voters_file: Path) -> int:
    """Serve all voters, and close the device; how many ballots. Raises one of REASONS_TO_STOP."""
    private_folder(home)
    with alone_in(home):
        token = read_bounded(home / "token", 1024).decode("utf-8", "replace").strip()
        service = Service(address, token, ca=ca)
        context = learn_context(service, read_pin(home / "pin"))
        station = learn_station(service, context)
        engine = Engine(WINDOW_BITS)
        engine.prepare(context.joint_key, context.joint_data_key)
        voters = Voters(voters_file, home / "screen")
        Session(service, context, engine, station, Journal(home), voters.decide).run(voters.come())
        return voters.ballots
