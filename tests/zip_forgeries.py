"""Zip archives made byte by byte, so that each of their numbers can lie."""

import struct
import zlib
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Forged:
    """One file of an archive; `central` and `local` override what its two headers say."""

    name: bytes
    data: bytes = b""
    method: int = 0
    packed: bytes | None = None
    attributes: int = 0
    extra: bytes = b""
    central: dict[str, Any] = field(default_factory=dict)
    local: dict[str, Any] = field(default_factory=dict)


def deflated(data: bytes) -> bytes:
    """Raw deflated data, as archives hold it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def archive(
    files: list[Forged], *, end: dict[str, Any] | None = None, comment: bytes = b"", gap: bytes = b""
) -> bytes:
    """The bytes of an archive; `gap` stands between the directory and the end record."""
    body = b""
    directory = b""
    for file in files:
        packed = (
            file.packed if file.packed is not None else (deflated(file.data) if file.method == 8 else file.data)
        )
        true = {
            "flags": 0,
            "method": file.method,
            "crc": zlib.crc32(file.data),
            "packed": len(packed),
            "size": len(file.data),
            "name": file.name,
            "extra": file.extra,
            "offset": len(body),
            "disk": 0,
        }
        local, central = {**true, **file.local}, {**true, **file.central}
        body += struct.pack(
            "<4s5H3L2H",
            local.get("mark", b"PK\x03\x04"),
            20,
            local["flags"],
            local["method"],
            0,
            0x21,
            local["crc"],
            local["packed"],
            local["size"],
            len(local["name"]),
            len(local["extra"]),
        )
        body += local["name"] + local["extra"] + packed
        directory += struct.pack(
            "<4s6H3L5H2L",
            central.get("mark", b"PK\x01\x02"),
            0x314,
            20,
            central["flags"],
            central["method"],
            0,
            0x21,
            central["crc"],
            central["packed"],
            central["size"],
            len(central["name"]),
            len(central["extra"]),
            0,
            central["disk"],
            0,
            file.attributes,
            central["offset"],
        )
        directory += central["name"] + central["extra"]
    told = {"disk": 0, "start_disk": 0, "here": len(files), "count": len(files), "length": len(directory)}
    told |= {"start": len(body), "comment": len(comment), **(end or {})}
    tail = struct.pack(
        "<4s4H2LH",
        b"PK\x05\x06",
        *(told[name] for name in ("disk", "start_disk", "here", "count", "length", "start", "comment")),
    )
    return body + directory + gap + tail + comment


def large_end(true: dict[str, int], **changes: int) -> bytes:
    """The ZIP64 end record and its locator; `true` has `count`, `length`, `start` and `at`, its own place."""
    told = {"record": 44, "disk": 0, "disks": 1, "here": true["count"], **true, **changes}
    record = struct.pack(
        "<4sQ2H2L4Q",
        b"PK\x06\x06",
        told["record"],
        45,
        45,
        told["disk"],
        0,
        told["here"],
        told["count"],
        told["length"],
        told["start"],
    )
    return record + struct.pack("<4sLQL", b"PK\x06\x07", 0, told["at"], told["disks"])
