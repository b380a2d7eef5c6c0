"""`python -m amarvote.api.serve --database URL (--port N [--host H] | --socket PATH)`: one process of the API.

Any number may run beside each other over one database. It has no state of its own: killed at any moment, it leaves
nothing behind but what was committed.
"""

import argparse
import logging
import os
import socket
import sys
import threading
import time
from pathlib import Path
from types import FrameType

import uvicorn

from amarvote.api.application import application
from amarvote.elections.service import DEFAULTS, Database, NoDatabaseError, Settings, memory
from amarvote.elections.services import Services
from amarvote.observability import logs, traces
from amarvote.observability.traces import NoTracesError

log = logging.getLogger(__name__)

GRACE_SECONDS = 3
UNREADABLE = 2
HOST = "127.0.0.1"
QUEUE = 1024
"""Connections that wait to be taken."""

FIRST_LOOK_SECONDS = 0.5
"""So long the first answer waits for a look at the database, which mostly takes a moment."""


class Unservable(Exception):  # noqa: N818 - reads as what happened
    """There is nothing to listen at; the message says why."""


def main() -> int:
    """Serve until terminated."""
    parser = argparse.ArgumentParser(prog="amarvote.api.serve", description="One process of the API.")
    parser.add_argument("--database", required=True, help="its address")
    parser.add_argument("--host", default=HOST)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--port", type=int)
    where.add_argument("--socket", type=Path)
    options = parser.parse_args()
    logs.set_up()
    try:
        listening = unix_socket(options.socket) if options.socket else tcp_socket(options.host, options.port)
        serve(options.database, listening)
    except (NoDatabaseError, NoTracesError, Unservable) as problem:
        sys.stderr.write(f"{problem}\n")
        return UNREADABLE
    return 0


def tcp_socket(host: str, port: int) -> socket.socket:
    """Bound to this address and port; Unservable where it is taken, or none of this machine's."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        # The protocol has to be named: asyncio turns Nagle's algorithm off for such sockets only, and an answer
        # of two pieces would wait 40 ms for the client's acknowledgement of the first.
        listening = socket.socket(found[0], socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError as problem:
        raise _unservable(host, port, problem) from None
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(found[4])
        listening.listen(QUEUE)
    except OSError as problem:
        listening.close()
        raise _unservable(host, port, problem) from None
    return listening


def _unservable(host: str, port: int, problem: OSError) -> Unservable:
    return Unservable(
        f"Nothing can listen at {host} port {port}: {problem.strerror or problem}. Choose another one."
    )


def unix_socket(path: Path) -> socket.socket:
    """A UNIX socket that only its owner can reach. Uvicorn's own would be open to everybody on the machine."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        path.unlink(missing_ok=True)
        listening.bind(str(path))
    except OSError as problem:
        listening.close()
        raise Unservable(f"Nothing can listen at {path}: {problem.strerror or problem}.") from None
    finally:
        os.umask(before)
    return listening


def serve(url: str, listening: socket.socket, settings: Settings = DEFAULTS, *, proxy: str | None = None) -> None:
    """Serve the elections of the database at `url` until terminated; says where in the log.

    While the database does not answer, all but liveness is 503; NoDatabaseError once it is there and not ours.

    Whoever asks through the reverse proxy at the address `proxy` is known by the X-Forwarded-For that it writes;
    from anybody else that header is worth nothing.
    """
    memory.one_arena()
    database = Database(url)
    try:
        database.hold()
        over = threading.Event()
        config = uvicorn.Config(
            application(Services(database, settings), over, traces.begin("api")),
            http="httptools",
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=proxy is not None,
            forwarded_allow_ips=proxy,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        server = _Server(config, over)
        looking = threading.Thread(target=server.look, args=(database,), name="first look", daemon=True)
        looking.start()
        looking.join(FIRST_LOOK_SECONDS)
        server.require_database()
        memory.settle()  # looking at all that is there again and again held requests up for 100 ms
        log.info("The API listens on %s as process %d", _address(listening), os.getpid())
        server.run(sockets=[listening])
        server.require_database()
    finally:
        listening.close()
        database.close()


class _Server(uvicorn.Server):
    """Ends in order at a signal: streams are told, so that they need not be cut off, and the exit code is 0."""

    def __init__(self, config: uvicorn.Config, over: threading.Event) -> None:
        super().__init__(config)
        self._over = over
        self._refused: NoDatabaseError | None = None

    def look(self, database: Database) -> None:
        """Wait until the database lets everybody in; end where it is there and not ours."""
        while not self.should_exit:
            try:
                database.await_schema()
            except NoDatabaseError as problem:
                self._refused = problem
                self.should_exit = True
            except Exception:  # nobody else lets anybody in, so whatever it is, look again
                log.exception("the database could not be looked at")
                time.sleep(FIRST_LOOK_SECONDS)
            else:
                return

    def require_database(self) -> None:
        """NoDatabaseError where it is known not to be ours."""
        if self._refused is not None:
            raise self._refused

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """A second signal ends it at once."""
        self._over.set()
        self.force_exit = self.should_exit
        self.should_exit = True


def _address(listening: socket.socket) -> str:
    name = listening.getsockname()
    if listening.family == socket.AF_UNIX:
        return f"unix:{name}"
    host = f"[{name[0]}]" if listening.family == socket.AF_INET6 else name[0]
    return f"http://{host}:{name[1]}"


if __name__ == "__main__":
    sys.exit(main())
