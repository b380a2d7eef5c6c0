"""Section roots and phase roots, computed and compared with the claimed table of contents (R.root)."""

from collections.abc import Sequence

from amarvote.record.digest import compare_toc
from amarvote.record.items import TocEntry
from amarvote.record.merkle import EMPTY_ROOT
from amarvote.record.sections import Phase
from amarvote.record.verifier.partial import Partial
from amarvote.record.verifier.session import Session
from amarvote.record.verifier.verdicts import Verdicts
from amarvote.record.writer import phase_root

NO_TOC = "the record has no table of contents; roots were computed and compared with nothing"

Roots = dict[Phase, bytes]
"""Roots of the phases whose every section could be digested."""


def check_roots(session: Session, partial: Partial, verdicts: Verdicts, *, complete: bool) -> Roots:
    """R.root for each section; the roots of the phases that are there and were read whole."""
    pieces = {piece.section: piece for piece in partial.pieces}
    entries: list[TocEntry | None] = []
    for number, section in enumerate(session.sections):
        piece = pieces.get(number)
        size = session.count(section)
        if piece is None and size == 0:
            entries.append(TocEntry(section, 0, EMPTY_ROOT))
        elif piece is None or piece.leaves is None or piece.start != 0 or piece.stop != size:
            entries.append(None)
        else:
            entries.append(TocEntry(section, size, piece.leaves.root()))
    claimed = session.record.claimed_toc
    if claimed is None:
        verdicts.note(NO_TOC)
    else:
        _compare(session, entries, claimed, verdicts)
    return _phase_roots(session, entries, complete=complete)


def _compare(
    session: Session, entries: Sequence[TocEntry | None], claimed: Sequence[TocEntry], verdicts: Verdicts
) -> None:
    verdicts.evaluate({"R.root"})
    claims = [entry for entry in claimed if entry.section.phase <= session.phase]
    verdicts.take(compare_toc(claims, [entry for entry in entries if entry is not None], session.sections))
    told = {entry.section for entry in claims}
    for section, entry in zip(session.sections, entries, strict=True):
        if entry is None and section in told:
            verdicts.found("R.root", section.title, "the section could not be read whole to give the claimed root")


def _phase_roots(session: Session, entries: Sequence[TocEntry | None], *, complete: bool) -> Roots:
    roots: Roots = {}
    for phase in Phase:
        if phase > session.phase or not complete:
            break
        known = [entry for entry, section in zip(entries, session.sections, strict=True) if section.phase <= phase]
        whole = [entry for entry in known if entry is not None]
        if len(whole) != len(known):
            break
        roots[phase] = phase_root(whole, phase)
    return roots
