"""Does a ballot fit the device that hands it in, and the entry of the roll whose token it carries?"""

from typing import Any

from sqlalchemy import Row

from amarvote.electionguard.ballots import BallotStatus, EncryptedBallot
from amarvote.electionguard.confirmation import SIMPLE_CHAINING, chained_field, unchained_field
from amarvote.elections.errors import Conflict, Refusal, Unprocessable
from amarvote.elections.service import Service


def check_device(device: Row[Any], ballot: EncryptedBallot, chaining_mode: int) -> None:
    """Refusal where it takes no more, or the ballot's chaining field is not the one that is next there."""
    if device.broken is not None:
        raise Conflict(device.broken)
    if device.closed:
        raise Conflict(f"Device {device.name} has closed; it takes no more ballots.")
    if chaining_mode == SIMPLE_CHAINING:
        if ballot.chaining_field != chained_field(device.last_code):
            raise Conflict(
                f"The ballot does not follow the last one that the service has of {device.name}: its chaining "
                "field names another code. Encrypt it again for the present end of the chain."
            )
    elif ballot.chaining_field != unchained_field(device.h_di):
        raise Unprocessable(f"The ballot's chaining field is not that of {device.name} ({device.device_string}).")


def not_free(state: str | None) -> Refusal:
    """Rule 3: one ballot at a time for a token, none once it is spent."""
    match state:
        case None:
            return Unprocessable("This vote token is not in the roll.")
        case "spent":
            return Conflict("This vote token has been used: its ballot is cast.")
        case "revoked":
            return Conflict("This vote token was revoked. Ask who gave it to you for a new one.")
        case _:
            return Conflict("Another ballot with this vote token is being checked; ask for its state first.")


def check_entry(service: Service, entry: Row[str, int, int], ballot: EncryptedBallot) -> None:
    """Rule 1: style and weight are the roll's."""
    if ballot.ballot_style != entry.style:
        raise Unprocessable(
            f"The ballot says style {ballot.ballot_style!r}, but the roll says {entry.style!r} for this voter."
        )
    if ballot.weight != entry.weight:
        raise Unprocessable(
            f"The ballot says weight {ballot.weight}, but the roll says {entry.weight} for this voter."
        )
    freed, most = entry.challenged, service.settings.challenges
    so_far = f"{freed} ballots with this vote token were challenged or rejected"
    if freed > most:
        raise Conflict(f"{so_far}; no more are taken. Ask who gave it to you for a new one.")
    if freed == most and ballot.status is BallotStatus.CHALLENGED:
        raise Conflict(f"{so_far}; the next one has to be cast.")
