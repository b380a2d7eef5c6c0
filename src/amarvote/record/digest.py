"""The roots of a record, made anew from its items: records of equal roots say the same, whatever carries them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from amarvote.electionguard.errors import Finding
from amarvote.record.items import TocEntry
from amarvote.record.merkle import Tree, leaf
from amarvote.record.reader import Record
from amarvote.record.sections import Phase, Section, check_presence, phase_reached
from amarvote.record.writer import phase_root

MAX_FINDINGS = 1000
"""Findings that are kept, a bound of ours on memory; a last one counts those that are not."""

Progress = Callable[[int, int], None]
"""Called with the number of items that are done, and of all items."""


@dataclass(frozen=True, slots=True)
class RecordDigest:
    """What a record comes to: an entry per section and a root per phase, where they can be read; what is wrong."""

    entries: tuple[TocEntry, ...]
    roots: dict[Phase, bytes]
    findings: tuple[Finding, ...]


def digest_record(record: Record, progress: Progress | None = None) -> RecordDigest:
    """Read every item of a record once and give its roots, with whatever contradicts them."""
    findings = BoundedFindings()
    findings.take(record.findings())
    sections = record.sections()
    phase = phase_reached(sections)
    if record.stopped or phase is None:
        return RecordDigest((), {}, findings.all())
    findings.take(check_presence(sections, phase))
    total = sum(record.count(section) for section in sections)
    entries: list[TocEntry] = []
    done = 0
    for section in sections:
        tree = Tree()
        readable = True
        for raw in record.items(section):
            if raw.problem is not None:
                findings.take([raw.problem])
            readable = readable and bool(raw.data)
            tree.add(leaf(raw.data))
            if progress is not None:
                progress(done + tree.count, total)
        done += tree.count
        if readable:
            entries.append(TocEntry(section, tree.count, tree.root()))
    if record.claimed_toc is not None:
        findings.take(compare_toc(record.claimed_toc, entries, sections))
    return RecordDigest(tuple(entries), _roots(entries, sections, phase), findings.all())


def compare_toc(
    claimed: Iterable[TocEntry], computed: Iterable[TocEntry], sections: Iterable[Section]
) -> list[Finding]:
    """R.root where the claimed table of contents is not the one that the items come to.

    A section without an entry in `computed` could not be read; nothing is said of its root.
    """
    findings = []
    true = {entry.section: entry for entry in computed}
    told = {entry.section: entry for entry in claimed}
    found = set(sections)
    for section in sorted(found | set(told)):
        if section not in told:
            findings.append(_root_finding(section, "the table of contents does not list this section"))
        elif section not in found:
            findings.append(_root_finding(section, "the table of contents lists a section that is not there"))
        elif section in true and told[section] != true[section]:
            findings.append(_root_finding(section, _difference(true[section], told[section])))
    return findings


def _difference(true: TocEntry, told: TocEntry) -> str:
    if not told.critical:
        return "the table of contents does not call this section critical"
    return (
        f"the section has {true.item_count} items and the root {true.root.hex()}, "
        f"the table of contents says {told.item_count} and {told.root.hex()}"
    )


class BoundedFindings:
    """The first findings of a reading, and how many there were beyond them."""

    def __init__(self) -> None:
        self._kept: list[Finding] = []
        self._left_out = 0

    def take(self, findings: Iterable[Finding]) -> None:
        """Keep them, or count them."""
        for finding in findings:
            if len(self._kept) < MAX_FINDINGS:
                self._kept.append(finding)
            else:
                self._left_out += 1

    def all(self) -> tuple[Finding, ...]:
        """What was kept, each finding once, and a last one for the rest."""
        kept = dict.fromkeys(self._kept)
        if self._left_out:
            kept[Finding("R.encoding", "record", f"there are {self._left_out} more findings")] = None
        return tuple(kept)


def _roots(entries: list[TocEntry], sections: list[Section], reached: Phase) -> dict[Phase, bytes]:
    """The root of each phase up to the one reached, as long as every section under it could be read."""
    unread = set(sections) - {entry.section for entry in entries}
    first_unread = min((section.phase for section in unread), default=Phase.FINAL + 1)
    return {phase: phase_root(entries, phase) for phase in Phase if phase <= reached and phase < first_unread}


def _root_finding(section: Section, message: str) -> Finding:
    return Finding("R.root", section.title, message)
