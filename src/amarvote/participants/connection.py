"""Connections to a service by its address: a UNIX socket, HTTP on this machine, HTTPS with a checked certificate.

One thread uses a connection at a time; it is opened when something is asked, and again after it was closed.
"""

import select
import socket
import ssl
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

from amarvote.participants.address import Address


class UntrustedError(Exception):
    """Whoever answers at an https address cannot prove to be that service; nothing was sent."""


class UnixConnection(HTTPConnection):
    """HTTP over a local socket."""

    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__("amarvote", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        """Called before the first request, and after each `close`."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def connection_to(address: Address, ca: Path | None, seconds: float) -> HTTPConnection:
    """A connection that is not open yet; `seconds` without a byte break it.

    Certificates are checked against the file `ca`, or else against those that the system trusts. UntrustedError
    where `ca` holds none.
    """
    if address.socket is not None:
        return UnixConnection(address.socket, seconds)
    if not address.secure:
        return HTTPConnection(address.host, address.port, timeout=seconds)
    try:
        context = ssl.create_default_context(cafile=None if ca is None else str(ca))
    except (OSError, ssl.SSLError) as problem:
        reason = "it holds no certificate" if isinstance(problem, ssl.SSLError) else problem.strerror
        raise UntrustedError(f"{ca} cannot be used as the certificate authority's file: {reason}.") from None
    return HTTPSConnection(address.host, address.port, timeout=seconds, context=context)


def close_if_left(connection: HTTPConnection) -> None:
    """Close a connection that the service has closed: it does so with one that nobody used, and when it ends."""
    if connection.sock is not None:
        poll = select.poll()
        poll.register(connection.sock, select.POLLIN)
        if poll.poll(0):
            connection.close()


def not_trusted(host: str, problem: ssl.SSLCertVerificationError) -> UntrustedError:
    """What people are told when the certificate of `host` does not hold."""
    reason = problem.verify_message or "it cannot be checked"
    return UntrustedError(
        f"The certificate of {host} does not hold: {reason}. Nothing was sent. Look whether the address is right; "
        "where the service has a certificate authority of its own, ask the officer for its file and give it with "
        "--ca FILE."
    )
