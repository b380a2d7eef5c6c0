"""A checked ballot becomes accepted or rejected; a device's chain is settled in its order (rules 3, 6)."""

from typing import Any

from sqlalchemy import Connection, Row, Update, and_, bindparam, delete, select, update

from amarvote.pipeline.chunks import ChunkRefusedError
from amarvote.store.tables import ballot_commitments, ballots, devices, roll

CAST = 1
CHALLENGED = 2

CHAIN = "service.chain"

Findings = list[dict[str, str]]

# What every ballot needs, built once: making a statement anew takes longer than executing it.
_DEVICE = select(devices).where(devices.c.id == bindparam("device")).with_for_update()
_NEXT = select(ballots).where(
    ballots.c.device_id == bindparam("device"), ballots.c.chain_index == bindparam("chain_index")
)
_SETTLED = update(devices).where(devices.c.id == bindparam("device")).values(settled=bindparam("through"))
_RESERVED = and_(
    roll.c.election_id == bindparam("election"),
    roll.c.token_hash == bindparam("token"),
    roll.c.state == "reserved",
)
_SPEND = update(roll).where(_RESERVED).values(state="spent")
_FREE = update(roll).where(_RESERVED).values(state="free")
_FREE_AFTER_CHALLENGE = _FREE.values(challenged=roll.c.challenged + 1)
_WAIT = update(ballots).where(ballots.c.number == bindparam("ballot")).values(state="waiting")
_CLOSE = update(ballots).where(ballots.c.number == bindparam("ballot")).values(token_hash=None, submitted_at=None)
_DROP_COMMITMENTS = delete(ballot_commitments).where(ballot_commitments.c.number == bindparam("ballot"))


def settle(connection: Connection, ballot: Row[Any], findings: Findings) -> None:
    """Take the verdict over one submitted ballot; in a chain it may have to wait for those before it."""
    if findings:
        reject(connection, ballot, findings)
    elif ballot.chain_index is None:
        accept(connection, ballot)
    else:
        connection.execute(_WAIT, {"ballot": ballot.number})
    if ballot.chain_index is not None:
        settle_chain(connection, ballot.device_id)


def accept(connection: Connection, ballot: Row[Any]) -> None:
    """Accept a ballot: it counts, or stands challenged. What ties it to the roll goes in the same transaction."""
    _release(connection, ballot, _SPEND if ballot.status == CAST else _FREE_AFTER_CHALLENGE)
    _close(connection, ballot, "accepted", None)


def reject(connection: Connection, ballot: Row[Any], findings: Findings) -> None:
    """Reject a ballot with what was found; its voter's token is free again."""
    _release(connection, ballot, _FREE)
    _close(connection, ballot, "rejected", findings)


def settle_chain(connection: Connection, device_id: int) -> None:
    """Accept what is checked, in chain order, up to the first that is not; a rejected one ends the chain."""
    device = connection.execute(_DEVICE, {"device": device_id}).one()
    settled = device.settled
    while device.broken is None:
        ballot = connection.execute(_NEXT, {"device": device_id, "chain_index": settled + 1}).one_or_none()
        if ballot is None or ballot.state in ("submitted", "held"):
            break
        if ballot.state == "rejected":
            _break_chain(connection, device, ballot)
            break
        accept(connection, ballot)
        settled += 1
    connection.execute(_SETTLED, {"device": device_id, "through": settled})


def _break_chain(connection: Connection, device: Row[Any], ballot: Row[Any]) -> None:
    reason = (
        f"The chain of {device.name} ended at its ballot {ballot.chain_index} ({ballot.id_b.hex()}), which was "
        "rejected. Start the device anew under a new device string and encrypt later ballots again for it."
    )
    connection.execute(update(devices).where(devices.c.id == device.id).values(broken=reason))
    later = connection.execute(
        select(ballots).where(
            ballots.c.device_id == device.id,
            ballots.c.chain_index > ballot.chain_index,
            ballots.c.state.in_(("submitted", "waiting", "held")),
        )
    ).all()
    for one in later:
        reject(connection, one, [{"code": CHAIN, "where": f"ballot {one.id_b.hex()}", "message": reason}])


def _release(connection: Connection, ballot: Row[Any], change: Update) -> None:
    released = connection.execute(change, {"election": ballot.election_id, "token": ballot.token_hash})
    if released.rowcount != 1:
        raise ChunkRefusedError(
            f"Ballot {ballot.id_b.hex()} holds no entry of the roll any more: the roll was changed in the "
            "database since it was submitted. Restore it from a backup, then retry the chunk."
        )


def _close(connection: Connection, ballot: Row[Any], state: str, findings: Findings | None) -> None:
    connection.execute(_CLOSE, {"ballot": ballot.number, "state": state, "findings": findings})
    connection.execute(_DROP_COMMITMENTS, {"ballot": ballot.number})
