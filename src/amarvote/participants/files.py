"""Files that a participant relies on: written whole or not at all, on disk before anything depends on them."""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

log = logging.getLogger(__name__)

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


class HomeError(Exception):
    """A participant's folder cannot be used; the message says why and what to do."""


def private_folder(path: Path) -> Path:
    """Make `path` and its parents where missing; only the owner may look into `path` itself."""
    path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    return path


def write_durably(path: Path, data: bytes) -> None:
    """Replace `path` by `data` (mode 0600): after return it survives a power cut, before it nothing changed."""
    temporary = path.with_name(f".{path.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    keep_durably(temporary, path)


def keep_durably(temporary: Path, path: Path) -> None:
    """Let a file that was written under a name of its own replace `path`, once it is on disk."""
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)
    _settle(path.parent)


@contextmanager
def durable_text(path: Path) -> Iterator[TextIO]:
    """A private text file to write from its start, which is on disk when the block ends."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def erase(path: Path) -> None:
    """Overwrite a secret with zeros and remove it; nothing happens where it is gone already.

    A file system that journals data, or a flash disk, may keep old blocks: whoever fears that encrypts the disk.
    """
    try:
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    except FileNotFoundError:
        return
    _settle(path.parent)


def read_bounded(path: Path, largest: int) -> bytes:
    """The bytes of a file of at most `largest` bytes; HomeError where it is larger or cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(largest + 1)
    except OSError as problem:
        raise HomeError(f"{path} cannot be read: {problem.strerror}.") from None
    if len(data) > largest:
        raise HomeError(f"{path} is larger than the {largest} bytes that belong there.")
    return data


@contextmanager
def alone_in(home: Path, *, patient: bool = True) -> Iterator[None]:
    """Wait until no other process works in `home`, and keep others out until the end of the block.

    HomeError at once where one does and nobody is `patient`.
    """
    with (home / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not patient:
                raise HomeError(
                    f"Another program works in {home}. Stop it first, or leave it to that one."
                ) from None
            log.warning("another process works in %s; this one waits for its end", home)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _settle(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
