"""The central directory of a zip archive, read so strictly that no two readers could see different files in it.

The archive is not trusted in anything: the end record must be the last one, the directory must fill exactly the
bytes before it, every local header must say the same as the directory, and no two files may share a byte (draft
5.4). Data that would inflate beyond reason is refused by its declared sizes, and held to them while it is read.
"""

import os
import stat
import struct
from dataclasses import dataclass

from amarvote.record.errors import ContainerFault, UnreadableRecord
from amarvote.record.files import MAX_FILES, Names

STORED, DEFLATED = 0, 8

MAX_RATIO = 20
RATIO_SLACK = 16 * 1024 * 1024
"""All files together may have 20 times the size of the archive and 16 MiB; a record in JSON comes to 1.4 times."""

_END = struct.Struct("<4s4H2LH")
_END_MARK = b"PK\x05\x06"
_LOCATOR = struct.Struct("<4sLQL")
_LOCATOR_MARK = b"PK\x06\x07"
_END64 = struct.Struct("<4sQ2H2L4Q")
_END64_MARK = b"PK\x06\x06"
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_CENTRAL_MARK = b"PK\x01\x02"
_LOCAL = struct.Struct("<4s5H3L2H")
_LOCAL_MARK = b"PK\x03\x04"
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_END_FULL = (_FULL16, _FULL16, _FULL32, _FULL32)
"""What the end record's numbers of files, length and start say where they are given in the larger one."""
_ENCRYPTED = 0x0001 | 0x0040 | 0x2000
_SIZES_FOLLOW = 0x0008


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """One file of the archive: where its data lies and what it must come to."""

    method: int
    crc: int
    packed: int
    size: int
    offset: int


@dataclass(frozen=True, slots=True)
class _Header:
    """One file as the central directory tells of it."""

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    attributes: int
    local: int


def read_directory(handle: int, size: int, names: Names) -> dict[str, ZipEntry]:
    """The files of an archive by path; what is wrong with one file goes to `names`.

    Raises UnreadableRecord where the bytes are no archive, ContainerFault where the directory itself is broken.
    """
    start, end, count = _find_directory(handle, size)
    entries: dict[str, ZipEntry] = {}
    extents: list[tuple[int, int, str]] = []
    position = start
    for _ in range(count):
        header, position = _read_header(handle, position, end)
        path = header.name.decode("latin-1")
        folder = path.endswith("/")
        if not names.accept(path.removesuffix("/")):
            continue
        try:
            _check_header(header, folder=folder)
            entry = _read_local(handle, header, start)
        except ContainerFault as problem:
            names.refuse(path, str(problem))
            continue
        extents.append((header.local, entry.offset + entry.packed, path))
        if not folder:
            entries[path] = entry
    if position != end:
        raise ContainerFault(f"the archive's directory has {end - position} bytes after its {count} files")
    _check_overlaps(extents, names)
    total = sum(entry.size for entry in entries.values())
    if total > MAX_RATIO * size + RATIO_SLACK:
        raise ContainerFault(f"the archive would inflate from {size} to {total} bytes, as a bomb does")
    return entries


def _find_directory(handle: int, size: int) -> tuple[int, int, int]:
    """Where the central directory starts and ends, and how many files it lists."""
    end_at, disks, values = _read_end(handle, size)
    directory_end = end_at
    locator = os.pread(handle, _LOCATOR.size, end_at - _LOCATOR.size) if end_at >= _LOCATOR.size else b""
    if locator.startswith(_LOCATOR_MARK):
        directory_end, large = _read_end64(handle, end_at, locator)
        if any(value not in (true, full) for value, full, true in zip(values, _END_FULL, large, strict=True)):
            raise ContainerFault("the archive's two end records differ")
        values = large
        disks -= {_FULL16}
    elif any(value == full for value, full in zip(values, _END_FULL, strict=True)):
        raise ContainerFault("the archive's end record points to a larger one that is not there")
    here, count, length, start = values
    if disks - {0} or here != count:
        raise ContainerFault("the archive is one of several parts")
    if start + length != directory_end:
        raise ContainerFault("the archive's directory does not fill the bytes up to its end record")
    if count > MAX_FILES:
        raise UnreadableRecord(f"There are more than {MAX_FILES} files: this cannot be a record")
    return start, directory_end, count


def _read_end(handle: int, size: int) -> tuple[int, set[int], list[int]]:
    """Where the end record lies, the numbers of its disks, and its numbers of files, length and start."""
    tail_at = max(0, size - _END.size - _FULL16)
    tail = os.pread(handle, size - tail_at, tail_at)
    found = tail.rfind(_END_MARK)
    if found < 0:
        if os.pread(handle, len(_LOCAL_MARK), 0) == _LOCAL_MARK:
            raise UnreadableRecord("it looks like a zip archive that is cut off")
        raise UnreadableRecord("it is neither a folder nor a zip archive")
    if len(tail) - found < _END.size:
        raise ContainerFault("the archive's end record is cut short")
    _, disk, start_disk, *values, comment = _END.unpack_from(tail, found)
    if found + _END.size + comment != len(tail):
        raise ContainerFault("the archive does not end with its end record and comment")
    return tail_at + found, {disk, start_disk}, values


