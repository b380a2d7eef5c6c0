"""Downloading a record from a real HTTP server that breaks off, knows no ranges, or gives out something else."""

import json
import re
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from amarvote.participants import address, record_download
from amarvote.participants.record_download import NoRoomError, download
from amarvote.participants.service import AnswerError, Service
from servers.unix_http import QuietHandler, UnixServer

FILES = {"devices/one": bytes(range(256)) * 800, "empty": b"", "setup/header": b"header", "toc": b"contents"}
PAGE = 2


class Server(UnixServer):
    def __init__(self, path: str) -> None:
        super().__init__(path, Handler)
        self.files = dict(FILES)
        self.listed = {path: len(data) for path, data in FILES.items()}
        self.digests = {path: sha256(data).hexdigest() for path, data in FILES.items()}
        self.cut: list[int] = []
        """After so many bytes of a body the connection breaks, once each."""
        self.ranges = True
        self.endless = False
        self.asked: list[tuple[str, str | None]] = []

    def page(self, after: str) -> bytes:
        paths = sorted(path for path in self.listed if path > after)
        files = [{"path": p, "size": self.listed[p], "sha256": self.digests.get(p, "")} for p in paths[:PAGE]]
        more = self.endless or len(paths) > PAGE
        return json.dumps({"files": files, "next": (paths[:PAGE] or ["z"])[-1] if more else None}).encode()


class Handler(QuietHandler):
    server: Server

    def do_GET(self) -> None:  # noqa: N802 - the name that it is called by
        asked_for = urlsplit(self.path)
        if asked_for.path == "/record":
            self._send(200, self.server.page(parse_qs(asked_for.query).get("after", [""])[0]))
            return
        name = asked_for.path.removeprefix("/record/")
        self.server.asked.append((name, self.headers.get("Range")))
        data = self.server.files[name]
        asked = re.fullmatch(r"bytes=([0-9]+)-", self.headers.get("Range", ""))
        if asked is None or not self.server.ranges:
            self._send(200, data)
            return
        assert self.headers["If-Range"] == f'"{self.server.digests[name]}"'
        self._send(206, data[int(asked[1]) :])

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.cut and len(body) > self.server.cut[0]:
            body = body[: self.server.cut.pop(0)]
            self.close_connection = True
        self.wfile.write(body)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(str(tmp_path / "socket")) as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def service(server: Server, tmp_path: Path) -> Iterator[Service]:
    made = Service(address.of_socket(tmp_path / "socket"), pause=lambda seconds: None)
    yield made
    made.close()


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def everything(path: str) -> bool:
    return ".." not in path


def test_all_pages_and_only_what_is_wanted(service: Service, tmp_path: Path) -> None:
    download(service, tmp_path / "record", lambda path: path != "toc")
    assert content(tmp_path / "record") == {path: data for path, data in FILES.items() if path != "toc"}


@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_download_goes_on_where_it_was(
    service: Service, server: Server, tmp_path: Path, ranges: bool
) -> None:
    server.cut, server.ranges = [70_000, 90_000], ranges
    download(service, tmp_path / "record", everything)
    assert content(tmp_path / "record") == FILES
    begins = [int(asked[6:-1]) for name, asked in server.asked if name == "devices/one" and asked is not None]
    assert len(begins) == 2
    assert 0 < begins[0] <= begins[1]


def test_after_a_kill_the_next_one_goes_on(
    service: Service, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(Exception): ...

    def die(seconds: float) -> None:
        raise KilledError

    server.cut = [70_000]
    monkeypatch.setattr(service, "_pause", die)
    with pytest.raises(KilledError):
        download(service, tmp_path / "record", everything)
    monkeypatch.undo()
    server.asked.clear()
    download(service, tmp_path / "record", everything)
    assert content(tmp_path / "record") == FILES
    assert server.asked[0][0] == "devices/one"
    assert server.asked[0][1] is not None


def test_what_is_there_already_is_not_asked_for(service: Service, server: Server, tmp_path: Path) -> None:
    download(service, tmp_path / "record", everything)
    server.asked.clear()
    download(service, tmp_path / "record", everything)
    assert server.asked == []


def test_a_part_that_is_longer_than_the_file_begins_anew(service: Service, tmp_path: Path) -> None:
    (tmp_path / "record").mkdir()
    (tmp_path / "record" / "toc.part").write_bytes(bytes(100))
    download(service, tmp_path / "record", everything)
    assert content(tmp_path / "record") == FILES


def test_other_bytes_than_listed_get_no_name(service: Service, server: Server, tmp_path: Path) -> None:
    server.files["toc"] = b"Contents"
    with pytest.raises(AnswerError, match="other bytes of toc"):
        download(service, tmp_path / "record", everything)
    assert set(content(tmp_path / "record")) == set(FILES) - {"toc"}


def test_a_part_of_other_bytes_is_not_kept(service: Service, tmp_path: Path) -> None:
    (tmp_path / "record").mkdir()
    (tmp_path / "record" / "toc.part").write_bytes(b"xxx")
    with pytest.raises(AnswerError, match="other bytes of toc"):
        download(service, tmp_path / "record", everything)
    download(service, tmp_path / "record", everything)
    assert content(tmp_path / "record") == FILES


def test_a_list_without_end_is_not_followed(service: Service, server: Server, tmp_path: Path) -> None:
    server.endless = True
    with pytest.raises(AnswerError, match="no end"):
        download(service, tmp_path / "record", everything)


def test_too_many_files_are_no_record(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_download, "MOST_FILES", 3)
    with pytest.raises(AnswerError, match="no end"):
        download(service, tmp_path / "record", everything)


def test_what_does_not_fit_is_not_begun(service: Service, server: Server, tmp_path: Path) -> None:
    server.listed["devices/one"] = 2**60
    with pytest.raises(NoRoomError):
        download(service, tmp_path / "record", everything)
    assert server.asked == []
