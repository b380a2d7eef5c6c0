"""A device's day: resumes what it was doing, serves its voters one after the other, closes its chain."""

import base64
import logging
from collections.abc import Callable, Iterable

from amarvote.device.election import Station
from amarvote.device.encrypting import Decide, decide, encrypt
from amarvote.device.errors import DeviceError
from amarvote.device.journal import Journal, Submission
from amarvote.device.opening import opening_for_voter
from amarvote.device.voters import Act
from amarvote.electionguard.confirmation import (
    NO_CHAINING,
    SIMPLE_CHAINING,
    chained_field,
    initial_hash,
    unchained_field,
)
from amarvote.electionguard.context import Context
from amarvote.electionguard.engine import Engine
from amarvote.participants.service import Answer, Refused, Service

log = logging.getLogger(__name__)

LOOK_AGAIN = 0.1
LONGEST_LOOK = 1.0
"""Seconds between two questions whether challenged ballots have been recorded."""


class Session:
    """One device, its journal and its service."""

    def __init__(
        self,
        service: Service,
        context: Context,
        engine: Engine,
        station: Station,
        journal: Journal,
        decision: Decide,
    ) -> None:
        self._service = service
        self._context = context
        self._engine = engine
        self._station = station
        self._journal = journal
        self._decision = decision
        self._last_code: bytes | None = None
        self._under_way: tuple[Submission, Callable[[], Answer]] | None = None

    def run(self, acts: Iterable[Act]) -> None:
        """Make and submit every ballot of `acts` that was not yet, open challenged ones, close the chain.

        While the service stores a ballot, the next is encrypted; nobody sees the next one's code, and the journal
        does not hold it, before the service has answered. Raises DeviceError where the service refuses a ballot:
        the device's chain ends there.
        """
        served = self._resume()
        for act in acts:
            if act.number <= served:
                continue
            if act.again:
                self._open_all()
            undecided = encrypt(self._context, self._engine, act, self._chaining_field())
            self._settle()
            submission, unopened = decide(undecided, act, self._decision)
            self._journal.write(submission, unopened)
            self._submit(submission)
        self._open_all()
        self._service.post(f"/devices/{self._station.name}/close")
        log.info("device %s has closed", self._station.name)

    def _resume(self) -> int:
        """Submit the last ballot again, which the service may or may not have stored; the number of its act."""
        last = self._journal.last()
        if last is None:
            return 0
        self._submit(last)
        return last.number

    def _chaining_field(self) -> bytes:
        """B_C (73) or B_C,j (76): chained to the last code, whose ballot the service may be about to store."""
        if self._context.manifest.chaining_mode == NO_CHAINING:
            return unchained_field(self._station.h_di)
        if self._context.manifest.chaining_mode != SIMPLE_CHAINING:
            raise DeviceError(f"This device does not know chaining mode {self._context.manifest.chaining_mode}.")
        return chained_field(self._last_code or initial_hash(self._context.h_e, self._station.h_di))

    def _submit(self, submission: Submission) -> None:
        """Send a ballot off, without waiting for the answer."""
        self._under_way = submission, self._service.put_ahead("/ballots", submission.body)
        self._last_code = submission.confirmation_code

    def _settle(self) -> None:
        """Wait until the ballot under way is stored; before that nothing else may be asked."""
        if self._under_way is None:
            return
        (submission, answer), self._under_way = self._under_way, None
        try:
            receipt = answer().json()
        except Refused as refusal:
            raise DeviceError(f"The service refuses ballot {submission.id_b.hex()}: {refusal}") from None
        code = base64.b64encode(submission.confirmation_code).decode()
        if not isinstance(receipt, dict) or receipt.get("confirmation_code") != code:
            raise DeviceError(f"The service stored another code than {submission.confirmation_code.hex()}.")

    def _open_all(self) -> None:
        """Wait until every challenged ballot is recorded, which lets its voter make another, and open it."""
        self._settle()
        pause = LOOK_AGAIN
        while self._open_recorded():
            self._service.wait(pause)
            pause = min(1.5 * pause, LONGEST_LOOK)

    def _open_recorded(self) -> int:
        """Open for their voters the ballots that are recorded as challenged; how many are still to open."""
        left = 0
        for ballot in list(self._journal.unopened()):
            answer = self._service.get(f"/ballots/{ballot.id_b.hex()}").json()
            state = answer.get("state") if isinstance(answer, dict) else None
            if state == "accepted":
                self._journal.opened(ballot, opening_for_voter(self._context, self._engine, ballot))
            elif state == "rejected":
                log.warning("challenged ballot %s was rejected: %s", ballot.id_b.hex(), answer.get("findings"))
                self._journal.forget(ballot)
            else:
                left += 1
        return left
