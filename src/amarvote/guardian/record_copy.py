"""The guardian's own copy of the public record, downloaded through its aggregated phase."""

import shutil
from pathlib import Path

from amarvote.guardian.errors import GuardianError
from amarvote.participants.files import private_folder
from amarvote.participants.service import AnswerError, Service, Unanswered
from amarvote.record.sections import Phase, SectionType, locate

MOST_FILES = 10_000_000
BETWEEN_TRIES = 0.2
PARTLY = ".part"


def download(service: Service, folder: Path) -> None:
    """Bring the record's setup, voting and aggregated sections into `folder`; what is there already, stays.

    Only paths of the record's layout are taken, no file longer than announced, and nothing larger than the disk
    has room for. Raises GuardianError where the service offers something else.
    """
    files = _listing(service)
    private_folder(folder)
    needed, free = sum(files.values()), shutil.disk_usage(folder).free
    if needed > free:
        raise GuardianError(f"The record takes {needed} bytes and {free} are free. Make room for it.")
    for path, size in files.items():
        target = folder / path
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            _fetch(service, path, size, target)


def _listing(service: Service) -> dict[str, int]:
    listing = service.get("/record").json()
    files: dict[str, int] = {}
    try:
        entries = listing["files"]
        if len(entries) > MOST_FILES:
            raise GuardianError(f"The service lists {len(entries)} files of the record; that cannot be.")
        for entry in entries:
            path, size = str(entry["path"]), int(entry["size"])
            if _wanted(path) and size >= 0:
                files[path] = size
    except (KeyError, TypeError, ValueError):
        raise AnswerError("The service's list of the record's files cannot be read.") from None
    return files


def _wanted(path: str) -> bool:
    """Sections through the aggregated phase; not the table of contents, which later phases write anew."""
    location = locate(path)
    return (
        location is not None
        and location.section.type not in (SectionType.TOC, SectionType.SIGNATURES)
        and location.section.phase <= Phase.AGGREGATED
    )


def _fetch(service: Service, path: str, size: int, target: Path) -> None:
    partly = target.with_name(target.name + PARTLY)
    while True:
        try:
            with partly.open("wb") as file:
                for piece in service.download(f"/record/{path}", size):
                    file.write(piece)
        except Unanswered:
            service.wait(BETWEEN_TRIES)
        else:
            partly.replace(target)
            return
