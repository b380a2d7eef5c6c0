"""The files of the record, kept in the database: what segments and tables of contents were written to, and when.

A record grows phase by phase, and a *writing* of it is one run over all its sections: the first, and one more for
each command to write it anew (rule 14). A writing is complete through a phase once that phase's table of contents
is there, which is written last. Files never change; what is read piece by piece is of one piece.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select

from amarvote.pipeline.computing.asking import GIVEN
from amarvote.pipeline.messages import Message
from amarvote.record.sections import Carrier, Phase, Section, SectionType, segment_path
from amarvote.store.tables import record_files

LISTED_AT_ONCE = 5000
LARGEST_PIECE = 1 << 20
"""Bytes that are read at once."""

TOC = segment_path(Section(SectionType.TOC), 0, Carrier.PROTOBUF)


@dataclass(frozen=True, slots=True)
class Writing:
    """The record of an election as this writing of it stands through a phase."""

    election_id: str
    number: int
    through: Phase


def writing_of(phase: Row[Any]) -> int:
    """Which writing of the record a phase of the pipeline belongs to: its scope says so, the first has none."""
    return int(phase.scope or 1)


def complete(connection: Connection, election_id: str, through: Phase) -> Writing | None:
    """The newest writing that is complete through this phase; None where there is none yet."""
    number = connection.execute(
        select(func.max(record_files.c.writing)).where(
            record_files.c.election_id == election_id,
            record_files.c.path == TOC,
            record_files.c.phase == int(through),
        )
    ).scalar_one()
    return None if number is None else Writing(election_id, number, through)


def store_file(connection: Connection, writing: Writing, path: str, data: bytes) -> None:
    """Store a file that belongs to the phase `writing.through`; each is stored once."""
    connection.execute(
        insert(record_files).values(
            election_id=writing.election_id,
            writing=writing.number,
            path=path,
            phase=int(writing.through),
            size=len(data),
            sha256=sha256(data).digest(),
            data=data,
        )
    )


def listed(connection: Connection, writing: Writing, after: str, most: int = LISTED_AT_ONCE) -> list[Row[Any]]:
    """The next files after this path: `path`, `size`, `sha256`."""
    query = _files(writing).where(record_files.c.path > after).order_by(record_files.c.path).limit(most)
    return list(connection.execute(query))


def find(connection: Connection, writing: Writing, path: str) -> Row[Any] | None:
    """One file: `path`, `size`, `sha256`; None where the record has none of this path."""
    return connection.execute(_files(writing).where(record_files.c.path == path)).one_or_none()


def read_piece(connection: Connection, writing: Writing, path: str, offset: int, size: int) -> bytes:
    """Up to `size` bytes, at most LARGEST_PIECE, of a file from `offset` on; none where it is not there."""
    piece = func.substr(record_files.c.data, offset + 1, min(size, LARGEST_PIECE), type_=record_files.c.data.type)
    found = connection.execute(_of(writing, select(piece)).where(record_files.c.path == path)).scalar_one_or_none()
    return b"" if found is None else bytes(found)


def give(connection: Connection, wanted: Message) -> Message:
    """What a child that verifies a written record asks for (see `computing.asking`)."""
    fields = wanted.fields
    writing = Writing(fields["election"], fields["writing"], Phase.FINAL)
    if "after" in fields:
        files = listed(connection, writing, fields["after"])
        return Message(GIVEN, {"files": [[file.path, file.size] for file in files]})
    return Message(GIVEN, {}, (read_piece(connection, writing, fields["path"], fields["offset"], fields["size"]),))


def _files(writing: Writing) -> Select[Any]:
    return _of(writing, select(record_files.c.path, record_files.c.size, record_files.c.sha256))


def _of(writing: Writing, query: Select[Any]) -> Select[Any]:
    """Files of all phases up to the writing's; of the tables of contents, one for each phase, the last."""
    return query.where(
        record_files.c.election_id == writing.election_id,
        record_files.c.writing == writing.number,
        record_files.c.phase <= int(writing.through),
        (record_files.c.path != TOC) | (record_files.c.phase == int(writing.through)),
    )
