"""A checked ballot becomes accepted or rejected; a device's chain is settled in its order (rules 3, 6)."""

from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from amarvote.pipeline.chunks import ChunkRefusedError
from amarvote.store.tables import ballot_commitments, ballots, devices, roll

CAST = 1
CHALLENGED = 2

CHAIN = "service.chain"

Findings = list[dict[str, str]]


def settle(connection: Connection, ballot: Row[Any], findings: Findings) -> None:
    """Take the verdict over one submitted ballot; in a chain it may have to wait for those before it."""
    if findings:
        reject(connection, ballot, findings)
    elif ballot.chain_index is None:
        accept(connection, ballot)
    else:
        connection.execute(update(ballots).where(ballots.c.number == ballot.number).values(state="waiting"))
    if ballot.chain_index is not None:
        settle_chain(connection, ballot.device_id)


def accept(connection: Connection, ballot: Row[Any]) -> None:
    """Accept a ballot: it counts, or stands challenged. What ties it to the roll goes in the same transaction."""
    if ballot.status == CAST:
        change: dict[str, Any] = {"state": "spent"}
    else:
        change = {"state": "free", "challenged": roll.c.challenged + 1}
    _release(connection, ballot, change)
    _close(connection, ballot, "accepted", None)


def reject(connection: Connection, ballot: Row[Any], findings: Findings) -> None:
    """Reject a ballot with what was found; its voter's token is free again."""
    _release(connection, ballot, {"state": "free"})
    _close(connection, ballot, "rejected", findings)


def settle_chain(connection: Connection, device_id: int) -> None:
    """Accept what is checked, in chain order, up to the first that is not; a rejected one ends the chain."""
    device = connection.execute(select(devices).where(devices.c.id == device_id).with_for_update()).one()
    settled = device.settled
    while device.broken is None:
        ballot = connection.execute(
            select(ballots).where(ballots.c.device_id == device_id, ballots.c.chain_index == settled + 1)
        ).one_or_none()
        if ballot is None or ballot.state in ("submitted", "held"):
            break
        if ballot.state == "rejected":
            _break_chain(connection, device, ballot)
            break
        accept(connection, ballot)
        settled += 1
    connection.execute(update(devices).where(devices.c.id == device_id).values(settled=settled))


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


def _release(connection: Connection, ballot: Row[Any], change: dict[str, Any]) -> None:
    released = connection.execute(
        update(roll)
        .where(
            roll.c.election_id == ballot.election_id,
            roll.c.token_hash == ballot.token_hash,
            roll.c.state == "reserved",
        )
        .values(**change)
    )
    if released.rowcount != 1:
        raise ChunkRefusedError(
            f"Ballot {ballot.id_b.hex()} holds no entry of the roll any more: the roll was changed in the "
            "database since it was submitted. Restore it from a backup, then retry the chunk."
        )


def _close(connection: Connection, ballot: Row[Any], state: str, findings: Findings | None) -> None:
    connection.execute(
        update(ballots)
        .where(ballots.c.number == ballot.number)
        .values(state=state, findings=findings, token_hash=None, submitted_at=None)
    )
    connection.execute(delete(ballot_commitments).where(ballot_commitments.c.number == ballot.number))
