"""The participant's side of HTTP over a local socket: bounded answers, patience while the service restarts.

Every request of the protocol may be sent twice (the service answers the same bytes with the same answer), so a
request whose answer was lost is sent again, with a growing pause, for as long as it takes.
"""

import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

log = logging.getLogger(__name__)

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0
ANSWER_SECONDS = 60.0
"""A request unanswered for so long is sent again."""

LARGEST_ANSWER = 64 << 20
"""Bytes of one answer that are taken into memory; files are streamed instead."""

PARTIAL = 206

Pause = Callable[[float], None]
"""How to wait some seconds; the launcher looks after its processes meanwhile."""


class Refused(Exception):  # noqa: N818 - reads as what happened
    """The service refuses a request, for good: `status` of HTTP and its sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class AnswerError(Exception):
    """The service answered what no service of ours answers; it is not to be trusted with more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer that is not a refusal."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The body as JSON; AnswerError where it is not."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise AnswerError("The service's answer is not JSON.") from None


class Service:
    """The service behind `socket`, asked as the bearer of `token` (the public's part only where it is None)."""

    def __init__(self, socket: Path, token: str | None = None, pause: Pause = time.sleep) -> None:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._client = httpx.Client(
            transport=httpx.HTTPTransport(uds=str(socket)),
            base_url="http://amarvote",
            headers=headers,
            timeout=ANSWER_SECONDS,
            trust_env=False,
        )
        self._pause = pause

    def close(self) -> None:
        """Give the connection back."""
        self._client.close()

    def get(self, path: str, **parameters: str | int) -> Answer:
        """GET; raises Refused, waits out a restart."""
        return self._ask("GET", path, parameters, None)

    def put(self, path: str, body: bytes, **parameters: str | int) -> Answer:
        """PUT these bytes."""
        return self._ask("PUT", path, parameters, body)

    def post(self, path: str, content: object = None) -> Answer:
        """POST a JSON value, or nothing."""
        body = b"" if content is None else json.dumps(content).encode()
        return self._ask("POST", path, {}, body)

    def download(self, path: str, size: int, tag: str, have: int = 0) -> Iterator[bytes]:
        """The bytes from `have` on, in pieces, of a published file of `size` bytes, which its entity `tag` names.

        AnswerError where it has more or fewer. A broken connection raises httpx.TransportError: go on from there.
        """
        if have == size:
            return
        headers = {"Range": f"bytes={have}-", "If-Range": f'"{tag}"'} if have else {}
        with self._client.stream("GET", path, headers=headers) as response:
            if response.status_code >= 500:
                raise httpx.ReadError(f"the service answered {response.status_code}")
            if response.status_code >= 300:
                raise Refused(response.status_code, f"The service does not give out {path}.")
            left = size - have
            skip = 0 if response.status_code == PARTIAL else have  # who knows no ranges begins at the start
            for received in response.iter_bytes(1 << 16):
                piece = received[skip:]
                skip -= len(received) - len(piece)
                left -= len(piece)
                if left < 0:
                    raise AnswerError(f"{path} is longer than the {size} bytes that the service announced.")
                yield piece
        if left:
            raise AnswerError(f"{path} is shorter than the {size} bytes that the service announced.")

    def wait(self, seconds: float) -> None:
        """Wait as this participant waits."""
        self._pause(seconds)

    def _ask(self, method: str, path: str, parameters: dict[str, str | int], body: bytes | None) -> Answer:
        pause = FIRST_PAUSE
        while True:
            try:
                answer = self._send(method, path, parameters, body)
            except (httpx.TransportError, httpx.DecodingError) as problem:
                answer = None
                log.info("%s %s is asked again: %r", method, path, problem)
            if answer is not None and answer.status < 500:
                if answer.status >= 300:
                    raise Refused(answer.status, _sentence(answer))
                return answer
            if answer is not None:
                log.warning("%s %s is asked again: the service answered %d", method, path, answer.status)
            self._pause(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _send(self, method: str, path: str, parameters: dict[str, str | int], body: bytes | None) -> Answer:
        with self._client.stream(method, path, params=parameters, content=body) as response:
            pieces: list[bytes] = []
            size = 0
            for piece in response.iter_bytes():
                size += len(piece)
                if size > LARGEST_ANSWER:
                    raise AnswerError(f"The answer to {path} is larger than {LARGEST_ANSWER} bytes.")
                pieces.append(piece)
            return Answer(response.status_code, b"".join(pieces))


def _sentence(answer: Answer) -> str:
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError):
        content = None
    if isinstance(content, dict):
        for name in ("detail", "message", "sentence"):
            if isinstance(content.get(name), str):
                return str(content[name])[:2000]
    return f"The service refused with status {answer.status}."
