"""Writes a record, segment by segment: a file appears whole or not at all; the same call twice changes nothing."""

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

from amarvote.record.canonical import check_item, member_of
from amarvote.record.codec import toc_item
from amarvote.record.errors import NotCanonical, RecordWriteError
from amarvote.record.framing import frame, segment_header
from amarvote.record.items import TocEntry
from amarvote.record.json_lines import header_to_line, item_to_line
from amarvote.record.merkle import leaf, root_of
from amarvote.record.sections import (
    DERIVED,
    ITEMS,
    MANIFEST_COPY,
    Carrier,
    Phase,
    Section,
    SectionType,
    segment_path,
    signature_path,
)

UNFINISHED = f"{DERIVED}unfinished"
"""Where files are made before they take their place; readers skip `derived/`, so a crash leaves no fault."""


def write_segment(
    root: Path,
    section: Section,
    segment: int,
    first_ordinal: int,
    items: Iterable[bytes],
    carrier: Carrier = Carrier.PROTOBUF,
) -> list[bytes]:
    """Write one segment of a section and return the leaf hashes of its items.

    `segment` is the number of the file (0 for sections of one file), `first_ordinal` the number of items in all
    segments before it. Items are canonical bytes, at most a chunk of them. The file is durable when this returns;
    an older file of the same name is replaced. Raises RecordWriteError for an item that no reader would take.
    """
    path = segment_path(section, segment, carrier)
    return _write_items(root, path, section, first_ordinal, items, carrier)


def write_signature(
    root: Path, phase: Phase, statement_hash: bytes, items: Iterable[bytes], carrier: Carrier = Carrier.PROTOBUF
) -> None:
    """Write the signatures over one statement (SHA-256 of its bytes), one item per signer."""
    path = signature_path(phase, statement_hash, carrier)
    _write_items(root, path, Section(SectionType.SIGNATURES), 0, items, carrier)


def write_toc(root: Path, entries: Iterable[TocEntry], carrier: Carrier = Carrier.PROTOBUF) -> None:
    """Write the table of contents, the last file of a phase; entries in the order of their sections."""
    section = Section(SectionType.TOC)
    _write_items(root, segment_path(section, 0, carrier), section, 0, map(toc_item, entries), carrier)
    shutil.rmtree(root / UNFINISHED, ignore_errors=True)


def write_manifest_copy(root: Path, content: bytes) -> None:
    """Write the manifest as a plain file for people, beside the section that counts."""
    with _Replacing(root, MANIFEST_COPY) as file:
        file.write(content)


def phase_root(entries: Iterable[TocEntry], phase: Phase) -> bytes:
    """The root of a phase over the sections of all phases up to it; entries in the order of their sections."""
    return root_of(leaf(toc_item(entry)) for entry in entries if entry.section.phase <= phase)


def _write_items(
    root: Path, path: str, section: Section, first_ordinal: int, items: Iterable[bytes], carrier: Carrier
) -> list[bytes]:
    with _Replacing(root, path) as file:
        return write_items(file, section, first_ordinal, items, carrier)


def write_items(
    file: IO[bytes], section: Section, first_ordinal: int, items: Iterable[bytes], carrier: Carrier
) -> list[bytes]:
    """Write the header and items of one segment to an open file; the leaf hashes. Raises RecordWriteError."""
    leaves = []
    header = segment_header(section, first_ordinal)
    if carrier is Carrier.PROTOBUF:
        file.write(frame(header.SerializeToString(deterministic=True)))
    else:
        file.write(header_to_line(header) + b"\n")
    for number, data in enumerate(items, start=first_ordinal):
        _check(section, number, data)
        file.write(frame(data) if carrier is Carrier.PROTOBUF else item_to_line(data) + b"\n")
        leaves.append(leaf(data))
    return leaves


def _check(section: Section, number: int, data: bytes) -> None:
    try:
        check_item(data)
    except NotCanonical as problem:
        raise RecordWriteError(f"{section.place(number)} cannot be written: it {problem}") from problem
    if member_of(data) not in ITEMS[section.type]:
        raise RecordWriteError(
            f"{section.place(number)} cannot be written: a {member_of(data)} has no place in this section"
        )


class _Replacing:
    """A file that takes its name only once it is whole and on the disk."""

    def __init__(self, root: Path, path: str) -> None:
        self._path = root / path
        self._temporary = root / UNFINISHED / f"{path.replace('/', '-')}.{os.getpid()}"

    def __enter__(self) -> IO[bytes]:
        _make_folder(self._path.parent)
        self._temporary.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._temporary.open("wb")
        return self._file

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._file.close()
            with suppress(FileNotFoundError):
                self._temporary.unlink()
            return
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._temporary.replace(self._path)
        _sync_folder(self._path.parent)


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, each durable in the one that holds it."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
