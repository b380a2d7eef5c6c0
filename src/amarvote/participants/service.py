"""The participant's side of HTTP: bounded answers, patience while the service restarts, whatever lies between.

Every request of the protocol may be sent twice (the service answers the same bytes with the same answer), so a
request whose answer was lost is sent again, with a growing pause, for as long as whoever waits has patience.
"""

import json
import logging
import math
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from amarvote.participants import address as addresses
from amarvote.participants.connection import UntrustedError, close_if_left, connection_to, not_trusted

log = logging.getLogger(__name__)

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 0.25
LONGEST_PAUSE_AFAR = 5.0
"""Seconds between two tries grow up to this: on one machine, and over a network."""

LONGEST_BIDDEN = 120.0
"""Of the seconds that the service asks to be left alone, so many are waited out at once."""

ANSWER_SECONDS = 60.0
"""A request unanswered for so long is sent again."""

LARGEST_ANSWER = 64 << 20
"""Bytes of one answer that are taken into memory; files are streamed instead."""

PIECE = 1 << 16
"""Bytes of a file that are taken at once."""

PARTIAL, TOO_MANY, UNAVAILABLE = 206, 429, 503

_TYPES = {"POST": {"Content-Type": "application/json"}, "PUT": {"Content-Type": "application/octet-stream"}}

Pause = Callable[[float], None]
"""How to wait some seconds; the launcher looks after its processes meanwhile. May raise, to wait no longer."""


