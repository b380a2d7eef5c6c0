"""A record whose files somebody else keeps and hands out piece by piece, where there is no folder to look into."""

from typing import Protocol

from amarvote.electionguard.errors import Finding
from amarvote.record.errors import ContainerFault
from amarvote.record.files import Names


class Keeper(Protocol):
    """Who has the files."""

    def listing(self, after: str) -> list[tuple[str, int]]:
        """The next paths after this one in the keeper's order, with their sizes in bytes; none at the end."""

    def read(self, path: str, offset: int, size: int) -> bytes:
        """At most `size` bytes of a file from `offset` on; none where it is gone, or ends there."""


class KeptFiles:
    """The files of a keeper: names are known from the start, bytes are asked for when they are read."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._names = Names()
        self.sizes: dict[str, int] = {}
        """The size of each file by its path."""
        after = ""
        while listed := keeper.listing(after):
            for path, size in listed:
                if self._names.accept(path):
                    self.sizes[path] = size
                after = path

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with the names."""
        return self._names.findings

    def open(self, path: str) -> "KeptStream":
        """Read one file; raises ContainerFault where there is none of this path."""
        if path not in self.sizes:
            raise ContainerFault("is not there")
        return KeptStream(self._keeper, path, self.sizes[path])

    def close(self) -> None:
        """Nothing is kept open."""


class KeptStream:
    """One file, up to the size that it was listed with."""

    def __init__(self, keeper: Keeper, path: str, size: int) -> None:
        self._keeper = keeper
        self._path = path
        self._at = 0
        self._left = size

    def read(self, size: int) -> bytes:
        """The next bytes."""
        wanted = min(size, self._left)
        data = self._keeper.read(self._path, self._at, wanted) if wanted else b""
        if wanted and not 0 < len(data) <= wanted:
            raise ContainerFault(f"is {self._left} bytes shorter than it was listed")
        self._at += len(data)
        self._left -= len(data)
        return data

    def close(self) -> None:
        """Nothing is kept open."""
