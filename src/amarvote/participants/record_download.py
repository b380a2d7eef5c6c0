"""The published record, brought into a folder file by file; what breaks off goes on where it was."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

from amarvote.participants.files import private_folder
from amarvote.participants.service import AnswerError, Service, Unanswered

MOST_FILES = 250_000
"""As many as a record may have."""

LONGEST_PATH = 200
BETWEEN_TRIES = 0.2
PARTLY = ".part"


class NoRoomError(Exception):
    """The disk has less room than the record takes."""


@dataclass(frozen=True, slots=True)
class Offered:
    """One file that the service lists: its size in bytes, the SHA-256 of its bytes in hex."""

    path: str
    size: int
    digest: str


def download(service: Service, folder: Path, wanted: Callable[[str], bool]) -> None:
    """Bring the files of `wanted` paths into `folder`; what is there already, stays.

    `wanted` decides what may be written where: it is true for paths of the record's layout only. No file becomes
    longer than it is listed, and none has its name before its bytes have the digest that it is listed with. Raises
    AnswerError where the service offers something else, NoRoomError.
    """
    files = [file for file in _listed(service) if wanted(file.path)]
    private_folder(folder)
    needed, free = sum(file.size for file in files), shutil.disk_usage(folder).free
    if needed > free:
        raise NoRoomError(f"The record takes {needed} bytes and {free} are free. Make room for it.")
    for file in files:
        target = folder / file.path
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            _fetch(service, file, target)


def _listed(service: Service) -> Iterator[Offered]:
    """All that the service lists, page by page."""
    after: str | None = ""
    count = 0
    while after is not None:
        entries, after = _page(service, after)
        count += len(entries)
        if count > MOST_FILES or (after is not None and not entries):
            raise AnswerError("The service's list of the record's files has no end.")
        yield from entries


def _page(service: Service, after: str) -> tuple[list[Offered], str | None]:
    page: Any = service.get("/record", after=after).json()
    try:
        entries = [Offered(str(one["path"]), int(one["size"]), str(one["sha256"])) for one in page["files"]]
        following = page["next"]
    except (KeyError, TypeError, ValueError):
        raise AnswerError("The service's list of the record's files cannot be read.") from None
    if not (following is None or isinstance(following, str)) or any(one.size < 0 for one in entries):
        raise AnswerError("The service's list of the record's files cannot be read.")
    return entries, following


def _fetch(service: Service, file: Offered, target: Path) -> None:
    partly = target.with_name(target.name + PARTLY)
    while True:
        try:
            with partly.open("ab" if _size(partly) <= file.size else "wb") as content:
                for piece in service.download(f"/record/{file.path}", file.size, file.digest, content.tell()):
                    content.write(piece)
        except Unanswered:
            service.wait(BETWEEN_TRIES)
            continue
        with partly.open("rb") as content:
            same = file_digest(content, "sha256").hexdigest() == file.digest
        if not same:
            partly.unlink()
            raise AnswerError(f"The service gives out other bytes of {file.path} than it lists.")
        partly.replace(target)
        return


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
