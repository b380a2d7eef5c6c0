"""The participant's side of HTTP over a local socket: bounded answers, patience while the service restarts.

Every request of the protocol may be sent twice (the service answers the same bytes with the same answer), so a
request whose answer was lost is sent again, with a growing pause, for as long as it takes.
"""

import json
import logging
import select
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

log = logging.getLogger(__name__)

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 0.25
ANSWER_SECONDS = 60.0
"""A request unanswered for so long is sent again."""

LARGEST_ANSWER = 64 << 20
"""Bytes of one answer that are taken into memory; files are streamed instead."""

PIECE = 1 << 16
"""Bytes of a file that are taken at once."""

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


class Unanswered(Exception):  # noqa: N818 - reads as what happened
    """The connection broke before an answer was there wholly; the request may be sent again."""


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


class _Connection(HTTPConnection):
    """HTTP over a local socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("amarvote", timeout=ANSWER_SECONDS)
        self._path = path

    def connect(self) -> None:
        """Called before the first request, and after each `close`."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))

    def close_if_left(self) -> None:
        """The service closes what nobody used for a while, and all when it ends: start afresh then."""
        if self.sock is not None:
            poll = select.poll()
            poll.register(self.sock, select.POLLIN)
            if poll.poll(0):
                self.close()


class Service:
    """The service behind `socket`, asked as the bearer of `token` (the public's part only where it is None)."""

    def __init__(self, socket: Path, token: str | None = None, pause: Pause = time.sleep) -> None:
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._connection = _Connection(socket)
        self._pause = pause

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def get(self, path: str, **parameters: str | int) -> Answer:
        """GET; raises Refused, waits out a restart."""
        return self._ask("GET", f"{path}?{urlencode(parameters)}" if parameters else path)

    def put(self, path: str, body: bytes, **parameters: int) -> Answer:
        """PUT these bytes."""
        return self._ask("PUT", f"{path}?{urlencode(parameters)}" if parameters else path, body)

    def put_ahead(self, path: str, body: bytes) -> Callable[[], Answer]:
        """PUT these bytes; what it returns waits for the answer. Nothing else may be asked before."""
        try:
            self._send("PUT", path, body)
        except Unanswered:
            return partial(self._ask, "PUT", path, body)
        return partial(self._ask, "PUT", path, body, sent=True)

    def post(self, path: str, content: object = None) -> Answer:
        """POST a JSON value, or nothing."""
        body = b"" if content is None else json.dumps(content).encode()
        return self._ask("POST", path, body)

    def download(self, path: str, size: int, tag: str, have: int = 0) -> Iterator[bytes]:
        """The bytes from `have` on, in pieces, of a published file of `size` bytes, which its entity `tag` names.

        AnswerError where it has more or fewer. A broken connection raises Unanswered: go on from there.
        """
        if have == size:
            return
        ranged = {"Range": f"bytes={have}-", "If-Range": f'"{tag}"'} if have else {}
        self._send("GET", path, headers=ranged)
        with self._exchange():
            response = self._connection.getresponse()
            if response.status >= 500:
                raise Unanswered(f"the service answered {response.status}")
            if response.status >= 300:
                raise Refused(response.status, f"The service does not give out {path}.")
            left = size - have
            skip = 0 if response.status == PARTIAL else have  # who knows no ranges begins at the start
            while received := response.read(PIECE):
                piece = received[skip:]
                skip -= len(received) - len(piece)
                left -= len(piece)
                if left < 0:
                    raise AnswerError(f"{path} is longer than the {size} bytes that the service announced.")
                yield piece
            _require_whole(response)
        if left:
            raise AnswerError(f"{path} is shorter than the {size} bytes that the service announced.")

    def wait(self, seconds: float) -> None:
        """Wait as this participant waits."""
        self._pause(seconds)

    def _ask(self, method: str, path: str, body: bytes | None = None, *, sent: bool = False) -> Answer:
        """Until it is answered; `sent` where the request is under way already."""
        pause = FIRST_PAUSE
        while True:
            try:
                if not sent:
                    self._send(method, path, body)
                answer = self._receive(path)
            except Unanswered as problem:
                log.info("%s %s is asked again: %s", method, path, problem)
            else:
                if answer.status < 300:
                    return answer
                if answer.status < 500:
                    raise Refused(answer.status, _sentence(answer))
                log.warning("%s %s is asked again: the service answered %d", method, path, answer.status)
            sent = False
            self._pause(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        with self._exchange():
            self._connection.close_if_left()
            self._connection.request(method, quote(path, safe="/?=&%"), body, self._headers | dict(headers or {}))

    def _receive(self, path: str) -> Answer:
        with self._exchange():
            response = self._connection.getresponse()
            body = response.read(LARGEST_ANSWER + 1)
            if len(body) > LARGEST_ANSWER:
                raise AnswerError(f"The answer to {path} is larger than {LARGEST_ANSWER} bytes.")
            _require_whole(response)
            return Answer(response.status, body)

    @contextmanager
    def _exchange(self) -> Iterator[None]:
        """Half a request, or its answer: where it comes to no good end, the connection is closed."""
        good = False
        try:
            yield
            good = True
        except (OSError, HTTPException) as problem:
            raise Unanswered(repr(problem)) from None
        finally:
            if not good:
                self._connection.close()


def _require_whole(response: HTTPResponse) -> None:
    """Reading with a bound ends where the connection breaks, without an error."""
    if response.length:
        raise Unanswered(f"{response.length} bytes are missing")


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
