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


CIPHERTEXTS_A_TASK = 64
"""About as many as one core verifies in a quarter of a second; a fine plan keeps a task of ballots near that."""

FINE_TASKS = 10_000
"""Tasks of ballots in a fine plan, about; a record that would need more is cut more coarsely."""

_BALLOTS = frozenset({Kind.DEVICE, Kind.OPENINGS})
"""What is cut more finely in a fine plan: the items whose work grows with the ballot."""


def plan_session(session: Session, *, fine: bool = False) -> list[Task]:
    """Every task, in the order in which their partials are to be merged.

    A task is fifty items; in a `fine` plan as few ballots as keep a core busy for a moment, so that somebody
    who waits sees them go by, and several cores end together.
    """
    if session.record.stopped:
        return []
    phase = int(session.phase)
    ballots = _ballots_a_task(session) if fine else CHUNK_ITEMS
    tasks = [Task(0, Kind.SETUP, phase, 0, 0, 1, 1)]
    for number, section in enumerate(session.sections):
        kind = _KINDS.get(section.type)
        if kind is not None:
            for start, stop, size in _chunks(session, section, ballots if kind in _BALLOTS else CHUNK_ITEMS):
                tasks.append(Task(len(tasks), kind, phase, number, start, stop, size))
    return tasks


def _ballots_a_task(session: Session) -> int:
    """By the longest ballot of the manifest; without one nothing is computed, and size does not matter."""
    if session.context is None:
        return CHUNK_ITEMS
    manifest = session.context.manifest
    options = [[len(manifest.contest(index).options) for index in one.contest_indices] for one in manifest.styles]
    longest = max(map(sum, options), default=1)
    total = sum(session.count(section) for section in session.sections if _KINDS.get(section.type) in _BALLOTS)
    return min(max(CIPHERTEXTS_A_TASK // max(longest, 1), total // FINE_TASKS, 1), CHUNK_ITEMS)


def _chunks(session: Session, section: Section, items: int) -> list[tuple[int, int, int]]:
    size = session.count(section)
    return [(start, min(start + items, size), size) for start in range(0, size, items)]


def run_session_task(session: Session, task: Task) -> Partial:
    """What one task finds."""
    return _CHECKS[task.kind](session, task)
