"""Which sections a record of a phase holds (R.structure), and what its files are like (R.container, R.version)."""

from amarvote.record.sections import Section, SectionType, check_presence, phase_reached
from amarvote.record.verifier.catalogue import CRYPTOGRAPHY, step
from amarvote.record.verifier.session import Session
from amarvote.record.verifier.verdicts import Verdicts

READ_BY: dict[SectionType, frozenset[str]] = {
    SectionType.HEADER: frozenset({"R.version"}),
    SectionType.PARAMETERS: step(1) | step(2) | step(4) | CRYPTOGRAPHY,
    SectionType.MANIFEST: frozenset({"1.F", "1.structure"}) | step(4) | CRYPTOGRAPHY,
    SectionType.GUARDIANS: step(2) | step(3),
    SectionType.ELECTION_KEYS: step(3) | step(4) | CRYPTOGRAPHY,
    SectionType.DEVICE_ATTESTATIONS: frozenset({"R.attestation"}),
    SectionType.ENCRYPTED_TALLY: step(9) | {"R.summary", "10.B"},
    SectionType.CONTEST_DATA_REQUESTS: frozenset({"12.structure"}),
    SectionType.DECRYPTED_TALLY: step(10) | step(11),
    SectionType.CHALLENGED_BALLOT_DECRYPTIONS: step(13) | step(14),
    SectionType.CONTEST_DATA_DECRYPTIONS: step(12),
}
"""What cannot be evaluated without a section."""


def check_sections(session: Session, verdicts: Verdicts) -> bool:
    """Report what opening the record found, and sections that are missing; true where all of the phase are there.

    Sections of later phases than the one asked for are left alone: they are none of this verification's business.
    """
    verdicts.take(session.record.findings())
    verdicts.evaluate({"R.container", "R.encoding", "R.order", "R.structure", "R.version"})
    if phase_reached(session.sections) is None:
        verdicts.block({"R.structure"})
    missing = check_presence(session.sections, session.phase)
    verdicts.take(missing)
    for kind, codes in READ_BY.items():
        if session.single(kind) is None and Section(kind).phase <= session.phase:
            verdicts.block({code for code in codes if session.reads(code)})
    return not missing
