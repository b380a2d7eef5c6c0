"""The service's mail in memory, which a test may turn hostile: it can alter, withhold or repeat what it relays."""

import base64
import json
import threading
from collections.abc import Callable
from typing import Any

from amarvote.participants.service import Answer, Refused

ROUNDS = {"ceremony": ("commit", "key", "share", "confirm")}
RUN_ROUNDS = ("share", "reveal", "respond")

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

    def complete(self, conversation: str, name: str) -> bool:
        return not self.missing(conversation, name)

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
        _, _, conversation, name = path.split("/")
        with office.lock:
            complete = office.complete(conversation, name)
            missing = sorted(office.missing(conversation, name))
            mail = office.mail.items() if complete else ()
            messages = [
                {
                    "sender": key[4],
                    "to": key[3],
                    "part": key[2],
                    "payload": base64.b64encode(office.tamper(key[4], name, key[2], self.index, payload)).decode(),
                }
                for key, payload in mail
                if key[:2] == (conversation, name) and key[3] in (0, self.index)
            ]
        return _json({"complete": complete, "missing": missing, "messages": messages})

    def put(self, path: str, body: bytes, **parameters: Any) -> Answer:
        _, _, conversation, name, part = path.split("/")
        office, key = self.office, (conversation, name, int(part), int(parameters["to"]), self.index)
        with office.lock:
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
