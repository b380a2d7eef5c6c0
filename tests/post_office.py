"""The service's mail in memory, which a test may turn hostile: it can alter, withhold or repeat what it relays."""

import base64
import json
import threading
from collections.abc import Callable
from typing import Any

from amarvote.participants.service import Answer, Refused

ROUNDS = {"ceremony": ("commit", "key", "share", "confirm")}
RUN_ROUNDS = ("share", "reveal", "respond")

PIECE = 2
"""Messages shown at once."""

Tamper = Callable[[int, str, int, int, bytes], bytes]
"""(sender, round, part, receiver, payload) -> what the receiver is shown."""


class PostOffice:
    """All conversations of one election of `n` guardians with quorum `k`."""

    def __init__(self, n: int, k: int, manifest: bytes) -> None:
        self.n, self.k, self.manifest = n, k, manifest
        self.run: dict[str, Any] = {"run": None}
        self.state = "ceremony"
        self.mail: dict[tuple[str, str, int, int, int], bytes] = {}
        self.tamper: Tamper = lambda sender, name, part, to, payload: payload
        self.lock = threading.Lock()
        self.puts = 0

    def expected(self, conversation: str, name: str) -> set[tuple[int, int, int]]:
        """(sender, part, recipient) of a round."""
        everybody = range(1, self.n + 1)
        if conversation != "ceremony":
            parts = [part for part in self.run["parts"] if part["kind"] == "tally" or name == "respond"]
            return {(member, part["part"], 0) for member in self.run["guardians"] for part in parts}
        if name == "share":
            return {(i, 0, j) for i in everybody for j in everybody if i != j}
        return {(i, 0, 0) for i in everybody}

    def missing(self, conversation: str, name: str) -> set[int]:
        sent = {(key[4], key[2], key[3]) for key in self.mail if key[:2] == (conversation, name)}
        return {sender for sender, _, _ in self.expected(conversation, name) - sent}


class Desk:
    """What guardian `index` sees of the post office: stands where `Service` stands."""

    afar = False

    def __init__(self, office: PostOffice, index: int) -> None:
        self.office, self.index = office, index
        self.patience = 400

    def get(self, path: str, **parameters: Any) -> Answer:
        office = self.office
        if path == "":
            return _json({"n": office.n, "k": office.k, "state": office.state})
        if path == "/manifest":
            return Answer(200, office.manifest)
        if path == "/run":
            return _json(office.run)
        _, _, conversation, name, *parts = path.split("/")
        with office.lock:
            missing = sorted(office.missing(conversation, name))
            if not parts:
                return _json({"complete": not missing, "missing": missing})
            if missing:
                raise Refused(409, "The round is not complete yet.")
            part = int(parts[0])
            shown = {
                key[4]: (key, payload)
                for key, payload in office.mail.items()
                if self._sees(key, conversation, name, part)
            }
            senders = sorted(sender for sender in shown if sender > parameters["after"])
            messages = [
                {
                    "sender": sender,
                    "to": shown[sender][0][3],
                    "payload": base64.b64encode(
                        office.tamper(sender, name, part, self.index, shown[sender][1])
                    ).decode(),
                }
                for sender in senders[:PIECE]
            ]
        return _json({"messages": messages, "next": senders[PIECE - 1] if len(senders) > PIECE else None})

    def _sees(self, key: tuple[str, str, int, int, int], conversation: str, name: str, part: int) -> bool:
        return key[:3] == (conversation, name, part) and key[3] in (0, self.index)

    def put(self, path: str, body: bytes, **parameters: Any) -> Answer:
        _, _, conversation, name, part = path.split("/")
        office, key = self.office, (conversation, name, int(part), int(parameters["to"]), self.index)
        earlier = RUN_ROUNDS[: RUN_ROUNDS.index(name)] if name in RUN_ROUNDS and conversation != "ceremony" else ()
        with office.lock:
            if any(office.missing(conversation, one) for one in earlier):
                raise Refused(409, "A round before it is not complete.")
            office.puts += 1
            if office.mail.setdefault(key, body) != body:
                raise Refused(409, "Another message stands there already.")
            if name == "complain":
                office.state = "ceremony_failed"
        return Answer(204, b"")

    def post(self, path: str, content: object = None) -> Answer:
        return Answer(204, b"")

    def wait(self, seconds: float) -> None:
        self.patience -= 1
        if self.patience < 0:
            raise TimeoutError("the test waits too long")
        threading.Event().wait(min(seconds, 0.005))


def _json(content: Any) -> Answer:
    return Answer(200, json.dumps(content).encode())
