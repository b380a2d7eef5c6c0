"""The report: an outcome for every check, the findings, and the roots."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from amarvote.electionguard.errors import Finding
from amarvote.record.outcome import Outcome
from amarvote.record.sections import Phase
from amarvote.record.verifier.catalogue import CHECKS, CODES
from amarvote.record.verifier.results import Results
from amarvote.record.verifier.verdicts import Verdicts

_RANK = {code: number for number, code in enumerate(CODES)}


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """What came of verifying a record up to `phase`.

    `checks` has an outcome for each code of the catalogue, in its order. `findings` are the first of each code, by
    code and then in the order of the record; `counts` counts them all. `roots` are those of the phases there are.
    `results` are there where the final phase was verified and passed.
    """

    phase: Phase
    checks: Mapping[str, str]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    roots: Mapping[Phase, bytes] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    results: Results | None = None

    @property
    def passed(self) -> bool:
        """Nothing failed, and nothing that belongs to the phase was left unread.

        Signatures that this program cannot judge (a key or a kind that it does not have) do not count against it.
        """
        unread = {code for code, outcome in self.checks.items() if outcome == Outcome.NOT_EVALUABLE}
        return not self.findings and unread <= {"R.signature", "R.attestation"}


def report(verdicts: Verdicts, phase: Phase, roots: Mapping[Phase, bytes]) -> VerificationReport:
    """The report that the verdicts come to."""
    verdicts.settle()
    checks = {}
    for check in CHECKS:
        if verdicts.counts.get(check.code):
            checks[check.code] = Outcome.FAILED
        elif check.phase > phase:
            checks[check.code] = Outcome.NOT_APPLICABLE
        elif check.code in verdicts.blocked:
            checks[check.code] = Outcome.NOT_EVALUABLE
        elif check.code in verdicts.evaluated:
            checks[check.code] = Outcome.PASSED
        else:
            checks[check.code] = Outcome.NOT_APPLICABLE
    kept: dict[str, int] = {}
    for finding in verdicts.findings:
        kept[finding.code] = kept.get(finding.code, 0) + 1
    notes = [] if phase is Phase.FINAL else [f"not looked at: phases after {phase.name.lower()}"]
    notes += verdicts.notes
    notes += [
        f"{code}: {count - kept.get(code, 0)} more findings are not listed"
        for code, count in verdicts.counts.items()
        if count > kept.get(code, 0)
    ]
    return VerificationReport(
        phase=phase,
        checks=checks,
        findings=tuple(sorted(verdicts.findings, key=lambda finding: _RANK[finding.code])),
        notes=tuple(notes),
        roots=dict(roots),
        counts=dict(verdicts.counts),
    )
