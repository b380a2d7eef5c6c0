"""What can go wrong, as sentences for people."""

from dataclasses import dataclass, field


class ElectionGuardError(Exception):
    """The protocol refuses; the message says what happened, where, and what to do."""


class ManifestError(ElectionGuardError):
    """The manifest cannot be used: every problem found, one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("The manifest cannot be used: " + "; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Finding:
    """One failed check: its code ("6.D", "R.root"), the place, and what is wrong there."""

    code: str
    where: str
    message: str


class VerificationFailed(ElectionGuardError):  # noqa: N818 - the name of the event, as in the specification
    """At least one check failed."""

    def __init__(self, findings: list[Finding]) -> None:
        first = findings[0]
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        super().__init__(f"Check {first.code} failed at {first.where}: {first.message}{more}")
        self.findings = findings


@dataclass(slots=True)
class Findings:
    """Collects findings under a place; `at` gives a collector for a place inside this one."""

    where: str = ""
    entries: list[Finding] = field(default_factory=list)

    def at(self, place: str) -> "Findings":
        """The same collection, one step further in."""
        return Findings(f"{self.where}, {place}" if self.where else place, self.entries)

    def add(self, code: str, message: str) -> None:
        """Note that check `code` failed here."""
        self.entries.append(Finding(code, self.where, message))

    def raise_if_any(self) -> None:
        """Raise VerificationFailed where anything was found."""
        if self.entries:
            raise VerificationFailed(list(self.entries))
