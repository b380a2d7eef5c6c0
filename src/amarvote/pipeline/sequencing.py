"""The board's one sequencer: appends accepted confirmation codes in batches sorted by code (rule 22).

The codes of cast and of challenged ballots alike: both stand in the record. A code waits in a table of its own
from the transaction that accepts its ballot; the lock of the board's row makes one sequencer of all who call. A
batch says when its ballots were accepted, to a second or so, but not in which order within the batch.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from amarvote.board import tree
from amarvote.board.checkpoints import Checkpoint
from amarvote.pipeline.settings import Settings
from amarvote.record.merkle import EMPTY_ROOT, leaf
from amarvote.store.clock import now
from amarvote.store.tables import board_entries, board_nodes, board_waiting, boards

BATCH = 5000
"""Codes appended in one go; more wait for the next."""


def begin(connection: Connection, election_id: str) -> None:
    """The empty board of an election, unless there is one; the caller holds the election."""
    if connection.execute(select(boards.c.size).where(boards.c.election_id == election_id)).first() is None:
        empty = {"election_id": election_id, "size": 0, "root": EMPTY_ROOT, "extended_at": now()}
        connection.execute(insert(boards).values(**empty))


def wait(connection: Connection, election_id: str, codes: Sequence[bytes]) -> None:
    """Let the codes of ballots that were just accepted wait for the next batch."""
    connection.execute(insert(board_waiting), [{"election_id": election_id, "code": code} for code in codes])


def extend(connection: Connection, settings: Settings, election_id: str) -> None:
    """Append what waits, unless the board was extended within the last second, or is being extended."""
    waiting = select(board_waiting.c.code).where(board_waiting.c.election_id == election_id).exists()
    board = connection.execute(
        select(boards.c.size)
        .where(
            boards.c.election_id == election_id,
            boards.c.extended_at <= now() - settings.board_seconds,
            waiting,
        )
        .with_for_update(of=boards, skip_locked=True)
    ).one_or_none()
    if board is not None:
        _append(connection, election_id, board.size)


def complete(connection: Connection, election_id: str) -> None:
    """Append whatever waits: all ballots are settled, and the list is about to be frozen."""
    size = connection.execute(
        select(boards.c.size).where(boards.c.election_id == election_id).with_for_update()
    ).scalar_one()
    while appended := _append(connection, election_id, size):
        size += appended


def _append(connection: Connection, election_id: str, size: int) -> int:
    """Append one batch to the locked board, which has `size` codes; how many."""
    waiting = (
        select(board_waiting.c.code)
        .where(board_waiting.c.election_id == election_id)
        .order_by(board_waiting.c.code)
        .limit(BATCH)
    )
    batch = list(connection.execute(waiting).scalars())
    if not batch:
        return 0
    entries = [
        {"election_id": election_id, "position": position, "code": code}
        for position, code in enumerate(batch, start=size)
    ]
    connection.execute(insert(board_entries), entries)
    # not "up to the last of the batch": one that was accepted meanwhile may come before it
    appended = select(board_entries.c.code).where(
        board_entries.c.election_id == election_id, board_entries.c.position >= size
    )
    connection.execute(
        delete(board_waiting).where(board_waiting.c.election_id == election_id, board_waiting.c.code.in_(appended))
    )
    hashes = kept_hashes(connection, election_id)
    grown = size + len(batch)
    for height, index, value in tree.completed(hashes, size, grown):
        node = {"election_id": election_id, "height": height, "index": index, "hash": value}
        connection.execute(insert(board_nodes).values(**node))
    connection.execute(
        update(boards)
        .where(boards.c.election_id == election_id)
        .values(size=grown, root=tree.root(hashes, grown), extended_at=now())
    )
    return len(batch)


def kept_hashes(connection: Connection, election_id: str) -> tree.Hashes:
    """The hashes that the database keeps of a board, as proofs ask for them."""

    def hashes(height: int, first: int, count: int) -> Sequence[bytes]:
        if height == 0:
            return [leaf(code) for code in codes(connection, election_id, first, count)]
        return list(
            connection.execute(
                select(board_nodes.c.hash)
                .where(
                    board_nodes.c.election_id == election_id,
                    board_nodes.c.height == height,
                    board_nodes.c.index >= first,
                    board_nodes.c.index < first + count,
                )
                .order_by(board_nodes.c.index)
            ).scalars()
        )

    return hashes


def codes(connection: Connection, election_id: str, first: int, count: int) -> list[bytes]:
    """The codes at positions first..first+count-1 of a board, as far as there are any."""
    return list(
        connection.execute(
            select(board_entries.c.code)
            .where(
                board_entries.c.election_id == election_id,
                board_entries.c.position >= first,
                board_entries.c.position < first + count,
            )
            .order_by(board_entries.c.position)
        ).scalars()
    )


def head(connection: Connection, election_id: str) -> Checkpoint:
    """The board as it stands, ready to be signed; of no codes before voting opened."""
    row = connection.execute(select(boards).where(boards.c.election_id == election_id)).one_or_none()
    if row is None:
        return Checkpoint(election_id, 0, EMPTY_ROOT, 0)
    return Checkpoint(election_id, row.size, row.root, int(row.extended_at))


def compare_again(connection: Connection, election_id: str) -> None:
    """A record is about to be verified: forget what the last one had beyond the board."""
    connection.execute(update(boards).where(boards.c.election_id == election_id).values(missing=None))


def compare(connection: Connection, election_id: str, of_record: Sequence[bytes]) -> None:
    """Look some codes of the record up on the board; note one that is not there."""
    found = set(
        connection.execute(
            select(board_entries.c.code).where(
                board_entries.c.election_id == election_id, board_entries.c.code.in_(of_record)
            )
        ).scalars()
    )
    absent = next((code for code in of_record if code not in found), None)
    if absent is not None:
        connection.execute(update(boards).where(boards.c.election_id == election_id).values(missing=absent))


def problem(connection: Connection, election: Row[Any]) -> str | None:
    """How the board differs from the codes of the record, in a sentence; None where it does not.

    Each code of the record was looked up, and the verifier finds ballots that are there twice (5.A: their
    identifiers, which codes bind); so the same number on both sides means the same codes.
    """
    row = connection.execute(select(boards.c.missing).where(boards.c.election_id == election.id)).one()
    if row.missing is not None:
        return f"the confirmation code {row.missing.hex()} stands in the record and not on the board"
    entries = connection.execute(
        select(func.count()).select_from(board_entries).where(board_entries.c.election_id == election.id)
    ).scalar_one()
    if entries != election.list_ballots:
        return f"the board has {entries} confirmation codes, the record {election.list_ballots}"
    return None
