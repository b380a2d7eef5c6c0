"""The guardian's own copy of the public record, or of its first part."""

from functools import partial
from pathlib import Path

from amarvote.guardian.errors import GuardianError
from amarvote.participants import record_download
from amarvote.participants.record_download import NoRoomError
from amarvote.participants.service import Service
from amarvote.record.sections import Phase, SectionType, locate


def download(service: Service, folder: Path, through: Phase = Phase.AGGREGATED) -> None:
    """Bring the record's sections of the phases up to `through` into `folder`; what is there already, stays."""
    try:
        record_download.download(service, folder, partial(_wanted, through))
    except NoRoomError as problem:
        raise GuardianError(str(problem)) from None


def _wanted(through: Phase, path: str) -> bool:
    """Sections up to a phase; not the table of contents, which later phases write anew."""
    location = locate(path)
    return (
        location is not None
        and location.section.type not in (SectionType.TOC, SectionType.SIGNATURES)
        and location.section.phase <= through
    )
