"""Health and metrics over HTTP, for whoever looks after the worker: read only, small, on the loopback by default.

GET /health/live     200 while the loop moves, 503 where it has stood still for far too long
GET /health/ready    200 where database, broker and child are there, 503 with what is missing
GET /metrics         for Prometheus
"""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from typing import Any

REQUEST_SECONDS = 5.0
AT_ONCE = 8
"""Requests served side by side; further connections are closed."""

STOOD_STILL_SECONDS = 900.0
"""Longer than any chunk takes: whoever ends a worker earlier for it ends honest work."""


class Health(ThreadingHTTPServer):
    """Answers in threads of its own, from the moment it is made until it is closed."""

    daemon_threads = True
    request_queue_size = AT_ONCE

    def __init__(
        self,
        host: str,
        port: int,
        idle: Callable[[], float],
        troubles: Callable[[], list[str]],
        metrics: Callable[[], bytes],
    ) -> None:
        """OSError where the port is taken. `idle` says for how many seconds the loop has not moved."""
        self.idle = idle
        self.troubles = troubles
        self.metrics = metrics
        self._room = threading.BoundedSemaphore(AT_ONCE)
        super().__init__((host, port), _Answer)
        threading.Thread(target=self.serve_forever, name="health", daemon=True).start()

    @property
    def port(self) -> int:
        """The port that it listens at."""
        return int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection unless too many are served."""
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve it, and make room."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        """A client that went away is nobody's concern."""

    def close(self) -> None:
        """Answer no more."""
        self.shutdown()
        self.server_close()


class _Answer(BaseHTTPRequestHandler):
    server: Health
    timeout = REQUEST_SECONDS
    server_version = "amarvote"
    sys_version = ""

    def do_GET(self) -> None:
        """The three answers."""
        match self.path:
            case "/health/live":
                idle = self.server.idle()
                alive = idle < STOOD_STILL_SECONDS
                self._json(alive, {"live": alive, "idle_seconds": round(idle, 1)})
            case "/health/ready":
                missing = self.server.troubles()
                self._json(not missing, {"ready": not missing, "missing": missing})
            case "/metrics":
                self._send(200, "text/plain; version=0.0.4; charset=utf-8", self.server.metrics())
            case _:
                self._send(404, "text/plain; charset=utf-8", b"/health/live, /health/ready, /metrics\n")

    def _json(self, well: bool, content: dict[str, Any]) -> None:
        self._send(200 if well else 503, "application/json", json.dumps(content).encode() + b"\n")

    def _send(self, code: int, kind: str, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Requests are not logged: they come every few seconds."""
