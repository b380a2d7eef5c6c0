"""The plan of a verification, and one task of it."""

from amarvote.record.sections import Section, SectionType
from amarvote.record.verifier.device_task import check_device
from amarvote.record.verifier.opening_tasks import (
    check_data_openings,
    check_openings,
    check_releases,
    check_requests,
)
from amarvote.record.verifier.partial import Partial
from amarvote.record.verifier.session import Session
from amarvote.record.verifier.setup_task import check_setup_sections
from amarvote.record.verifier.tasks import CHUNK_ITEMS, Kind, Task
from amarvote.record.verifier.totals_task import check_totals

_KINDS = {
    SectionType.DEVICE: Kind.DEVICE,
    SectionType.CONTEST_DATA_REQUESTS: Kind.REQUESTS,
    SectionType.DECRYPTED_TALLY: Kind.TOTALS,
    SectionType.CHALLENGED_BALLOT_DECRYPTIONS: Kind.OPENINGS,
    SectionType.CONTEST_DATA_DECRYPTIONS: Kind.DATA_OPENINGS,
    SectionType.UNCAST_NONCE_RELEASES: Kind.RELEASES,
}
"""Sections that are read in chunks; the setup is one task, and the others are read at the end."""

_CHECKS = {
    Kind.SETUP: check_setup_sections,
    Kind.DEVICE: check_device,
    Kind.REQUESTS: check_requests,
    Kind.TOTALS: check_totals,
    Kind.OPENINGS: check_openings,
    Kind.DATA_OPENINGS: check_data_openings,
    Kind.RELEASES: check_releases,
}


def plan_session(session: Session) -> list[Task]:
    """Every task, in the order in which their partials are to be merged."""
    if session.record.stopped:
        return []
    phase = int(session.phase)
    tasks = [Task(0, Kind.SETUP, phase, 0, 0, 1, 1)]
    for number, section in enumerate(session.sections):
        kind = _KINDS.get(section.type)
        if kind is not None:
            for start, stop, size in _chunks(session, section):
                tasks.append(Task(len(tasks), kind, phase, number, start, stop, size))
    return tasks


def _chunks(session: Session, section: Section) -> list[tuple[int, int, int]]:
    size = session.count(section)
    return [(start, min(start + CHUNK_ITEMS, size), size) for start in range(0, size, CHUNK_ITEMS)]


def run_session_task(session: Session, task: Task) -> Partial:
    """What one task finds."""
    return _CHECKS[task.kind](session, task)
