"""The published files of the record: through its setup or aggregated phase, or whole once it is verified."""

from pathlib import Path
from typing import Any

from amarvote.elections.errors import NotFound
from amarvote.elections.service import Service
from amarvote.pipeline import states
from amarvote.record.sections import MANIFEST_COPY, Phase, SectionType, locate


def public_phase(service: Service) -> tuple[Phase | None, str]:
    """How far the record is public, and the folder of the record. The final phase is, once it is verified."""
    with service.database.read() as connection:
        election = service.election(connection)
    if election.state == states.PUBLISHED:
        return Phase.FINAL, election.folder
    if election.aggregated_root is not None:
        return Phase.AGGREGATED, election.folder
    return (Phase.SETUP if election.setup_root is not None else None), election.folder


def listing(service: Service) -> dict[str, Any]:
    """{phase, files: [{path, size}]}; phase null and no files before there is a record."""
    phase, folder = public_phase(service)
    root = service.records / folder
    files = []
    if phase is not None:
        for file in sorted(root.rglob("*")):
            path = file.relative_to(root).as_posix()
            if file.is_file() and _is_public(path, phase):
                files.append({"path": path, "size": file.stat().st_size})
    return {"phase": None if phase is None else phase.name.lower(), "files": files}


def file_path(service: Service, path: str) -> Path:
    """Where a public file of the record is; NotFound for everything else."""
    phase, folder = public_phase(service)
    if phase is not None and _is_public(path, phase):
        found = service.records / folder / path
        if found.is_file():
            return found
    raise NotFound(f"The record has no public file {path!r}.")


def _is_public(path: str, phase: Phase) -> bool:
    """Only paths of the layout, none of a later phase: what is being written is not given out."""
    if path == MANIFEST_COPY:
        return True
    location = locate(path)
    if location is None:
        return False
    kind = location.section.type
    if kind >= SectionType.TOC:
        return kind is SectionType.TOC
    return location.section.phase <= phase