def _read_end64(handle: int, end_at: int, locator: bytes) -> tuple[int, list[int]]:
    _, disk, at, disks = _LOCATOR.unpack(locator)
    data = os.pread(handle, _END64.size, at) if at == end_at - _LOCATOR.size - _END64.size else b""
    if len(data) != _END64.size or not data.startswith(_END64_MARK):
        raise ContainerFault("the archive's large end record is not where it must be")
    _, length, _, _, own_disk, start_disk, here, count, size, start = _END64.unpack(data)
    if length != _END64.size - 12 or disk or own_disk or start_disk or disks > 1:
        raise ContainerFault("the archive's large end record is not of the one form that a record may have")
    return at, [here, count, size, start]


def _read_header(handle: int, position: int, end: int) -> tuple[_Header, int]:
    fixed = os.pread(handle, _CENTRAL.size, position)
    if position + _CENTRAL.size > end or len(fixed) != _CENTRAL.size or not fixed.startswith(_CENTRAL_MARK):
        raise ContainerFault("the archive's directory ends before its last file")
    (
        _,
        _,
        _,
        flags,
        method,
        _,
        _,
        crc,
        packed,
        size,
        name_length,
        extra_length,
        comment_length,
        disk,
        _,
        attributes,
        local,
    ) = _CENTRAL.unpack(fixed)
    after = position + _CENTRAL.size + name_length + extra_length + comment_length
    if after > end:
        raise ContainerFault("the archive's directory ends before its last file")
    variable = os.pread(handle, name_length + extra_length, position + _CENTRAL.size)
    name, extra = variable[:name_length], variable[name_length:]
    values = _large_values(extra, [size, packed, local])
    if disk not in (0, _FULL16):
        raise ContainerFault("the archive is one of several parts")
    return _Header(name, flags, method, crc, values[1], values[0], attributes, values[2]), after


def _large_values(extra: bytes, values: list[int]) -> list[int]:
    """The values of a header, those that are marked taken from the ZIP64 extra field in their order."""
    position = 0
    large = b""
    while position < len(extra):
        if position + 4 > len(extra):
            raise ContainerFault("a file's extra field is cut short")
        kind, length = struct.unpack_from("<HH", extra, position)
        position += 4
        if position + length > len(extra):
            raise ContainerFault("a file's extra field is cut short")
        if kind == 1:
            if large:
                raise ContainerFault("a file gives its large sizes twice")
            large = extra[position : position + length]
        position += length
    result = []
    position = 0
    for value in values:
        if value == _FULL32:
            if position + 8 > len(large):
                raise ContainerFault("a file's large size is not given")
            (value,) = struct.unpack_from("<Q", large, position)
            position += 8
        result.append(value)
    return result


def _check_header(header: _Header, *, folder: bool) -> None:
    if header.flags & _ENCRYPTED:
        raise ContainerFault("is encrypted")
    if header.method not in (STORED, DEFLATED):
        raise ContainerFault(f"is compressed by method {header.method}; a record uses 0 and 8")
    kind = stat.S_IFMT(header.attributes >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR) or (kind == stat.S_IFDIR) > folder:
        raise ContainerFault("is a link or a device: a record has plain files only")
    if folder and (header.method or header.size or header.packed):
        raise ContainerFault("is a folder with data in it")
    if header.method == STORED and header.size != header.packed:
        raise ContainerFault("is stored, and yet has two sizes")


def _read_local(handle: int, header: _Header, limit: int) -> ZipEntry:
    """The entry of one file, its local header found to agree; its data ends before `limit`."""
    fixed = os.pread(handle, _LOCAL.size, header.local) if header.local + _LOCAL.size <= limit else b""
    if len(fixed) != _LOCAL.size or not fixed.startswith(_LOCAL_MARK):
        raise ContainerFault("has no local header where the directory says")
    _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack(fixed)
    variable = os.pread(handle, name_length + extra_length, header.local + _LOCAL.size)
    offset = header.local + _LOCAL.size + name_length + extra_length
    if len(variable) != name_length + extra_length or offset + header.packed > limit:
        raise ContainerFault("reaches into the archive's directory")
    size, packed = _large_values(variable[name_length:], [size, packed])
    told = (crc, packed, size)
    later = flags & _SIZES_FOLLOW and told == (0, 0, 0)
    agrees = later or told == (header.crc, header.packed, header.size)
    if variable[:name_length] != header.name or method != header.method or flags & _ENCRYPTED or not agrees:
        raise ContainerFault("has a local header that disagrees with the archive's directory")
    return ZipEntry(method, header.crc, header.packed, header.size, offset)


def _check_overlaps(extents: list[tuple[int, int, str]], names: Names) -> None:
    reached = 0
    for start, end, path in sorted(extents):
        if start < reached:
            names.refuse(path, "shares bytes of the archive with another file")
        reached = max(reached, end)