class Refused(Exception):  # noqa: N818 - reads as what happened
    """The service refuses a request, for good: `status` of HTTP and its sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class AnswerError(Exception):
    """The service answered what no service of ours answers; it is not to be trusted with more."""


class Unanswered(Exception):  # noqa: N818 - reads as what happened
    """The connection broke before an answer was there wholly; the request may be sent again."""


FINAL = (Refused, AnswerError, UntrustedError, addresses.AddressError)
"""After one of these it would be of no use to ask again."""


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
    """The service or election at `address`, asked as the bearer of `token` (what is public, where it is None).

    Paths are below the address. An https service proves itself by a certificate that the file `ca` vouches for, or
    the system's trust store; UntrustedError where it cannot, AddressError where `address` is none. What is not
    answered within `patience` seconds raises Unanswered.
    """

    def __init__(
        self,
        address: str,
        token: str | None = None,
        pause: Pause = time.sleep,
        ca: Path | None = None,
        patience: float = math.inf,
    ) -> None:
        self._address = addresses.parse(address)
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._connection = connection_to(self._address, ca, ANSWER_SECONDS)
        self._pause = pause
        self._patience = patience
        self.afar = self._address.secure
        """Over a network, where asking often costs others something."""
        self._longest_pause = LONGEST_PAUSE_AFAR if self.afar else LONGEST_PAUSE
        self.trouble: str | None = None
        """Why the request under way was not answered when it was sent last."""

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def get(self, path: str, **parameters: str | int) -> Answer:
        """GET; raises Refused, waits out a restart."""
        return self._ask("GET", _with(path, parameters))

    def put(self, path: str, body: bytes, **parameters: str | int) -> Answer:
        """PUT these bytes."""
        return self._ask("PUT", _with(path, parameters), body)

    def put_ahead(self, path: str, body: bytes) -> Callable[[], Answer]:
        """PUT these bytes; what it returns waits for the answer. Nothing else may be asked before."""
        target = _with(path, {})
        try:
            self._send("PUT", target, body)
        except Unanswered:
            return partial(self._ask, "PUT", target, body)
        return partial(self._ask, "PUT", target, body, sent=True)

    def post(self, path: str, content: object = None) -> Answer:
        """POST a JSON value, or nothing."""
        body = b"" if content is None else json.dumps(content).encode()
        return self._ask("POST", _with(path, {}), body)

    def download(self, path: str, size: int, tag: str, have: int = 0) -> Iterator[bytes]:
        """The bytes from `have` on, in pieces, of a published file of `size` bytes, which its entity `tag` names.

        AnswerError where it has more or fewer. A broken connection raises Unanswered: go on from there.
        """
        if have == size:
            return
        self._send(
            "GET", _with(path, {}), None, {"Range": f"bytes={have}-", "If-Range": f'"{tag}"'} if have else {}
        )
        with self._exchange():
            response = self._connection.getresponse()
            if _passes(response.status):
                self._pause(_bidden(response))
                raise Unanswered(_said(response.status))
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
                if piece:
                    yield piece
            _require_whole(response)
            if left:
                raise AnswerError(f"{path} is shorter than the {size} bytes that the service announced.")

    def wait(self, seconds: float) -> None:
        """Wait as this participant waits."""
        self._pause(seconds)

    def _ask(self, method: str, target: str, body: bytes | None = None, *, sent: bool = False) -> Answer:
        """Until it is answered; `sent` where the request is under way already."""
        pause, until = FIRST_PAUSE, time.monotonic() + self._patience
        while True:
            bidden = 0.0
            try:
                if not sent:
                    self._send(method, target, body)
                answer, bidden = self._receive(target)
            except Unanswered as problem:
                self.trouble = str(problem)
            else:
                if answer.status < 300:
                    self.trouble = None
                    return answer
                if not _passes(answer.status):
                    raise Refused(answer.status, _sentence(answer))
                self.trouble = _said(answer.status)
            log.info("%s %s is asked again: %s", method, target, self.trouble)
            sent = False
            pause = max(pause, bidden)
            if time.monotonic() + pause > until:
                raise Unanswered(f"{self._address.host} does not answer: {self.trouble}. Try again later.")
            self._pause(pause)
            pause = min(2 * pause, self._longest_pause)

    def _send(
        self, method: str, target: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> None:
        with self._exchange():
            close_if_left(self._connection)
            self._connection.request(
                method,
                self._address.path + target,
                body,
                {**_TYPES.get(method, {}), **self._headers, **(headers or {})},
            )

    def _receive(self, target: str) -> tuple[Answer, float]:
        """The answer, and how many seconds the service asks to be left alone."""
        with self._exchange():
            response = self._connection.getresponse()
            body = response.read(LARGEST_ANSWER + 1)
            if len(body) > LARGEST_ANSWER:
                raise AnswerError(f"The answer to {target} is larger than {LARGEST_ANSWER} bytes.")
            _require_whole(response)
            return Answer(response.status, body), _bidden(response)

    @contextmanager
    def _exchange(self) -> Iterator[None]:
        """Half a request, or its answer: where it comes to no good end, the connection is closed."""
        good = False
        try:
            yield
            good = True
        except ssl.SSLCertVerificationError as problem:
            raise not_trusted(self._address.host, problem) from None
        except (OSError, HTTPException) as problem:
            raise Unanswered(_reason(problem)) from None
        finally:
            if not good:
                self._connection.close()


def _with(path: str, parameters: dict[str, str | int]) -> str:
    target = quote(path, safe="/?=&")
    return f"{target}?{urlencode(parameters)}" if parameters else target


def _passes(status: int) -> bool:
    """Asked again, it may be answered otherwise."""
    return status >= 500 or status == TOO_MANY


def _said(status: int) -> str:
    meaning = {TOO_MANY: ": it was asked too often", UNAVAILABLE: ": it cannot answer at this moment"}
    return f"the service answered {status}{meaning.get(status, '')}"


def _bidden(response: HTTPResponse) -> float:
    """Seconds of a Retry-After where the status makes it one; 0 otherwise."""
    if response.status not in (TOO_MANY, UNAVAILABLE):
        return 0.0
    said = response.headers.get("Retry-After", "")
    return min(float(said), LONGEST_BIDDEN) if said.isascii() and said.isdecimal() and len(said) < 9 else 0.0


def _reason(problem: Exception) -> str:
    """Why there was no answer, in words where the system has some."""
    if isinstance(problem, TimeoutError):
        return "no answer came in time"
    if isinstance(problem, ssl.SSLError):
        return f"TLS failed ({problem.reason or 'cut off'})"
    if isinstance(problem, OSError) and problem.strerror:
        return problem.strerror
    return repr(problem)


def _require_whole(response: HTTPResponse) -> None:
    """Reading with a bound ends where the connection breaks, without an error."""
    if response.length:
        raise Unanswered(f"{response.length} bytes are missing")


def _sentence(answer: Answer) -> str:
    """The `detail` of a problem (RFC 9457)."""
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError):
        content = None
    if isinstance(content, dict) and isinstance(content.get("detail"), str):
        return str(content["detail"])[:2000]
    return f"The service refused with status {answer.status}."
