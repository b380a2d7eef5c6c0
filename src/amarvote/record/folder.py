"""A record in a folder. Links, devices, pipes and sockets are refused, never followed or opened."""

import os
import stat
from pathlib import Path

from amarvote.electionguard.errors import Finding
from amarvote.record.errors import ContainerFault, UnreadableRecord
from amarvote.record.files import Names


class Folder:
    """The plain files below a folder. A hard link is a plain file like any other."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._names = Names()
        self.sizes: dict[str, int] = {}
        """The size of each file by its path."""
        self._scan()

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with names and kinds of files."""
        return self._names.findings

    def open(self, path: str) -> "FolderStream":
        """Read one file; raises ContainerFault where it is no plain file (any more)."""
        try:
            handle = os.open(self._root / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as problem:
            raise ContainerFault(f"cannot be opened: {problem.strerror}") from None
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            os.close(handle)
            raise ContainerFault("is not a plain file")
        return FolderStream(handle, status.st_size)

    def close(self) -> None:
        """Nothing is kept open."""

    def _scan(self) -> None:
        folders = [""]
        while folders:
            folder = folders.pop()
            try:
                with os.scandir(self._root / folder) as entries:
                    for entry in entries:
                        self._take(f"{folder}{entry.name}", entry, folders)
            except OSError as problem:
                if not folder:
                    raise UnreadableRecord(f"{self._root} cannot be listed: {problem.strerror}") from None
                self._names.refuse(folder, f"cannot be listed: {problem.strerror}")

    def _take(self, path: str, entry: os.DirEntry[str], folders: list[str]) -> None:
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as problem:
            self._names.refuse(path, f"cannot be read: {problem.strerror}")
            return
        if not self._names.accept(path):
            return
        if stat.S_ISDIR(status.st_mode):
            folders.append(f"{path}/")
        elif stat.S_ISREG(status.st_mode):
            self.sizes[path] = status.st_size
        else:
            kind = "a link" if stat.S_ISLNK(status.st_mode) else "a device, pipe or socket"
            self._names.refuse(path, f"is {kind}: a record has plain files only")


class FolderStream:
    """One open file, up to the size that it had when it was opened."""

    def __init__(self, handle: int, size: int) -> None:
        self._handle = handle
        self._left = size

    def read(self, size: int) -> bytes:
        """The next bytes."""
        try:
            data = os.read(self._handle, min(size, self._left))
        except OSError as problem:
            raise ContainerFault(f"cannot be read: {problem.strerror}") from None
        if not data and self._left and size:
            raise ContainerFault(f"became {self._left} bytes shorter while it was read")
        self._left -= len(data)
        return data

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)
