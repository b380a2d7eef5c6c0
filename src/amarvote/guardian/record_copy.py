"""The guardian's own copy of the public record, downloaded through its aggregated phase."""

from pathlib import Path

from amarvote.guardian.errors import GuardianError
from amarvote.participants import record_download
from amarvote.participants.record_download import NoRoomError
from amarvote.participants.service import Service
from amarvote.record.sections import Phase, SectionType, locate


def download(service: Service, folder: Path) -> None:
    """Bring the record's setup, voting and aggregated sections into `folder`; what is there already, stays."""
    try:
        record_download.download(service, folder, _wanted)
    except NoRoomError as problem:
        raise GuardianError(str(problem)) from None


def _wanted(path: str) -> bool:
    """Sections through the aggregated phase; not the table of contents, which later phases write anew."""
    location = locate(path)
    return (
        location is not None
        and location.section.type not in (SectionType.TOC, SectionType.SIGNATURES)
        and location.section.phase <= Phase.AGGREGATED
    )
