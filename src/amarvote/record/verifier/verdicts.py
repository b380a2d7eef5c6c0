"""What the checks have said so far: a bounded number of findings, and which checks were made or could not be."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from amarvote.electionguard.errors import Finding, Findings

KEPT_PER_CODE = 50
"""Findings of one code that are kept with place and message; the rest are counted. A record may be hostile."""

KEPT_NOTES = 50


@dataclass(slots=True)
class Verdicts:
    """Collects what is found.

    `evaluated` are checks made at least once; `blocked` those that unreadable input kept from being made at least
    once, so that they must not be called passed.
    """

    findings: list[Finding] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    evaluated: set[str] = field(default_factory=set)
    blocked: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    _inbox: list[Finding] = field(default_factory=list)

    def at(self, place: str) -> Findings:
        """A collector for one place; call `settle` when what was found there is complete."""
        return Findings(place, self._inbox)

    def found(self, code: str, place: str, message: str) -> None:
        """Note one failed check."""
        self.take([Finding(code, place, message)])

    def settle(self) -> list[Finding]:
        """Take over what collectors hold, and give it back for a look."""
        settled = self._inbox[:]
        self._inbox.clear()
        self.take(settled)
        return settled

    def take(self, findings: Iterable[Finding]) -> None:
        """Take over findings: the first of each code whole, the others as a number."""
        for finding in findings:
            count = self.counts[finding.code] = self.counts.get(finding.code, 0) + 1
            if count <= KEPT_PER_CODE:
                self.findings.append(finding)

    def evaluate(self, codes: Iterable[str]) -> None:
        """These checks were made."""
        self.evaluated.update(codes)

    def block(self, codes: Iterable[str]) -> None:
        """Something that these checks read could not be read."""
        self.blocked.update(codes)

    def note(self, sentence: str) -> None:
        """Something worth saying that is no finding."""
        if sentence not in self.notes and len(self.notes) < KEPT_NOTES:
            self.notes.append(sentence)

    def absorb(
        self,
        findings: Iterable[Finding],
        counts: Mapping[str, int],
        evaluated: Iterable[str],
        blocked: Iterable[str],
        notes: Iterable[str],
    ) -> None:
        """Take over what others collected; `counts` counts every finding, kept or not."""
        kept: dict[str, int] = {}
        for finding in findings:
            kept[finding.code] = kept.get(finding.code, 0) + 1
            if self.counts.get(finding.code, 0) + kept[finding.code] <= KEPT_PER_CODE:
                self.findings.append(finding)
        for code, count in counts.items():
            self.counts[code] = self.counts.get(code, 0) + count
        self.evaluated.update(evaluated)
        self.blocked.update(blocked)
        for note in notes:
            self.note(note)
