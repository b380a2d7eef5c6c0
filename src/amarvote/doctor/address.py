"""The public address: does the API answer there, and how does it prove who it is."""

import json
import socket
import ssl
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPException

from sqlalchemy import select

from amarvote.doctor.findings import Finding, attention, failed, not_here, unchecked, well
from amarvote.doctor.system import ANSWER_SECONDS, OK, System
from amarvote.participants.address import Address, AddressError, parse
from amarvote.participants.connection import UntrustedError, connection_to
from amarvote.pipeline.states import TRIAL
from amarvote.store.tables import elections

SOON = timedelta(days=21)
LARGEST_ANSWER = 1 << 20
PAGE = 100
NAME_IT = "Give the public address with --api https://…, and --ca where its authority is your own."


def api(system: System) -> Iterator[Finding]:
    """Asked for what everybody may see, and what stands in the database: is it this one?"""
    if system.api is None:
        yield unchecked("No address of the API was given.", NAME_IT)
        return
    before = _elections(system)
    try:
        status, body, _ = _asked(system, f"/elections?limit={PAGE}")
    except (AddressError, UntrustedError, OSError, HTTPException) as problem:
        yield failed(
            f"{system.api} does not answer: {problem}",
            "Is the API running, and the proxy before it? Look at both.",
        )
        return
    if status == OK:
        yield _compared(system, before, body)
    else:
        yield failed(
            f"{system.api} answers {status}: {_reason(body)}",
            "Is it the address of this service, and are the API and its database up? See their logs.",
        )


def _elections(system: System) -> dict[str, str]:
    """Id and state of the first of this database; trials are shown to nobody."""
    first = select(elections.c.id, elections.c.state).where(elections.c.state != TRIAL).order_by(elections.c.id)
    with system.database.read() as connection:
        return {row.id: row.state for row in connection.execute(first.limit(PAGE))}


def _compared(system: System, before: dict[str, str], body: bytes) -> Finding:
    """Elections are added and move on meanwhile, and never go; whose state stands still has it there, too."""
    try:
        told = json.loads(body)
        there = {str(one["id"]): str(one["state"]) for one in told["items"]}
        last = told["next"]
    except (ValueError, KeyError, TypeError):
        return failed(f"{system.api} answers, and not as AmarVote does.", "Is it the address of this service?")
    with system.database.read() as connection:
        rows = connection.execute(select(elections.c.id, elections.c.state).where(elections.c.id.in_(there)))
        here = {row.id: row.state for row in rows}
    expected = list(before)
    if last is not None:  # what was added meanwhile may have moved some to the next page
        expected = expected[: expected.index(last) + 1] if last in before else []
    differing = {
        "it lists and this one does not hold": [one for one in there if one not in here],
        "this one holds and it does not list": [one for one in expected if one not in there],
        "in another state there": [one for one in here if before.get(one) == here[one] != there[one]],
    }
    if any(differing.values()):
        what = "; ".join(f"{how}: {_some(those)}" for how, those in differing.items() if those)
        return failed(
            f"{system.api} answers out of another database than {system.database.name}. Elections {what}.",
            "Which of the two is the right one? After a restore every API and worker needs its address: put it "
            "right, and start anew what still has the other (docs/backup.md).",
        )
    if not there:
        return well(f"{system.api} answers. Neither it nor the database has an election to compare.")
    return well(f"{system.api} answers, with the elections of this database ({len(there)} compared).")


def _some(those: list[str]) -> str:
    return f"{', '.join(those[:3])}{f' and {len(those) - 3} more' if len(those) > 3 else ''}"


def _reason(body: bytes) -> str:
    try:
        return str(json.loads(body)["detail"])[:400]
    except (ValueError, KeyError, TypeError):
        return "it does not say why"


def date_of_api(system: System) -> str | None:
    """The time that stands on the API's answers; None where it gives none."""
    try:
        return _asked(system, "/health/live")[2]
    except (AddressError, UntrustedError, OSError, HTTPException):
        return None


def _asked(system: System, path: str) -> tuple[int, bytes, str | None]:
    address = parse(system.api or "")
    connection = connection_to(address, system.ca, ANSWER_SECONDS)
    try:
        connection.request("GET", address.path + path)
        answer = connection.getresponse()
        return answer.status, answer.read(LARGEST_ANSWER), answer.headers.get("Date")
    finally:
        connection.close()


def tls(system: System) -> Iterator[Finding]:
    """A handshake as browsers and guardians make it, and one with what is too old."""
    if system.api is None:
        yield unchecked("No public address was given.", NAME_IT)
        return
    try:
        address = parse(system.api)
    except AddressError as problem:
        yield failed(str(problem), NAME_IT)
        return
    if not address.secure:
        yield not_here(
            f"{system.api} is for this machine only, and nothing is sent over a network.",
            f"Where voters reach the service from elsewhere: {NAME_IT}",
        )
        return
    try:
        context = ssl.create_default_context(cafile=None if system.ca is None else str(system.ca))
        ends, protocol = _shaken(address, context)
    except ssl.SSLCertVerificationError as problem:
        yield failed(
            f"The certificate of {address.host} does not hold: {problem.verify_message}.",
            "Renew it, or have it issued for this name; where the authority is your own, give its file with --ca.",
        )
        return
    except OSError as problem:
        yield failed(f"No TLS with {address.host}, port {address.port}: {problem}.", "Look at the proxy (nginx).")
        return
    left = ends - datetime.now(UTC)
    seen = f"The certificate of {address.host} holds for {left.days} more days; {protocol} is spoken."
    yield attention(seen, "Renew the certificate now.") if left < SOON else well(seen)
    if _takes_old(address):
        yield attention("TLS 1.1 or older is spoken, too.", "Allow TLS 1.2 and 1.3 only: ssl_protocols of nginx.")


def _shaken(address: Address, context: ssl.SSLContext) -> tuple[datetime, str]:
    """When the certificate ends, and the protocol."""
    with (
        socket.create_connection((address.host, address.port), ANSWER_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=address.host) as secured,
    ):
        certificate = secured.getpeercert() or {}
        ends = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
        return datetime.fromtimestamp(ends, UTC), str(secured.version())


def _takes_old(address: Address) -> bool:
    """Whoever is there is not asked who it is: nothing is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that it is too old is why it is asked
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    try:
        context.set_ciphers("ALL:@SECLEVEL=0")
        with (
            socket.create_connection((address.host, address.port), ANSWER_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=address.host),
        ):
            return True
    except OSError:
        return False
