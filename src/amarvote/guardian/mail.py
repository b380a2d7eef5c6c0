"""The guardians' mail: what goes round in a conversation, round by round, through the service."""

import base64
from dataclasses import dataclass
from typing import Any

from amarvote.guardian.errors import Alarm, GuardianError
from amarvote.guardian.telling import Teller
from amarvote.participants.service import AnswerError, Refused, Service

FIRST_LOOK = 0.05
LONGEST_LOOK = 0.4
LONGEST_LOOK_AFAR = 2.0
"""Seconds between two looks whether a round is complete: they grow, over a network further."""

LOOKS_PER_STATE = 10
"""So many looks at a round, then one at the election's state: a complaint ends the ceremony for all."""

EVERYBODY = 0
CONFLICT = 409


@dataclass(frozen=True, slots=True)
class Round:
    """A round as the service shows it."""

    complete: bool
    missing: tuple[int, ...]


class Conversation:
    """The ceremony, or one run."""

    def __init__(self, service: Service, name: str, teller: Teller) -> None:
        self._service = service
        self._name = name
        self._teller = teller
        self._complete: list[str] = []

    def send(self, round_name: str, payload: bytes, part: int = 0, to: int = EVERYBODY) -> None:
        """Send a message; the same one again changes nothing, another in its place is refused."""
        try:
            self._service.put(f"/mail/{self._name}/{round_name}/{part}", payload, to=to)
        except Refused as refusal:
            if refusal.status == CONFLICT and not all(self.look(name).complete for name in self._complete):
                raise Forgotten(self._complete[-1]) from None
            raise

    def look(self, round_name: str) -> Round:
        """The round as it stands."""
        answer = self._service.get(f"/mail/{self._name}/{round_name}").json()
        try:
            return Round(answer["complete"] is True, tuple(_number(guardian) for guardian in answer["missing"]))
        except (KeyError, TypeError):
            raise AnswerError(f"The service's answer about round {round_name} cannot be read.") from None

    def wait(self, round_name: str, own: int) -> None:
        """Until everybody has sent theirs of a round, as `own` has; GuardianError where that will not be."""
        pause, looks = FIRST_LOOK, 0
        longest = LONGEST_LOOK_AFAR if self._service.afar else LONGEST_LOOK
        told: tuple[int, ...] = ()
        while True:
            round_now = self.look(round_name)
            if round_now.complete:
                self._complete.append(round_name)
                return
            if own in round_now.missing:
                raise Forgotten(round_name)
            if round_now.missing != told:
                told = round_now.missing
                self._teller.say(f"Round “{round_name}”: waiting for {_guardians(told)}.")
            looks += 1
            if looks % LOOKS_PER_STATE == 0:
                self.require_open()
            self._service.wait(pause)
            pause = min(1.5 * pause, longest)

    def read(self, round_name: str, senders: set[int], part: int = 0) -> dict[int, bytes]:
        """The one payload of each of `senders` in a part of a complete round; Alarm where there are others."""
        found: dict[int, bytes] = {}
        after: int | None = 0
        while after is not None:
            messages, after = self._piece(round_name, part, after)
            for sender, payload in messages:
                if sender in found:
                    raise Alarm(f"Guardian {sender} appears twice in part {part} of {round_name}.")
                found[sender] = payload
            if not messages or not found.keys() <= senders:
                break
        if found.keys() != senders:
            raise Alarm(
                f"The service calls round {round_name} complete, but part {part} is from {sorted(found)} "
                f"instead of {sorted(senders)}."
            )
        return found

    def _piece(self, round_name: str, part: int, after: int) -> tuple[list[tuple[int, bytes]], int | None]:
        """Some messages of a part, from senders after `after`, and after whom the next ones follow."""
        try:
            answer = self._service.get(f"/mail/{self._name}/{round_name}/{part}", after=after).json()
        except Refused as refusal:
            if refusal.status == CONFLICT:
                raise Forgotten(round_name) from None
            raise
        try:
            following = None if answer["next"] is None else _number(answer["next"])
            return [_message(entry) for entry in answer["messages"]], following
        except (KeyError, TypeError, ValueError):
            raise AnswerError(f"The service's answer about round {round_name} cannot be read.") from None

    def require_open(self) -> None:
        """ConversationOver where the run has ended, GuardianError where the ceremony has failed."""
        if self._name != "ceremony":
            run = self._service.get("/run").json()
            if not isinstance(run, dict) or run.get("run") != self._name:
                raise ConversationOver(f"Run {self._name} has ended.")
            return
        election = self._service.get("").json()
        if isinstance(election, dict) and election.get("state") == "ceremony_failed":
            raise Alarm(f"The ceremony has failed: {election.get('note') or 'a guardian complained'}")


class Forgotten(GuardianError):  # noqa: N818 - reads as what happened
    """The service has lost what it had of a round: it was restored from a backup. What was sent is sent again."""

    def __init__(self, round_name: str) -> None:
        super().__init__(
            f"The service has lost what it had of round “{round_name}”; this agent sends its part again."
        )


class ConversationOver(GuardianError):  # noqa: N818 - reads as what happened
    """The run that an agent was answering in is over, complete or not."""


def _message(entry: dict[str, Any]) -> tuple[int, bytes]:
    return _number(entry["sender"]), base64.b64decode(entry["payload"], validate=True)


def _guardians(numbers: tuple[int, ...]) -> str:
    shown = ", ".join(map(str, numbers[:10])) + (", …" if len(numbers) > 10 else "")
    return f"guardian{'s' if len(numbers) != 1 else ''} {shown}"


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("not a number")
    return value
