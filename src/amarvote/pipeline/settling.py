"""Checked ballots become accepted or rejected; a device's chain is settled in its order (rules 3, 6).

Whoever settles holds the accept phase (see `locks`). All ballots of a chunk are settled together, table by table:
each statement takes many rows, and roll entries are changed in an order of their own.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Update, and_, bindparam, delete, select, update

from amarvote.pipeline import sequencing
from amarvote.pipeline.chunks import ChunkRefusedError
from amarvote.store.tables import ballot_commitments, ballots, devices, roll

CAST = 1
CHALLENGED = 2

CHAIN = "service.chain"
PAGE = 500
STEP = 64

Findings = list[dict[str, str]]

_ENTRY = and_(roll.c.election_id == bindparam("of_election"), roll.c.token_hash == bindparam("of_token"))
_SPEND = update(roll).where(_ENTRY).values(state="spent")
_FREE = update(roll).where(_ENTRY).values(state="free", challenged=roll.c.challenged + 1)
_ONE = ballots.c.number == bindparam("of_number")
_ACCEPT = update(ballots).where(_ONE).values(state="accepted", token_hash=None, submitted_at=None)
_REJECT = (
    update(ballots)
    .where(_ONE)
    .values(state="rejected", findings=bindparam("found"), token_hash=None, submitted_at=None)
)
_WAIT = update(ballots).where(_ONE).values(state="waiting")


def settle(connection: Connection, verdicts: Iterable[tuple[Row[Any], Findings]]) -> None:
    """Take the verdicts over submitted ballots; in a chain one may have to wait for those before it."""
    accepted: list[Row[Any]] = []
    waiting: list[Row[Any]] = []
    rejected: list[tuple[Row[Any], Findings]] = []
    chains: set[int] = set()
    for ballot, findings in verdicts:
        if ballot.chain_index is not None:
            chains.add(ballot.device_id)
        if findings:
            rejected.append((ballot, findings))
        elif ballot.chain_index is None:
            accepted.append(ballot)
        else:
            waiting.append(ballot)
    held = select(devices).where(devices.c.id.in_(chains)).order_by(devices.c.id)
    locked = connection.execute(held.with_for_update(key_share=True)).all() if chains else []
    _reject(connection, rejected)
    _accept(connection, accepted)
    if waiting:
        connection.execute(_WAIT, [{"of_number": ballot.number} for ballot in waiting])
    for device in locked:
        _settle_chain(connection, device)


def behind(ballot: Row[Any]) -> ColumnElement[bool]:
    """The condition that a ballot waits for this one, which stands before it in a chain."""
    return and_(
        ballots.c.device_id == ballot.device_id,
        ballots.c.chain_index > ballot.chain_index,
        ballots.c.state.in_(("submitted", "waiting", "held")),
    )


def _accept(connection: Connection, accepted: Sequence[Row[Any]]) -> None:
    """Accept ballots: they count, or stand challenged. What ties them to the roll goes in the same transaction."""
    if not accepted:
        return
    _release(connection, _SPEND, [ballot for ballot in accepted if ballot.status == CAST])
    _release(connection, _FREE, [ballot for ballot in accepted if ballot.status != CAST])
    connection.execute(_ACCEPT, [{"of_number": ballot.number} for ballot in accepted])
    _drop_commitments(connection, accepted)
    sequencing.wait(connection, accepted[0].election_id, [ballot.confirmation_code for ballot in accepted])


def _reject(connection: Connection, rejected: Sequence[tuple[Row[Any], Findings]]) -> None:
    """Reject ballots with what was found; their voters' tokens are free again."""
    if not rejected:
        return
    those = [ballot for ballot, _ in rejected]
    _release(connection, _FREE, those)
    connection.execute(_REJECT, [{"of_number": ballot.number, "found": findings} for ballot, findings in rejected])
    _drop_commitments(connection, those)


def _settle_chain(connection: Connection, device: Row[Any]) -> None:
    """Accept what is checked, in chain order, up to the first that is not; a rejected one ends the chain."""
    settled = device.settled
    more = device.broken is None
    while more:
        of_device = select(ballots).where(ballots.c.device_id == device.id, ballots.c.chain_index > settled)
        page = connection.execute(of_device.order_by(ballots.c.chain_index).limit(PAGE)).all()
        checked = []
        for ballot in page:
            if ballot.state != "waiting":
                break
            checked.append(ballot)
        _accept(connection, checked)
        settled += len(checked)
        more = len(checked) == PAGE
        if len(checked) < len(page) and page[len(checked)].state == "rejected":
            _break_chain(connection, device, page[len(checked)])
    connection.execute(update(devices).where(devices.c.id == device.id).values(settled=settled))


def _break_chain(connection: Connection, device: Row[Any], ballot: Row[Any]) -> None:
    reason = (
        f"The chain of {device.name} ended at its ballot {ballot.chain_index} ({ballot.id_b.hex()}), which was "
        "rejected. Start the device anew under a new device string and encrypt later ballots again for it."
    )
    connection.execute(update(devices).where(devices.c.id == device.id).values(broken=reason))
    later = select(ballots).where(behind(ballot)).order_by(ballots.c.chain_index).limit(PAGE)
    while page := connection.execute(later).all():
        _reject(
            connection,
            [(one, [{"code": CHAIN, "where": f"ballot {one.id_b.hex()}", "message": reason}]) for one in page],
        )


def _release(connection: Connection, change: Update, of_ballots: Sequence[Row[Any]]) -> None:
    """Change the roll entries that these ballots hold, in the order of the tokens, which says nothing of them."""
    if not of_ballots:
        return
    holding = {ballot.token_hash: ballot for ballot in of_ballots}
    election_id = of_ballots[0].election_id
    reserved = connection.execute(
        select(roll.c.token_hash)
        .where(
            roll.c.election_id == election_id,
            roll.c.token_hash.in_(filled_up(holding)),
            roll.c.state == "reserved",
        )
        .order_by(roll.c.token_hash)
        .with_for_update(key_share=True)
    ).scalars()
    tokens = list(reserved)
    for lost in set(holding) - set(tokens):
        raise ChunkRefusedError(
            f"Ballot {holding[lost].id_b.hex()} holds no entry of the roll any more: the roll was changed in the "
            "database since it was submitted. Restore it from a backup, then retry the chunk."
        )
    connection.execute(change, [{"of_election": election_id, "of_token": token} for token in tokens])


def _drop_commitments(connection: Connection, settled: Sequence[Row[Any]]) -> None:
    numbers = filled_up(ballot.number for ballot in settled)
    connection.execute(delete(ballot_commitments).where(ballot_commitments.c.number.in_(numbers)))


def filled_up(values: Iterable[Any]) -> list[Any]:
    """The same, the last one repeated up to a multiple of STEP: for conditions that a column is one of them.

    Otherwise chunks of each size have statements of their own, which are kept ready, and a worker grows with them.
    """
    some = list(values)
    return some + some[-1:] * (-len(some) % STEP)
