"""Which files make up which section: the paths decide, never the table of contents."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from amarvote.electionguard.errors import Finding
from amarvote.record.files import shown
from amarvote.record.sections import DERIVED, MANIFEST_COPY, META, Carrier, Location, Section, SectionType, locate

NO_PLACE = (
    "has no place in the layout of a record: remove it and verify again, for until then nothing else is looked at"
)


@dataclass(slots=True)
class Layout:
    """The sections that the files of a record make up."""

    carrier: Carrier | None = None
    """None where there is no section at all, or files of both carriers."""
    segments: dict[Section, int] = field(default_factory=dict)
    """How many segments each section has, numbered from 0."""
    signatures: list[str] = field(default_factory=list)
    """Paths of the files of signatures, in order."""
    manifest_copy: bool = False
    findings: list[Finding] = field(default_factory=list)


def read_layout(paths: Iterable[str]) -> Layout:
    """Sort the files of a record into sections; what has no place is a finding."""
    layout = Layout()
    numbers: dict[Section, list[int]] = {}
    carriers: set[Carrier] = set()
    for path in sorted(paths):
        location = locate(path)
        if location is not None:
            carriers.add(location.carrier)
            _place(layout, numbers, path, location)
        elif path == MANIFEST_COPY:
            layout.manifest_copy = True
        elif path != META and not path.startswith(DERIVED):
            _refuse(layout, shown(path), NO_PLACE)
    for section, found in numbers.items():
        # Paths are sorted, and eight digits sort like their numbers.
        if found[-1] != len(found) - 1 and len(carriers) == 1:
            _refuse(layout, section.title, f"has {len(found)} segments, and one of them is number {found[-1]}")
        layout.segments[section] = len(found)
    if len(carriers) > 1:
        _refuse(layout, "files", "has files of both carriers, .binpb and .jsonl: a record uses one")
    elif carriers:
        layout.carrier = carriers.pop()
    return layout


def _place(layout: Layout, numbers: dict[Section, list[int]], path: str, location: Location) -> None:
    if location.section.type is SectionType.SIGNATURES:
        layout.signatures.append(path)
    else:
        numbers.setdefault(location.section, []).append(location.segment)


def _refuse(layout: Layout, where: str, message: str) -> None:
    layout.findings.append(Finding("R.container", where, message))
