"""`python -m amarvote.api.serve --database URL --socket PATH [--election ID]`: the orchestrator.

Serves one election over a UNIX socket, which its owner alone may use, and evaluates every transition again each
second. Any number may run beside each other; when one dies, what it would have done is done by the next sweep.
"""

import argparse
import logging
import os
import socket
import sys
import threading
from pathlib import Path

import uvicorn

from amarvote.api.application import application
from amarvote.elections.errors import Refusal
from amarvote.elections.service import NoDatabaseError, Service, open_service

log = logging.getLogger(__name__)

GRACE_SECONDS = 3
UNREADABLE = 2


def main() -> int:
    """Serve until terminated."""
    parser = argparse.ArgumentParser(prog="amarvote.api.serve", description="Serve an election over a socket.")
    parser.add_argument("--database", required=True, help="sqlite:////absolute/path")
    parser.add_argument("--socket", required=True, type=Path)
    parser.add_argument("--election", help="its identifier, where the database holds several")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    try:
        service = open_service(options.database, options.election)
    except (NoDatabaseError, Refusal) as problem:
        sys.stderr.write(f"{problem}\n")
        return UNREADABLE
    serve(service, options.socket)
    return 0


def serve(service: Service, path: Path) -> None:
    """Serve on a socket at this path, and sweep, until terminated."""
    listening = _private_socket(path)
    over = threading.Event()
    sweeper = threading.Thread(target=_sweep, args=(service, over), name="sweeper", daemon=True)
    sweeper.start()
    config = uvicorn.Config(
        application(service),
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    try:
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        over.set()
        sweeper.join(GRACE_SECONDS)
        service.close()


def _private_socket(path: Path) -> socket.socket:
    """A UNIX socket that only its owner can reach. Uvicorn's own would be open to everybody on the machine."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listening.bind(str(path))
    finally:
        os.umask(before)
    return listening


def _sweep(service: Service, over: threading.Event) -> None:
    while not over.wait(service.settings.relay_seconds):
        try:
            service.sweep()
        except Exception:
            log.exception("the sweep is tried again")


if __name__ == "__main__":
    sys.exit(main())
