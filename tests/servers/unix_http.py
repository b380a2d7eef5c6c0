"""HTTP over a Unix socket, for tests of clients: who hangs up in the middle is what they look at, and no error."""

import socketserver
import sys
from http.server import BaseHTTPRequestHandler
from typing import Any


class UnixServer(socketserver.ThreadingUnixStreamServer):
    """Give it a handler that is derived from `QuietHandler`."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of anything but a client that is gone."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class QuietHandler(BaseHTTPRequestHandler):
    """One connection, which says nothing of what is asked."""

    protocol_version = "HTTP/1.1"

    def address_string(self) -> str:
        """A socket of this kind has no name."""
        return "local"

    def log_message(self, *args: object) -> None:
        """Nothing is written."""
