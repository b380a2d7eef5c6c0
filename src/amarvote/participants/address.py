"""Where a service or one of its elections is, as text that people can pass on.

    https://vote.example.org/elections/ID           over the network, always with TLS
    http://127.0.0.1:8080/elections/ID              on this machine only: nobody else can listen there
    http+unix://api.sock/elections/ID               a UNIX socket; its path percent-encoded (%2Frun%2Fapi.sock)

Without `/elections/ID` it is the service itself. A proxy may put a path before it.
"""

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

LONGEST = 2048
PORTS = {"http": 80, "https": 443}
UNIX = "http+unix"
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")
_HOST = re.compile(r"[A-Za-z0-9._:-]+")
_SOCKET = re.compile(r"[A-Za-z0-9._~%-]+")


class AddressError(Exception):
    """A text is no address of a service; the message says why and what one looks like."""


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed address: `socket` where it is a UNIX socket's; `path` is put before every request's path."""

    secure: bool
    host: str
    port: int
    socket: Path | None
    path: str


def parse(text: str) -> Address:
    """The address that stands in `text`; AddressError where it is none, or not a safe one."""
    if len(text) > LONGEST or not text.isascii() or not text.isprintable():
        raise AddressError("An address is one line of ASCII, such as https://vote.example.org/elections/ID.")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _no_address(text) from None
    path = parts.path.rstrip("/")
    if "?" in text or "#" in text or "@" in parts.netloc or not _PATH.fullmatch(path):
        raise _no_address(text)
    if parts.scheme == UNIX:
        if not _SOCKET.fullmatch(parts.netloc) or "\0" in unquote(parts.netloc):
            raise _no_address(text)
        return Address(secure=False, host="amarvote", port=0, socket=Path(unquote(parts.netloc)), path=path)
    if parts.scheme not in PORTS or not _HOST.fullmatch(host):
        raise _no_address(text)
    secure = parts.scheme == "https"
    if not secure and not _is_this_machine(host):
        raise AddressError(
            f"{text} is not encrypted: anyone on the way could read and change what is sent. "
            "Plain http is for this machine only (127.0.0.1); ask for an address that begins with https://."
        )
    return Address(secure, host, PORTS[parts.scheme] if port is None else port, None, path)


def of_socket(path: Path | str) -> str:
    """The address of the service behind a UNIX socket."""
    return f"{UNIX}://{quote(str(path), safe='')}"


def of_election(service: str, election_id: str) -> str:
    """The address of an election of the service at `service`."""
    return f"{service.rstrip('/')}/elections/{election_id}"


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _no_address(text: str) -> AddressError:
    shown = text.partition("#")[0]  # behind it stands an invitation's secret
    return AddressError(
        f"{shown!r} is no address of a service. One looks like https://vote.example.org/elections/ID."
    )
