"""What the signer does: asks for the head of the board, holds it against what it signed last, signs, hands it in.

A checkpoint is on the signer's disk before it leaves. So whatever happens to the service or to this process, all
that was ever signed of an election is one history.
"""

import base64
import binascii
import logging
from dataclasses import dataclass
from typing import Any, Protocol

from amarvote.board.checkpoints import Checkpoint, sign_checkpoint
from amarvote.board.tree import ProofError, verify_consistency
from amarvote.participants.service import Answer
from amarvote.signer.home import Home, SignerError

log = logging.getLogger(__name__)

PAUSE_SECONDS = 1.0


class Asked(Protocol):
    """The service, as the signer asks it."""

    def get(self, path: str, **parameters: str | int) -> Answer:
        """An answer that is no refusal."""

    def put(self, path: str, body: bytes, **parameters: str | int) -> Answer:
        """The same."""

    def wait(self, seconds: float) -> None:
        """Wait some seconds."""


@dataclass(frozen=True, slots=True)
class Head:
    """The board as it stands, not signed yet. `signed` codes are under a checkpoint that the service has;
    `final`: voting is over, nothing will be appended."""

    checkpoint: Checkpoint
    signed: int
    final: bool


def run(service: Asked, home: Home) -> None:
    """Sign until the board is final and signed; raises SignerError."""
    while not step(service, home):
        service.wait(PAUSE_SECONDS)
    log.info("the board is final and signed")


def step(service: Asked, home: Home) -> bool:
    """Sign the board as it stands, where it grew; true once it is final and all of it is signed."""
    head = read_head(service.get("/board/head").json())
    wanted = head.checkpoint
    last = home.last(wanted.election)
    if last is not None:
        _check(service, last[0], wanted)
    if wanted.size and (last is None or last[0].size < wanted.size):
        if last is not None and last[0].time > wanted.time:
            wanted = Checkpoint(wanted.election, wanted.size, wanted.root, last[0].time)  # a clock was set back
        note = sign_checkpoint(wanted, home.signer)
        home.keep(wanted, note)
        last = wanted, note
    if last is not None and head.signed < last[0].size:
        service.put("/board/checkpoint", last[1].encode())
        log.info("signed: %d codes", last[0].size)
    return head.final


def _check(service: Asked, last: Checkpoint, wanted: Checkpoint) -> None:
    """SignerError unless `wanted` continues what was signed last."""
    if wanted.size < last.size:
        raise SignerError(
            f"The board shows {wanted.size} codes, and {last.size} were signed: codes were taken away, perhaps by "
            "a database restored from an older backup. Nothing is signed before that is cleared up."
        )
    try:
        path = _path(service, last.size, wanted.size)
        verify_consistency(last.size, last.root, wanted.size, wanted.root, path)
    except ProofError as problem:
        raise SignerError(f"{problem} Nothing is signed before that is cleared up.") from None


def _path(service: Asked, first: int, second: int) -> list[bytes]:
    if first == second:
        return []
    answer = service.get("/board/consistency", first=first, second=second).json()
    try:
        return [base64.b64decode(one, validate=True) for one in answer["path"]]
    except (KeyError, TypeError, binascii.Error, ValueError):
        raise SignerError("The service's consistency proof is none.") from None


def read_head(answer: Any) -> Head:
    """The head out of the service's answer; SignerError where it is none."""
    try:
        root = base64.b64decode(answer["root"], validate=True)
        size, time, signed = (answer[name] for name in ("size", "time", "signed"))
        election, final = answer["election"], answer["final"]
    except (KeyError, TypeError, binascii.Error, ValueError):
        raise SignerError("The service's head of the board is none.") from None
    numbers = all(type(number) is int and 0 <= number < 1 << 53 for number in (size, time, signed))
    if not numbers or not isinstance(election, str) or len(root) != 32 or not isinstance(final, bool):
        raise SignerError("The service's head of the board is none.")
    return Head(Checkpoint(election, size, root, time), signed, final)
