"""A guardian's agent from the first day to the last: ceremony, waiting, verifying, answering."""

import base64
import logging
import re
from pathlib import Path
from typing import Any

from amarvote.electionguard.engine import Engine
from amarvote.guardian.answering import Answering
from amarvote.guardian.ceremony import Ceremony
from amarvote.guardian.errors import Alarm, RefusedRun
from amarvote.guardian.key_files import GuardianKey, KeyFiles
from amarvote.guardian.mail import CONFLICT, Conversation, ConversationOver, Forgotten
from amarvote.guardian.roots import PinnedRoots
from amarvote.guardian.run_state import Part, Run, RunState
from amarvote.guardian.standing import meaning_of
from amarvote.guardian.telling import Teller
from amarvote.guardian.verifying import OwnCopy
from amarvote.participants.files import write_durably
from amarvote.participants.service import AnswerError, Refused, Service

log = logging.getLogger(__name__)

FIRST_LOOK = 0.1
LONGEST_LOOK = 0.4
LONGEST_LOOK_AT_COUNT = 0.2
"""Seconds between two looks at the election while there is nothing to do: they grow."""

AFAR = 10
"""Over a network they grow so many times as far."""

BEFORE_KEYS = ("ceremony", "setting_up")
COUNTED = ("waiting_for_guardians", "decrypting")
PUBLISHED, FAILED = "published", "ceremony_failed"
_RUN_ID = re.compile(r"[0-9a-f]{64}")


class Agent:
    """The agent of guardian `index`, whose files are in `home`."""

    def __init__(self, service: Service, index: int, home: Path, passphrase: bytes, teller: Teller) -> None:
        self._teller = teller
        self._service = service
        self._index = index
        self._home = home
        self._files = KeyFiles(home, passphrase)
        self._roots = PinnedRoots(home)
        self._slower = AFAR if service.afar else 1
        self._refused: set[str] = set()
        self._answered: set[str] = set()

    def work(self) -> None:
        """Everything until the election is published; GuardianError where this guardian cannot go on.

        Alarm where the ceremony has failed, or the service shows what it should not.
        """
        key = self._key()
        copy = OwnCopy(self._home, key.h_e, self._teller)
        state, pause = "", FIRST_LOOK
        while True:
            before, state = state, self._state(key)
            if state != before:
                self._teller.say(meaning_of(state))
            if state == PUBLISHED:
                return
            busy = state in COUNTED and self._serve(key, copy)
            longest = (LONGEST_LOOK_AT_COUNT if state in COUNTED else LONGEST_LOOK) * self._slower
            pause = FIRST_LOOK if busy or state != before else min(1.5 * pause, longest)
            self._service.wait(pause)

    def _key(self) -> GuardianKey:
        """The guardian's key, made in the ceremony where that is not over."""
        key = self._files.key()
        while key is None or self._election().get("state") == "ceremony":
            try:
                return Ceremony(self._service, self._index, self._home, self._files, self._teller).run()
            except Forgotten as forgotten:
                self._teller.say(str(forgotten))
                self._service.wait(FIRST_LOOK)
        return key

    def _state(self, key: GuardianKey) -> str:
        election = self._election()
        state = str(election.get("state"))
        if state == FAILED:
            raise Alarm(f"The ceremony has failed: {election.get('note') or 'a guardian complained'}")
        if state not in BEFORE_KEYS:
            shown = election.get("h_e")
            if shown != base64.b64encode(key.h_e).decode():
                raise Alarm(
                    f"The service shows another election than {key.h_e.hex()}, which this guardian confirmed."
                )
            self._files.forget_ceremony()
        return state

    def _serve(self, key: GuardianKey, copy: OwnCopy) -> bool:
        """Check in, or answer in the run under way; whether there was something to do."""
        answer = self._service.get("/run").json()
        run = _run_in(answer)
        if run is None:
            self._roots.pin(key.h_e, copy.root(self._service))
            here = answer.get("checked_in")
            if not isinstance(here, list) or self._index not in here:
                self._check_in()
            return False
        if run.id in self._refused or self._index not in run.members:
            return False
        if run.id in self._answered and not self._is_missing(run):
            return False
        try:
            self._answer(key, copy, run)
            self._answered.add(run.id)
        except ConversationOver as over:
            self._teller.say(str(over))
        except Forgotten as forgotten:
            self._teller.say(str(forgotten))
            return False
        except RefusedRun as refusal:
            self._teller.say(f"{refusal} The agent goes on with other runs.")
            write_durably(self._home / "refusal", f"{run.id}\n{refusal}\n".encode())
            self._refused.add(run.id)
        return True

    def _is_missing(self, run: Run) -> bool:
        """Has the service lost what this agent answered? One that was restored from a backup has."""
        try:
            return self._index in Conversation(self._service, run.id, self._teller).look("respond").missing
        except Refused as refusal:  # the run has come to its end
            log.info("%s", refusal)
            return False

    def _check_in(self) -> None:
        try:
            self._service.post("/run/checkin")
        except Refused as refusal:
            # The run may have come to its end since this agent asked for the state: it looks again.
            if refusal.status != CONFLICT:
                raise
            log.info("%s", refusal)

    def _answer(self, key: GuardianKey, copy: OwnCopy, run: Run) -> None:
        root = copy.root(self._service)
        if root != run.root:
            raise RefusedRun(
                f"Run {run.id} is for the aggregated root {run.root.hex()}, but the record that this guardian "
                f"verified has {root.hex()}."
            )
        self._roots.pin(key.h_e, root)
        record = copy.opened(self._service)
        state = RunState(self._home, self._index, key.state_key, run)
        mail = Conversation(self._service, run.id, self._teller)
        ciphertexts = record.tally, record.challenged
        Answering(record.context, Engine(), key.share, run, state, mail, *ciphertexts, self._teller).run()

    def _election(self) -> dict[str, Any]:
        election = self._service.get("").json()
        if not isinstance(election, dict):
            raise AnswerError("The service does not show an election.")
        return election


def _run_in(answer: Any) -> Run | None:
    """The run under way; None where there is none."""
    try:
        if answer["run"] is None:
            return None
        if not _RUN_ID.fullmatch(answer["run"]):
            raise AnswerError("The service announces a run whose id is none.")
        members = tuple(int(member) for member in answer["guardians"])
        parts = tuple(
            Part(int(part["part"]), str(part["kind"]), int(part["first"]), int(part["count"]))
            for part in answer["parts"]
        )
        return Run(str(answer["run"]), bytes.fromhex(answer["root"]), tuple(sorted(members)), parts)
    except (KeyError, TypeError, ValueError):
        raise AnswerError("The service's announcement of the run cannot be read.") from None
