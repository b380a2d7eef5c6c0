"""Writes records byte by byte as the format says, sharing nothing with the program's writer but the schema."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from amarvote.record import egrf_pb2 as pb

SectionKey = tuple[int, bytes]
Items = list[pb.RecordItem]
Sections = dict[SectionKey, Items]
Stored = dict[SectionKey, list[bytes]]

NAMES = {
    0x0001: "setup/header",
    0x0002: "setup/parameters",
    0x0003: "setup/manifest",
    0x0004: "setup/guardians",
    0x0005: "setup/election_keys",
    0x0102: "device_attestations",
    0x0201: "aggregated/encrypted_tally",
    0x0202: "aggregated/contest_data_requests",
    0x0301: "final/decrypted_tally",
    0x0302: "final/challenged_ballot_decryptions/00000000",
    0x0303: "final/contest_data_decryptions/00000000",
    0x0304: "final/uncast_nonce_releases/00000000",
    0xFFFE: "toc",
}
PHASE_NAMES = {1: "setup", 2: "sealed", 3: "aggregated", 4: "final"}


def path_of(section: SectionKey, segment: int = 0) -> str:
    kind, key = section
    if kind == 0x0101:
        name = {1: "regular", 2: "pre-encrypting"}.get(key[0], "unknown")
        return f"devices/{name}-{key[1:].hex()}/{segment:08d}.binpb"
    return NAMES[kind] + ".binpb"


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(0x80 | value & 0x7F)
        value >>= 7
    out.append(value)
    return bytes(out)


def frame(data: bytes) -> bytes:
    return varint(len(data)) + data


def segment(section: SectionKey, items: Iterable[bytes], first: int = 0) -> bytes:
    """One segment file: its header, then the items."""
    header = pb.SegmentHeader(
        magic="EGRF", format_major=2, section_type=section[0], key=section[1], first_ordinal=first
    )
    return b"".join(map(frame, (header.SerializeToString(), *items)))


def root_of(leaves: list[bytes]) -> bytes:
    """The Merkle tree hash of RFC 9162, straight from its definition."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\1" + root_of(leaves[:split]) + root_of(leaves[split:])).digest()


def stored(sections: Sections) -> Stored:
    """The canonical bytes of every item."""
    return {key: [item.SerializeToString(deterministic=True) for item in items] for key, items in sections.items()}


def toc_of(sections: Stored) -> list[bytes]:
    """The table of contents that the sections have."""
    return [
        pb.RecordItem(
            toc_entry=pb.TocEntry(
                section_type=kind, key=key, critical=True, item_count=len(items), root=root_of(items)
            )
        ).SerializeToString()
        for (kind, key), items in sorted(sections.items())
    ]


def phase_root(sections: Stored, phase: int) -> bytes:
    """The root of a phase, 1 setup to 4 final."""
    return root_of(toc_of({key: items for key, items in sections.items() if min(key[0] >> 8, 3) < phase}))


def write_stored(root: Path, sections: Stored, toc: list[bytes] | None = None) -> Path:
    """Write items as they are, one segment a section, and the table of contents (their own unless given)."""
    files = {path_of(key): segment(key, items) for key, items in sections.items()}
    files[path_of((0xFFFE, b""))] = segment((0xFFFE, b""), toc_of(sections) if toc is None else toc)
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def write_signature(root: Path, signature: pb.SignedStatement) -> Path:
    """Write one signature where its statement's phase and hash put it."""
    statement = pb.RecordItem.FromString(signature.statement).record_statement
    name = f"{PHASE_NAMES[statement.phase]}-{hashlib.sha256(signature.statement).hexdigest()}.binpb"
    path = root / "signatures" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    item = pb.RecordItem(record_signature=signature).SerializeToString(deterministic=True)
    path.write_bytes(segment((0xFFFF, b""), [item]))
    return path


def write_record(root: Path, sections: Sections, signatures: Iterable[pb.SignedStatement] = ()) -> Path:
    """Write a whole record."""
    write_stored(root, stored(sections))
    for signature in signatures:
        write_signature(root, signature)
    return root
