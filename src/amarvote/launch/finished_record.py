"""The finished record, brought into the folder of the run: whole and on the disk, or not there under its name."""

import os
from pathlib import Path

from amarvote.launch.errors import RunParked
from amarvote.participants.record_download import NoRoomError, download
from amarvote.participants.service import Service
from amarvote.record.sections import MANIFEST_COPY, locate


def bring_record(service: Service, target: Path) -> None:
    """Download the published record into `target`, unless it is there; RunParked where the disk has no room."""
    if target.exists():
        return
    unfinished = target.with_name(f".{target.name}.new")
    unfinished.mkdir(exist_ok=True)
    try:
        download(service, unfinished, _wanted)
    except NoRoomError as problem:
        raise RunParked(str(problem)) from None
    for path in [unfinished, *unfinished.rglob("*")]:
        _settle(path)
    unfinished.rename(target)
    _settle(target.parent)


def _wanted(path: str) -> bool:
    return path == MANIFEST_COPY or locate(path) is not None


def _settle(path: Path) -> None:
    """On the disk, content or names."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
