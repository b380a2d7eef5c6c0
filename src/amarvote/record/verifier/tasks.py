"""What there is to do in a verification, cut into tasks of at most fifty items that can be done in any order."""

import json
from dataclasses import asdict, dataclass
from enum import Enum

CHUNK_ITEMS = 50
"""Items of a task, as everywhere in the pipeline."""


class Kind(Enum):
    """What a task reads."""

    SETUP = "setup"
    DEVICE = "device"
    REQUESTS = "contest data requests"
    TOTALS = "decrypted tally"
    OPENINGS = "challenged ballots"
    DATA_OPENINGS = "contest data"
    RELEASES = "nonce releases"


@dataclass(frozen=True, slots=True)
class Task:
    """Items `start`..`stop`-1 of section number `section` of the record, which has `size` items.

    The setup is one task over all its sections, whose numbers then say nothing. `ordinal` is the task's place
    in its plan. `phase` is how far the record is to be verified, 1 setup to 4 final.
    """

    ordinal: int
    kind: Kind
    phase: int
    section: int
    start: int
    stop: int
    size: int

    def to_bytes(self) -> bytes:
        """One JSON object."""
        return json.dumps({**asdict(self), "kind": self.kind.value}).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Task":
        """The task that `to_bytes` wrote."""
        values = json.loads(data)
        return cls(**{**values, "kind": Kind(values["kind"])})
