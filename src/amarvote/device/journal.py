"""What a device must not forget: the ballot that it is submitting, and challenged ballots that it has yet to open.

A ballot is on disk before it is submitted, so that a device that was killed submits the very same bytes again.
Only the last one is kept: the next is written once the service has stored it. No nonce of a ballot that may be
cast is ever written.
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from amarvote.device.errors import DeviceError
from amarvote.participants.files import HomeError, erase, private_folder, read_bounded, write_durably

LARGEST_SUBMISSION = 64 << 20
_HEAD = struct.Struct(">Q32s32s")
"""Number of the act, id_B, confirmation code."""


@dataclass(frozen=True, slots=True)
class Submission:
    """The `number`-th ballot of this device as it is submitted, byte for byte."""

    number: int
    id_b: bytes
    confirmation_code: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Unopened:
    """A challenged ballot that its voter shall see opened: its item of the record, and its nonce."""

    number: int
    id_b: bytes
    confirmation_code: bytes
    nonce: bytes
    item: bytes


class Journal:
    """The journal in a device's home."""

    def __init__(self, home: Path) -> None:
        self._last = home / "last-ballot"
        self._unopened = private_folder(home / "unopened")
        self._openings = private_folder(home / "openings")

    def last(self) -> Submission | None:
        """The ballot that was submitted last, or was about to be; None before the first."""
        if not self._last.exists():
            return None
        data = read_bounded(self._last, LARGEST_SUBMISSION)
        try:
            number, id_b, code = _HEAD.unpack_from(data)
        except struct.error:
            raise DeviceError(f"{self._last} is damaged. Start a new device with a new chain.") from None
        return Submission(number, id_b, code, data[_HEAD.size :])

    def write(self, submission: Submission, unopened: Unopened | None) -> None:
        """Put a ballot on disk; `unopened` comes along where it is challenged."""
        if unopened is not None:
            content = {
                "id_b": unopened.id_b.hex(),
                "code": unopened.confirmation_code.hex(),
                "nonce": unopened.nonce.hex(),
                "item": unopened.item.hex(),
            }
            write_durably(self._unopened / f"{unopened.number:08}", json.dumps(content).encode())
        head = _HEAD.pack(submission.number, submission.id_b, submission.confirmation_code)
        write_durably(self._last, head + submission.body)

    def unopened(self) -> Iterator[Unopened]:
        """Challenged ballots that were submitted and not opened yet, in order."""
        last = self.last()
        for path in sorted(self._unopened.glob("[0-9]" * 8)):
            number = int(path.name)
            if last is None or number > last.number:
                erase(path)  # killed before it could be submitted: nobody has seen this ballot
                continue
            try:
                content = json.loads(read_bounded(path, 2 * LARGEST_SUBMISSION + 1024))
                fields = [bytes.fromhex(content[name]) for name in ("id_b", "code", "nonce", "item")]
            except (HomeError, ValueError, KeyError, TypeError):
                raise DeviceError(f"{path} is damaged; its challenged ballot cannot be opened here.") from None
            yield Unopened(number, *fields)

    def opened(self, ballot: Unopened, opening: bytes) -> None:
        """Give the voter the opening, and forget the nonce."""
        write_durably(self._openings / f"{ballot.confirmation_code.hex()}.json", opening)
        self.forget(ballot)

    def forget(self, ballot: Unopened) -> None:
        """Forget the nonce of a ballot that the service did not take."""
        erase(self._unopened / f"{ballot.number:08}")
