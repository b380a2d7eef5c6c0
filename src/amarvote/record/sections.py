"""The sections of a record: their numbers, phases, items, order, and the paths that follow from them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, IntEnum

from amarvote.electionguard.errors import Finding

FORMAT_MAJOR = 2
FORMAT_MINOR = 0
MAGIC = "EGRF"


class Phase(IntEnum):
    """The phases of a record, each closed before the next begins; numbers as in record statements."""

    SETUP = 1
    SEALED = 2
    AGGREGATED = 3
    FINAL = 4


class SectionType(IntEnum):
    """Types of sections; the high byte gives the phase."""

    HEADER = 0x0001
    PARAMETERS = 0x0002
    MANIFEST = 0x0003
    GUARDIANS = 0x0004
    ELECTION_KEYS = 0x0005
    DEVICE = 0x0101
    DEVICE_ATTESTATIONS = 0x0102
    ENCRYPTED_TALLY = 0x0201
    CONTEST_DATA_REQUESTS = 0x0202
    DECRYPTED_TALLY = 0x0301
    CHALLENGED_BALLOT_DECRYPTIONS = 0x0302
    CONTEST_DATA_DECRYPTIONS = 0x0303
    UNCAST_NONCE_RELEASES = 0x0304
    TOC = 0xFFFE
    SIGNATURES = 0xFFFF


class DeviceKind(IntEnum):
    """Kinds of voting devices."""

    REGULAR = 1
    PRE_ENCRYPTING = 2


class Carrier(Enum):
    """How items stand in files; the value is the extension of the files."""

    PROTOBUF = "binpb"
    JSON_LINES = "jsonl"


ITEMS: dict[SectionType, frozenset[str]] = {
    SectionType.HEADER: frozenset({"record_header"}),
    SectionType.PARAMETERS: frozenset({"parameters"}),
    SectionType.MANIFEST: frozenset({"manifest_file"}),
    SectionType.GUARDIANS: frozenset({"guardian_public_key"}),
    SectionType.ELECTION_KEYS: frozenset({"election_keys"}),
    SectionType.DEVICE: frozenset(
        {
            "device_header",
            "encrypted_ballot",
            "pre_encrypted_cast_ballot",
            "pre_encrypted_uncast_ballot",
            "pre_encrypted_compact_uncast_ballot",
            "device_close",
        }
    ),
    SectionType.DEVICE_ATTESTATIONS: frozenset({"device_attestation"}),
    SectionType.ENCRYPTED_TALLY: frozenset({"encrypted_tally_header", "encrypted_tally_contest"}),
    SectionType.CONTEST_DATA_REQUESTS: frozenset({"contest_data_request"}),
    SectionType.DECRYPTED_TALLY: frozenset({"decrypted_tally_contest"}),
    SectionType.CHALLENGED_BALLOT_DECRYPTIONS: frozenset({"challenged_ballot_decryption"}),
    SectionType.CONTEST_DATA_DECRYPTIONS: frozenset({"contest_data_decryption"}),
    SectionType.UNCAST_NONCE_RELEASES: frozenset({"uncast_nonce_release"}),
    SectionType.TOC: frozenset({"toc_entry"}),
    SectionType.SIGNATURES: frozenset({"record_signature"}),
}
"""The parts that the items of a section may have."""

SINGLE_FILES: dict[SectionType, str] = {
    SectionType.HEADER: "setup/header",
    SectionType.PARAMETERS: "setup/parameters",
    SectionType.MANIFEST: "setup/manifest",
    SectionType.GUARDIANS: "setup/guardians",
    SectionType.ELECTION_KEYS: "setup/election_keys",
    SectionType.DEVICE_ATTESTATIONS: "device_attestations",
    SectionType.ENCRYPTED_TALLY: "aggregated/encrypted_tally",
    SectionType.CONTEST_DATA_REQUESTS: "aggregated/contest_data_requests",
    SectionType.DECRYPTED_TALLY: "final/decrypted_tally",
    SectionType.TOC: "toc",
}
"""Sections of exactly one segment, by the path of their file without its extension."""

SEGMENTED: dict[SectionType, str] = {
    SectionType.CHALLENGED_BALLOT_DECRYPTIONS: "final/challenged_ballot_decryptions",
    SectionType.CONTEST_DATA_DECRYPTIONS: "final/contest_data_decryptions",
    SectionType.UNCAST_NONCE_RELEASES: "final/uncast_nonce_releases",
}
"""Sections of numbered segments, by their folder; devices have a folder each under `devices/`."""

MANIFEST_COPY = "setup/manifest.json"
META = "meta.json"
DERIVED = "derived/"
_KIND_WORDS = {DeviceKind.REGULAR: "regular", DeviceKind.PRE_ENCRYPTING: "pre-encrypting"}
_PHASE_WORDS = {phase: phase.name.lower() for phase in Phase}


@dataclass(frozen=True, slots=True, order=True)
class Section:
    """One section: its type, and its key (empty but for devices: kind ‖ H_DI, 33 bytes)."""

    type: SectionType
    key: bytes = b""

    @property
    def phase(self) -> Phase:
        """The phase whose root covers this section first; pseudo-sections have none."""
        if self.type >= SectionType.TOC:
            raise ValueError(f"{self.title} stands outside every phase")
        return Phase(min(self.type >> 8, 3) + 1)

    @property
    def title(self) -> str:
        """What to call the section in a sentence."""
        if self.type is SectionType.DEVICE and len(self.key) == 33:
            kind = "device" if self.key[0] == DeviceKind.REGULAR else "pre-encrypting device"
            return f"{kind} {self.key[1:].hex()}"
        return self.type.name.lower()

    def place(self, ordinal: int) -> str:
        """Where item `ordinal` (from 0) of this section is, for findings: "device 5f… ballot 17"."""
        if self.type is SectionType.DEVICE:
            return f"{self.title} ballot {ordinal}" if ordinal else f"{self.title} header"
        return f"{self.title} item {ordinal + 1}"


def device_section(kind: int, h_di: bytes) -> Section:
    """The section of the device with hash H_DI."""
    if len(h_di) != 32:
        raise ValueError(f"H_DI has {len(h_di)} bytes instead of 32")
    return Section(SectionType.DEVICE, bytes((DeviceKind(kind),)) + h_di)


def segment_path(section: Section, segment: int, carrier: Carrier) -> str:
    """The path of segment number `segment` of a section, relative to the record, with `/`."""
    single = SINGLE_FILES.get(section.type)
    if single is not None:
        if segment:
            raise ValueError(f"{section.title} is one file: it has no segment {segment}")
        return f"{single}.{carrier.value}"
    if not 0 <= segment < 10**8:
        raise ValueError(f"segment {segment} does not fit eight digits")
    return f"{_folder(section)}/{segment:08d}.{carrier.value}"


def signature_path(phase: Phase, statement_hash: bytes, carrier: Carrier) -> str:
    """The path of the signatures over a statement with this SHA-256."""
    return f"signatures/{_PHASE_WORDS[phase]}-{statement_hash.hex()}.{carrier.value}"


@dataclass(frozen=True, slots=True)
class Location:
    """What a path of the layout holds."""

    section: Section
    segment: int
    carrier: Carrier


def locate(path: str) -> Location | None:
    """The section and segment that a path stands for; None where the layout has no such path."""
    stem, _, extension = path.rpartition(".")
    carrier = _CARRIERS.get(extension)
    if carrier is None:
        return None
    single = _SINGLE_BY_PATH.get(stem)
    if single is not None:
        return Location(Section(single), 0, carrier)
    folder, _, name = stem.rpartition("/")
    if folder == "signatures":
        return Location(Section(SectionType.SIGNATURES), 0, carrier) if _SIGNATURE.fullmatch(name) else None
    if not _SEGMENT.fullmatch(name):
        return None
    device = _DEVICE.fullmatch(folder)
    if device is not None:
        kind = DeviceKind.REGULAR if device[1] == "regular" else DeviceKind.PRE_ENCRYPTING
        return Location(device_section(kind, bytes.fromhex(device[2])), int(name), carrier)
    segmented = _SEGMENTED_BY_FOLDER.get(folder)
    return None if segmented is None else Location(Section(segmented), int(name), carrier)


def phase_reached(sections: Iterable[Section]) -> Phase | None:
    """The latest phase that any of these sections belongs to; None where there is none."""
    return max((section.phase for section in sections), default=None)


def check_presence(sections: Iterable[Section], phase: Phase) -> list[Finding]:
    """R.structure for each section that a record at `phase` lacks, or has too early."""
    found = set(sections)
    findings = []
    for kind in REQUIRED:
        section = Section(kind)
        if section.phase <= phase and section not in found:
            findings.append(
                Finding("R.structure", section.title, f"a record at phase {phase.name.lower()} needs this section")
            )
    for section in sorted(found):
        if section.phase > phase:
            message = f"this section belongs to phase {section.phase.name.lower()}, after {phase.name.lower()}"
            findings.append(Finding("R.structure", section.title, message))
    return findings


REQUIRED = tuple(kind for kind in SectionType if kind < SectionType.TOC and kind is not SectionType.DEVICE)
"""Sections that a record of their phase always has, be they empty."""

_CARRIERS = {carrier.value: carrier for carrier in Carrier}
_SINGLE_BY_PATH = {path: kind for kind, path in SINGLE_FILES.items()}
_SEGMENTED_BY_FOLDER = {path: kind for kind, path in SEGMENTED.items()}
_SEGMENT = re.compile(r"[0-9]{8}", re.ASCII)
_DEVICE = re.compile(r"devices/(regular|pre-encrypting)-([0-9a-f]{64})", re.ASCII)
_SIGNATURE = re.compile(r"(setup|sealed|aggregated|final)-[0-9a-f]{64}", re.ASCII)


def _folder(section: Section) -> str:
    if section.type is SectionType.DEVICE:
        return f"devices/{_KIND_WORDS[DeviceKind(section.key[0])]}-{section.key[1:].hex()}"
    return SEGMENTED[section.type]
