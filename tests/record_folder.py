"""Records in folders, written file by file with the functions that write the real ones."""

from collections.abc import Iterable
from pathlib import Path

from amarvote.record.items import TocEntry
from amarvote.record.merkle import leaf
from amarvote.record.sections import MANIFEST_COPY, Carrier, Phase, Section, SectionType, signature_path
from amarvote.record.writer import segment_file, toc_file, write_items


def write_segment(
    root: Path,
    section: Section,
    segment: int,
    first_ordinal: int,
    items: Iterable[bytes],
    carrier: Carrier = Carrier.PROTOBUF,
) -> list[bytes]:
    """Write one segment; the leaf hashes of its items."""
    kept = list(items)
    _write(root, *segment_file(section, segment, first_ordinal, kept, carrier))
    return [leaf(item) for item in kept]


def write_signature(
    root: Path, phase: Phase, statement_hash: bytes, items: Iterable[bytes], carrier: Carrier = Carrier.PROTOBUF
) -> None:
    """Write the signatures over one statement."""
    path = root / signature_path(phase, statement_hash, carrier)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_items(file, Section(SectionType.SIGNATURES), 0, items, carrier)


def write_toc(root: Path, entries: Iterable[TocEntry], carrier: Carrier = Carrier.PROTOBUF) -> None:
    """Write the table of contents."""
    _write(root, *toc_file(entries, carrier))


def write_manifest_copy(root: Path, content: bytes) -> None:
    """Write the manifest's plain copy."""
    _write(root, MANIFEST_COPY, content)


def _write(root: Path, path: str, data: bytes) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
