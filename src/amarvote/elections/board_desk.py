"""What is asked of the board: its head and checkpoints, proofs, codes, and what became of a confirmation code."""

import base64
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from amarvote.board import tree
from amarvote.board.checkpoints import Checkpoint, open_checkpoint
from amarvote.board.files import as_file
from amarvote.board.notes import LARGEST_NOTE, NoteError, Verifier
from amarvote.elections import tokens as bearer_tokens
from amarvote.elections.errors import Conflict, NotFound, Unprocessable
from amarvote.elections.service import Service
from amarvote.elections.storing import SHOWN_STATES
from amarvote.elections.tokens import SIGNER, Issued
from amarvote.elections.values import text_of
from amarvote.pipeline import locks, sequencing, states
from amarvote.pipeline.settling import CAST
from amarvote.store.clock import now
from amarvote.store.tables import ballots, board_entries, boards, checkpoints, tokens

MOST_CODES = 10_000
"""Codes given out at once."""

LONGEST_KEY = 400

VOTING = (states.CEREMONY, states.CEREMONY_FAILED, states.SETTING_UP, states.READY, states.OPEN, states.CLOSING)
"""As long as the board may still grow."""


def name_signer(service: Service, verifier_key: Any) -> Issued:
    """Take checkpoints of this key from now on, and of no other; a token for whoever holds it.

    The token of the signer before is revoked; what that one signed stays.
    """
    text = text_of(verifier_key, "The verifier key", LONGEST_KEY)
    try:
        verifier = Verifier.parse(text)
    except NoteError as problem:
        raise Unprocessable(str(problem)) from None
    with service.database.write() as connection:
        locks.election(connection, service.election_id)
        sequencing.begin(connection, service.election_id)
        own = boards.c.election_id == service.election_id
        connection.execute(update(boards).where(own).values(signer=text))
        before = (tokens.c.election_id == service.election_id) & (tokens.c.role == SIGNER)
        connection.execute(update(tokens).where(before, tokens.c.revoked_at.is_(None)).values(revoked_at=now()))
        states.record_event(connection, service.election_id, f"the board's signer is {verifier}")
        return bearer_tokens.issue(connection, service.election_id, SIGNER)


def head(service: Service) -> dict[str, Any]:
    """{election, size, root (base64), time, signed, final}: what is to be signed, and how much of it is."""
    with service.database.read() as connection:
        return {
            **_plain(sequencing.head(connection, service.election_id)),
            "signed": _signed_size(connection, service.election_id),
            "final": service.election(connection).state not in VOTING,
        }


def put_checkpoint(service: Service, note: bytes) -> None:
    """Publish a signed checkpoint, which has to be one of this board; the same again is the same."""
    if len(note) > LARGEST_NOTE:
        raise Unprocessable(f"A note has at most {LARGEST_NOTE} bytes.")
    text = note.decode("utf-8", "replace")
    with service.database.write() as connection:
        own = select(boards).where(boards.c.election_id == service.election_id).with_for_update()
        board = connection.execute(own).one_or_none()
        if board is None or board.signer is None:
            raise Conflict("No signer is named for this board.")
        try:
            checkpoint = open_checkpoint(text, Verifier.parse(board.signer))
        except NoteError as problem:
            raise Unprocessable(str(problem)) from None
        known = connection.execute(
            select(checkpoints.c.note).where(
                checkpoints.c.election_id == service.election_id, checkpoints.c.size == checkpoint.size
            )
        ).scalar_one_or_none()
        if known == text:
            return
        _check_fits(connection, service.election_id, board, checkpoint)
        if known is None:
            values = {"election_id": service.election_id, "size": checkpoint.size, "note": text}
            connection.execute(insert(checkpoints).values(**values))


def latest_checkpoint(service: Service) -> str:
    """The newest signed note; NotFound before the first."""
    with service.database.read() as connection:
        return _latest(connection, service.election_id)[1]


def consistency(service: Service, first: int, second: int) -> dict[str, Any]:
    """{first, second, path: [base64]}: the board of `second` codes continues that of `first`."""
    with service.database.read() as connection:
        size = sequencing.head(connection, service.election_id).size
        if not 0 < first <= second <= size:
            raise Unprocessable(f"It takes 1 ≤ first ≤ second ≤ {size}, which is the size of the board.")
        hashes = sequencing.kept_hashes(connection, service.election_id)
        path = tree.consistency_path(hashes, first, second)
    return {"first": first, "second": second, "path": [_text(one) for one in path]}


