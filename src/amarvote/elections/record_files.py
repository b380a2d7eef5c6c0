"""The published files of the record: through its setup or aggregated phase, or whole once it is verified."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from amarvote.elections.errors import NotFound
from amarvote.elections.service import Service
from amarvote.pipeline import states
from amarvote.pipeline.record_files import LARGEST_PIECE, Writing, complete, find, listed, read_piece
from amarvote.record.sections import MANIFEST_COPY, Phase, locate

LISTED_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class PublicFile:
    """One public file: where it is kept, its size in bytes, the SHA-256 of its bytes in hex."""

    writing: Writing
    path: str
    size: int
    digest: str


def listing(service: Service, after: str = "", limit: int = LISTED_AT_ONCE) -> dict[str, Any]:
    """{phase, files: [{path, size, sha256}], next}: the files after `after`, and where to go on, null at the end.

    Phase null and no files before there is a record.
    """
    with service.database.read() as connection:
        writing = _public(connection, service)
        rows = [] if writing is None else listed(connection, writing, after, limit + 1)
    files = [{"path": row.path, "size": row.size, "sha256": row.sha256.hex()} for row in rows[:limit]]
    return {
        "phase": None if writing is None else writing.through.name.lower(),
        "files": files,
        "next": files[-1]["path"] if len(rows) > limit else None,
    }


def public_file(service: Service, path: str) -> PublicFile:
    """A public file of the record; NotFound for everything else."""
    if path == MANIFEST_COPY or locate(path) is not None:
        with service.database.read() as connection:
            writing = _public(connection, service)
            row = None if writing is None else find(connection, writing, path)
        if writing is not None and row is not None:
            return PublicFile(writing, path, row.size, row.sha256.hex())
    raise NotFound(f"The record has no public file {path!r}.")


def content(service: Service, file: PublicFile, first: int, stop: int) -> Iterator[bytes]:
    """Bytes first..stop-1 of a public file: one piece is in memory, and no connection held in between."""
    while first < stop:
        with service.database.read() as connection:
            piece = read_piece(connection, file.writing, file.path, first, min(stop - first, LARGEST_PIECE))
        if not piece:
            raise NotFound(f"{file.path} is shorter than {file.size} bytes: it was changed in the database.")
        first += len(piece)
        yield piece


def _public(connection: Connection, service: Service) -> Writing | None:
    """The newest complete writing, through what is public: the final phase is, once it is verified."""
    election = service.election(connection)
    if election.state == states.PUBLISHED:
        phase = Phase.FINAL
    elif election.aggregated_root is not None:
        phase = Phase.AGGREGATED
    else:
        phase = Phase.SETUP
    return complete(connection, service.election_id, phase)
