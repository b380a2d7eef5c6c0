"""The first root under an H_E that a guardian checked in for: it answers for no other, ever (rule 16).

Two tallies of one election that differ by a single ballot would, both opened, open that ballot.
"""

import json
from pathlib import Path

from amarvote.guardian.errors import GuardianError, RefusedRun
from amarvote.participants.files import read_bounded, write_durably

LARGEST_FILE = 1 << 20


class PinnedRoots:
    """The file `roots.json` in a guardian's home: aggregated root by H_E, both in hex."""

    def __init__(self, home: Path) -> None:
        self._file = home / "roots.json"

    def pin(self, h_e: bytes, root: bytes) -> None:
        """Answer for `root` from now on; RefusedRun where it was another one before."""
        pinned = self._read()
        first = pinned.get(h_e.hex())
        if first is None:
            pinned[h_e.hex()] = root.hex()
            write_durably(self._file, json.dumps(pinned, indent=1).encode())
        elif first != root.hex():
            raise RefusedRun(
                f"This guardian checked in for the aggregated root {first} and is now asked for {root.hex()}. "
                "It opens one tally of an election and no second one. Find out who changed the record."
            )

    def _read(self) -> dict[str, str]:
        if not self._file.exists():
            return {}
        try:
            pinned = json.loads(read_bounded(self._file, LARGEST_FILE))
        except ValueError:
            pinned = None
        if not isinstance(pinned, dict):
            raise GuardianError(f"{self._file} is damaged. Restore it from your own copy; do not delete it.")
        return pinned