def proof(service: Service, code: bytes) -> dict[str, Any]:
    """{code (hex), index, size, path: [base64], checkpoint: note}; NotFound until a checkpoint covers the code."""
    with service.database.read() as connection:
        found = _proof(connection, service.election_id, code)
    if found is None:
        raise NotFound("This confirmation code is not on the board under a signed checkpoint.")
    return found


def codes(service: Service, first: int, count: int) -> bytes:
    """Up to `count` codes from position `first` on, 32 bytes each, end to end."""
    with service.database.read() as connection:
        return b"".join(sequencing.codes(connection, service.election_id, first, min(count, MOST_CODES)))


def file(service: Service) -> Iterator[str]:
    """The board as one text, page by page: what is under the newest checkpoint, then that (`board.files`)."""
    with service.database.read() as connection:
        size, note = _latest(connection, service.election_id)
    return as_file(_pages(service, size), note)


def _pages(service: Service, size: int) -> Iterator[list[bytes]]:
    for first in range(0, size, MOST_CODES):
        with service.database.read() as connection:
            page = sequencing.codes(connection, service.election_id, first, min(MOST_CODES, size - first))
        yield page  # no transaction waits for whoever reads


def of_code(service: Service, code: bytes) -> dict[str, Any]:
    """{code (hex), id_b (hex), state, status, findings, proof}: what became of the ballot with this code.

    `status` is cast or challenged; `proof` null until the code is on the board under a signed checkpoint. A code
    that several submissions claim is that of the one that was accepted, for it was computed anew; otherwise of
    one that is not settled yet.
    """
    with service.database.read() as connection:
        rows = connection.execute(
            select(ballots.c.id_b, ballots.c.state, ballots.c.status, ballots.c.findings).where(
                ballots.c.election_id == service.election_id, ballots.c.confirmation_code == code
            )
        ).all()
        if not rows:
            raise NotFound("No ballot with this confirmation code was submitted.")
        row = min(rows, key=lambda one: (one.state != "accepted", one.state == "rejected", one.id_b))
        return {
            "code": code.hex(),
            "id_b": row.id_b.hex(),
            "state": SHOWN_STATES.get(row.state, row.state),
            "status": "cast" if row.status == CAST else "challenged",
            "findings": row.findings or [],
            "proof": _proof(connection, service.election_id, code),
        }


def _check_fits(connection: Connection, election_id: str, board: Row[Any], checkpoint: Checkpoint) -> None:
    """Conflict unless the checkpoint is one of this board."""
    if checkpoint.election != election_id or not 0 < checkpoint.size <= board.size:
        raise Conflict(
            f"This is no checkpoint of the board of election {election_id}, which has {board.size} codes."
        )
    if checkpoint.root != tree.root(sequencing.kept_hashes(connection, election_id), checkpoint.size):
        raise Conflict(
            f"The board's first {checkpoint.size} codes have another root than the checkpoint: either the signer "
            "was shown other codes, or the database was changed since."
        )


def _proof(connection: Connection, election_id: str, code: bytes) -> dict[str, Any] | None:
    position = connection.execute(
        select(board_entries.c.position).where(
            board_entries.c.election_id == election_id, board_entries.c.code == code
        )
    ).scalar_one_or_none()
    if position is None or position >= _signed_size(connection, election_id):
        return None
    size, note = _latest(connection, election_id)
    path = tree.inclusion_path(sequencing.kept_hashes(connection, election_id), position, size)
    return {
        "code": code.hex(),
        "index": position,
        "size": size,
        "path": [_text(one) for one in path],
        "checkpoint": note,
    }


def _signed_size(connection: Connection, election_id: str) -> int:
    own = select(checkpoints.c.size).where(checkpoints.c.election_id == election_id)
    return connection.execute(own.order_by(checkpoints.c.size.desc()).limit(1)).scalar_one_or_none() or 0


def _latest(connection: Connection, election_id: str) -> tuple[int, str]:
    own = select(checkpoints.c.size, checkpoints.c.note).where(checkpoints.c.election_id == election_id)
    row = connection.execute(own.order_by(checkpoints.c.size.desc()).limit(1)).one_or_none()
    if row is None:
        raise NotFound("No checkpoint of this board is signed yet.")
    return row.size, row.note


def _plain(checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "election": checkpoint.election,
        "size": checkpoint.size,
        "root": _text(checkpoint.root),
        "time": checkpoint.time,
    }


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
