"""The board's signer beside a staged election, without HTTP between them."""

import json

from amarvote.elections import board_desk
from amarvote.elections.service import Service
from amarvote.participants.service import Answer


class Direct:
    """Asks the service's use cases as the API does, without HTTP."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.lost = 0

    def get(self, path: str, **numbers: int) -> Answer:
        use = {"/board/head": board_desk.head, "/board/consistency": board_desk.consistency}[path]
        return Answer(200, json.dumps(use(self.service, **numbers)).encode())

    def put(self, path: str, body: bytes, **numbers: int) -> Answer:
        assert path == "/board/checkpoint"
        if self.lost:
            self.lost -= 1
            raise ConnectionError
        board_desk.put_checkpoint(self.service, body)
        return Answer(204, b"")

    def wait(self, seconds: float) -> None:
        pass
