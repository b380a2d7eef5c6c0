"""What a reader must know before anything else: where it begins, its version, its claimed contents."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from amarvote.electionguard.errors import Finding
from amarvote.record.codec import read_header, read_toc_entry
from amarvote.record.egrf_pb2 import SegmentHeader
from amarvote.record.errors import ContainerFault
from amarvote.record.files import Files, shown
from amarvote.record.items import TocEntry
from amarvote.record.sections import FORMAT_MAJOR, FORMAT_MINOR, MAGIC, Carrier, Section, SectionType, segment_path
from amarvote.record.segments import Segment

if TYPE_CHECKING:
    from amarvote.record.reader import RawItem

_GREATEST_MINOR = 0xFFFF
_HEADER = Section(SectionType.HEADER)
_TOC = Section(SectionType.TOC)


def record_below(paths: Iterable[str]) -> str | None:
    """The first folder among `paths`, one level down, that has the header of a record; None without one."""
    headers = {segment_path(_HEADER, 0, carrier) for carrier in Carrier}
    found = (path.partition("/") for path in paths)
    return min((folder for folder, _, inner in found if inner in headers), default=None)


def below(path: Path, inside: str) -> str:
    """What to do where the record is in the folder `inside` of what was given."""
    if path.is_dir():
        return f"there is one in {path / shown(inside)}: verify that"
    return (
        f"there is one in its folder {shown(inside)}: pack that folder's contents, not the folder "
        "itself, or unpack it and use amarvote record convert"
    )


def other_major(files: Files) -> Finding | None:
    """R.version where the header section is of another major version, whatever else the files look like."""
    for carrier in Carrier:
        path = segment_path(_HEADER, 0, carrier)
        if path in files.sizes:
            header = _first_header(files, path, carrier)
            if header is not None and header.magic == MAGIC and header.format_major != FORMAT_MAJOR:
                return _other(header.format_major)
    return None


def read_version(items: Iterable["RawItem"]) -> tuple[int, Finding | None]:
    """The minor version from the items of the header section, and what stops the reading."""
    minor, seen = FORMAT_MINOR, False
    for raw in items:
        if raw.item is None:
            return minor, raw.problem
        if seen:
            return minor, Finding("R.structure", "header", "this section has more than one item")
        seen = True
        if raw.item.WhichOneof("item") != "record_header":
            return minor, Finding("R.structure", "header", "the item of this section is not a record header")
        version = read_header(raw.item)
        minor = version.format_minor
        if version.format_major != FORMAT_MAJOR or minor > _GREATEST_MINOR:
            return minor, _other(version.format_major, minor)
    return minor, None if seen else Finding("R.structure", "header", "this section has no item")


def read_toc(items: Iterable["RawItem"], *, limit: int) -> tuple[list[TocEntry] | None, Finding | None]:
    """The claimed entries, and what stops the reading; at most `limit` entries are kept, and one more."""
    entries: list[TocEntry] = []
    for raw in items:
        if raw.item is None:
            return None, raw.problem
        place = _TOC.place(raw.ordinal)
        if raw.item.WhichOneof("item") != "toc_entry":
            return None, Finding("R.root", place, "this is not an entry of a table of contents")
        entry = read_toc_entry(raw.item)
        if entry.section.type >= SectionType.TOC:
            return None, Finding("R.root", place, f"{entry.section.title} has no place in a table of contents")
        if entries and entry.section <= entries[-1].section:
            return None, Finding("R.root", place, f"{entry.section.title} is out of order or there twice")
        if len(entries) <= limit:
            entries.append(entry)
    if not entries:
        return None, Finding("R.root", "toc", "the table of contents is empty")
    return entries, None


def _first_header(files: Files, path: str, carrier: Carrier) -> SegmentHeader | None:
    try:
        segment = Segment(files.open(path), carrier)
        try:
            return segment.header()
        finally:
            segment.close()
    except ContainerFault:
        return None  # told later, as the fault of that file that it is


def _other(major: int, minor: int = 0) -> Finding:
    message = f"the record is of format {major}.{minor}; this program reads format {FORMAT_MAJOR}.{FORMAT_MINOR}"
    return Finding("R.version", "header", message)
