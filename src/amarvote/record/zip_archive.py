"""A record in a zip archive, read in place: nothing is unpacked to disk."""

import os
import zlib
from pathlib import Path

from amarvote.electionguard.errors import Finding
from amarvote.record.errors import ContainerFault
from amarvote.record.files import Names
from amarvote.record.zip_directory import STORED, ZipEntry, read_directory

_PACKED_CHUNK = 64 * 1024


class ZipArchive:
    """The files of an archive. Raises UnreadableRecord where it is none."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._names = Names()
        self._entries: dict[str, ZipEntry] = {}
        try:
            self._entries = read_directory(self._handle, os.fstat(self._handle).st_size, self._names)
        except ContainerFault as problem:
            self._names.refuse(path.name, str(problem))
        except BaseException:
            os.close(self._handle)
            raise
        self.sizes = {name: entry.size for name, entry in self._entries.items()}
        """The size of each file by its path."""

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with the archive and the names in it."""
        return self._names.findings

    def open(self, path: str) -> "ZipStream":
        """Read one file; raises ContainerFault where it is not there."""
        entry = self._entries.get(path)
        if entry is None:
            raise ContainerFault("is not in the archive")
        return ZipStream(self._handle, entry)

    def close(self) -> None:
        """Close the archive."""
        os.close(self._handle)


class ZipStream:
    """One file of an archive, held to its declared size, and to its checksum once it is read to its end."""

    def __init__(self, handle: int, entry: ZipEntry) -> None:
        self._handle = handle
        self._entry = entry
        self._position = entry.offset
        self._left = entry.size
        self._crc = 0
        self._inflate = None if entry.method == STORED else zlib.decompressobj(-zlib.MAX_WBITS)
        self._checked = False

    def read(self, size: int) -> bytes:
        """The next bytes; raises ContainerFault where they are not what the directory promised."""
        wanted = min(size, self._left)
        data = self._packed(wanted) if self._inflate is None else self._inflated(wanted)
        if wanted and not data:
            raise ContainerFault(f"ends {self._left} bytes short of the size in the archive's directory")
        self._left -= len(data)
        self._crc = zlib.crc32(data, self._crc)
        if not self._left and not self._checked:
            self._check_end()
        return data

    def close(self) -> None:
        """Nothing of its own is kept open."""

    def _packed(self, size: int) -> bytes:
        size = min(size, self._entry.offset + self._entry.packed - self._position)
        try:
            data = os.pread(self._handle, size, self._position)
        except OSError as problem:
            raise ContainerFault(f"cannot be read: {problem.strerror}") from None
        self._position += len(data)
        return data

    def _inflated(self, size: int) -> bytes:
        inflate = self._inflate
        while inflate is not None and size and not inflate.eof:
            packed = inflate.unconsumed_tail or self._packed(_PACKED_CHUNK)
            try:
                data = inflate.decompress(packed, size)
            except zlib.error:
                raise ContainerFault("is not deflated data") from None
            if data:
                return data
            if not packed:
                break
        return b""

    def _check_end(self) -> None:
        self._checked = True
        inflate = self._inflate
        if inflate is not None:
            rest = inflate.unconsumed_tail
            while not inflate.eof:
                rest = rest or self._packed(_PACKED_CHUNK)
                if not rest:
                    raise ContainerFault("ends before its deflated data does")
                try:
                    more = inflate.decompress(rest, 1)
                except zlib.error:
                    raise ContainerFault("is not deflated data") from None
                if more:
                    raise ContainerFault("inflates to more than the size in the archive's directory")
                rest = inflate.unconsumed_tail
            if inflate.unused_data or self._position != self._entry.offset + self._entry.packed:
                raise ContainerFault("has more after the end of its deflated data")
        if self._crc != self._entry.crc:
            raise ContainerFault("does not match its checksum")
