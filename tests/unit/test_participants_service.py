"""Against a real HTTP server on a UNIX socket that misbehaves as told."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from amarvote.participants import service as module
from amarvote.participants.address import of_election, of_socket
from amarvote.participants.service import AnswerError, Refused, Service, Unanswered
from servers.unix_http import QuietHandler, UnixServer


class Server(UnixServer):
    def __init__(self, path: str) -> None:
        super().__init__(path, Handler)
        self.script: list[tuple[int, bytes] | None] = []
        self.seen: list[tuple[str, str, bytes, str | None]] = []
        self.headers: list[tuple[str, str]] = []
        self.ranges: list[str] = []
        self.missing = 0
        self.leave = False
        self.left = threading.Event()

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self.left.set()


class Handler(QuietHandler):
    server: Server

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.command, self.path, body, self.headers.get("Authorization")))
        step = self.server.script.pop(0) if self.server.script else (200, b"{}")
        if step is None:
            self.close_connection = True  # as one that was killed
            return
        self.send_response(step[0])
        self.server.ranges += [asked] if (asked := self.headers.get("Range")) else []
        for name, value in self.server.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(step[1]) + self.server.missing))
        self.end_headers()
        self.wfile.write(step[1])
        self.close_connection = self.server.leave or self.server.missing > 0
        self.server.missing = 0

    do_GET = do_PUT = do_POST = answer  # noqa: N815 - names that the library asks for


@pytest.fixture
def server(tmp_path) -> Iterator[Server]:
    with Server(str(tmp_path / "socket")) as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def service(server, pauses) -> Iterator[Service]:
    made = Service(of_socket(str(server.server_address)), "token", pauses.append)
    yield made
    made.close()


def test_speaks_as_the_bearer_of_its_token(service, server):
    service.put("/mail/ceremony/key/0", b"bytes", to=3)
    service.post("/officer/open", {"a": 1})
    service.post("/run/checkin")
    assert server.seen == [
        ("PUT", "/mail/ceremony/key/0?to=3", b"bytes", "Bearer token"),
        ("POST", "/officer/open", b'{"a": 1}', "Bearer token"),
        ("POST", "/run/checkin", b"", "Bearer token"),
    ]


def test_waits_out_a_restart_with_growing_pauses(service, server, pauses):
    server.script = [None, (503, b""), None, (500, b"oh"), (200, b'{"done": true}')]
    assert service.get("/progress").json() == {"done": True}
    assert pauses == [0.05, 0.1, 0.2, 0.25]
    assert len(server.seen) == 5


def test_waits_for_a_service_that_is_not_there_yet(tmp_path):
    path, servers = tmp_path / "late", []

    def start(seconds: float) -> None:
        servers.append(Server(str(path)))
        threading.Thread(target=servers[0].serve_forever, args=(0.01,)).start()

    service = Service(of_socket(path), None, start)
    assert service.get("/election").json() == {}
    assert len(servers) == 1
    servers[0].shutdown()
    servers[0].server_close()
    service.close()


def test_a_request_goes_ahead_of_its_answer(service, server):
    server.script = [(202, b"[1]"), (409, b"")]
    answer = service.put_ahead("/ballots", b"first")
    until = time.monotonic() + 5
    while not server.seen and time.monotonic() < until:
        time.sleep(0.01)
    assert [body for _, _, body, _ in server.seen] == [b"first"]
    assert answer().json() == [1]
    with pytest.raises(Refused):
        service.put_ahead("/ballots", b"second")()


def test_what_went_ahead_and_was_lost_is_sent_again(service, server, pauses):
    server.script = [None, (200, b"[2]")]
    assert service.put_ahead("/ballots", b"bytes")().json() == [2]
    assert [body for _, _, body, _ in server.seen] == [b"bytes"] * 2
    assert pauses == [0.05]


def test_what_could_not_go_ahead_is_sent_when_the_answer_is_wanted(tmp_path):
    with Server(str(tmp_path / "late")) as server:
        service = Service(of_socket(tmp_path / "not yet"), None)
        answer = service.put_ahead("/ballots", b"bytes")
        (tmp_path / "late").rename(tmp_path / "not yet")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        assert answer().status == 200
        service.close()
        server.shutdown()
        thread.join()


def test_a_connection_that_the_service_left_is_not_used_again(service, server, pauses):
    server.leave = True
    for _ in range(3):
        assert service.get("/election").json() == {}
        assert server.left.wait(5)
        server.left.clear()
    assert not pauses
    assert len(server.seen) == 3


def test_half_an_answer_is_none(service, server, pauses):
    server.missing = 3
    server.script = [(200, b"12345"), (200, b"12345")]
    assert service.get("/election").body == b"12345"
    assert pauses == [0.05]


def test_half_a_file_is_none(service, server):
    server.missing = 3
    server.script = [(200, b"12345")]
    with pytest.raises(Unanswered):
        list(service.download("/record/toc", 8, "tag"))


def test_a_refusal_is_final_and_says_why(service, server, pauses):
    server.script = [(409, json.dumps({"detail": "Voting is closed."}).encode())]
    with pytest.raises(Refused, match="Voting is closed") as caught:
        service.put("/ballots", b"x")
    assert caught.value.status == 409
    assert not pauses


@pytest.mark.parametrize("body", [b"", b"[]", b'{"detail": 3}', b"{"])
def test_a_refusal_without_words_is_one_too(service, server, body):
    server.script = [(404, body)]
    with pytest.raises(Refused, match="404"):
        service.get("/nothing")


def test_an_answer_that_is_too_large_is_not_taken(service, server, monkeypatch):
    monkeypatch.setattr(module, "LARGEST_ANSWER", 10)
    server.script = [(200, b"x" * 11)]
    with pytest.raises(AnswerError, match="larger than 10"):
        service.get("/progress")


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b"\xff"])
def test_an_answer_that_is_not_json(service, server, body):
    server.script = [(200, body)]
    with pytest.raises(AnswerError):
        service.get("/election").json()


def test_a_download_has_the_announced_size(service, server):
    server.script = [(200, b"12345")] * 3
    assert b"".join(service.download("/record/toc", 5, "tag")) == b"12345"
    with pytest.raises(AnswerError, match="longer"):
        list(service.download("/record/toc", 4, "tag"))
    with pytest.raises(AnswerError, match="shorter"):
        list(service.download("/record/toc", 6, "tag"))


def test_a_broken_download_is_told_apart_from_a_refused_one(service, server):
    server.script = [None, (503, b""), (404, b"")]
    for _ in range(2):
        with pytest.raises(Unanswered):
            list(service.download("/record/toc", 5, "tag"))
    with pytest.raises(Refused):
        list(service.download("/record/toc", 5, "tag"))


def test_paths_are_below_the_address(server):
    service = Service(of_election(of_socket(str(server.server_address)), "0c"))
    service.get("")
    service.get("/record", after="devices/a b/1.binpb")
    service.get("/board/consistency?first=1&second=2")
    assert [path for _, path, _, _ in server.seen] == [
        "/elections/0c",
        "/elections/0c/record?after=devices%2Fa+b%2F1.binpb",
        "/elections/0c/board/consistency?first=1&second=2",
    ]
    service.close()


@pytest.mark.parametrize("status", [429, 503])
def test_it_waits_as_long_as_the_service_asks_to_be_left_alone(service, server, pauses, status):
    server.script = [(status, b""), (status, b""), (200, b"[1]")]
    server.headers = [("Retry-After", "7")]
    assert service.get("/").json() == [1]
    assert pauses == [7.0, 7.0]


@pytest.mark.parametrize("said", ["-1", "1e9", "soon", "", "9" * 30, "Wed, 21 Oct 2026 07:28:00 GMT", "\u0667"])
def test_a_retry_after_that_is_no_number_of_seconds_is_not_followed(service, server, pauses, said):
    server.script = [(503, b""), (200, b"[1]")]
    server.headers = [("Retry-After", said.encode().decode("latin-1"))]
    assert service.get("/").json() == [1]
    assert pauses == [0.05]


def test_it_is_not_told_to_wait_for_ever(service, server, pauses):
    server.script = [(429, b""), (200, b"[1]")]
    server.headers = [("Retry-After", "99999999")]
    service.get("/")
    assert pauses == [module.LONGEST_BIDDEN]


def test_why_there_is_no_answer_is_known_until_there_is_one(server, tmp_path):
    said: list[str | None] = []
    service = Service(
        of_socket(tmp_path / "nowhere"), None, lambda seconds: said.append(service.trouble) or stop()
    )

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        service.get("/")
    assert said == ["No such file or directory"]


def test_a_download_goes_on_where_it_was(service, server):
    server.script = [(206, b"345"), (200, b"12345")]
    assert b"".join(service.download("/record/toc", 5, "tag", 2)) == b"345"
    assert b"".join(service.download("/record/toc", 5, "tag", 2)) == b"345"  # from one who knows no ranges
    assert list(service.download("/record/toc", 5, "tag", 5)) == []
    assert server.ranges == ["bytes=2-", "bytes=2-"]
