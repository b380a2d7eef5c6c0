"""Items of a record that the protocol itself has no type for: header, parameters, device envelope, statements."""

from dataclasses import dataclass

from gmpy2 import mpz

from amarvote.record.sections import Phase, Section


@dataclass(frozen=True, slots=True)
class RecordHeader:
    """The version of the format."""

    format_major: int
    format_minor: int


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters that the record claims (checks 1.A to 1.E); values as read."""

    version: bytes
    p: mpz
    q: mpz
    r: mpz
    g: mpz
    n: int
    k: int
    h_p: bytes


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """The manifest's exact bytes, what they are, and the claimed H_B (1.F)."""

    media_type: str
    content: bytes
    h_b: bytes


@dataclass(frozen=True, slots=True)
class DeviceHeader:
    """The first item of a device's section; `initial_hash` H_0 (74) only with simple chaining."""

    kind: int
    device_id: str
    h_di: bytes
    chaining_mode: int
    initial_hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class DeviceClose:
    """The last item of a device's section; chaining field and hash (77), (78) only with simple chaining."""

    ballot_count: int
    closing_chaining_field: bytes | None
    closing_hash: bytes | None
    closed_at: int | None
    """Whole milliseconds since 1970, None where absent."""


@dataclass(frozen=True, slots=True)
class EncryptedTallyHeader:
    """How many ballots were cast, and the sum of their weights."""

    cast_ballot_count: int
    total_cast_weight: int


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """A signature over the canonical bytes of a statement; of a device (attestation) or over a root."""

    statement: bytes
    algorithm: str
    key_id: bytes = b""
    signer_key: bytes = b""
    signature: bytes = b""
    timestamp_token: bytes = b""


@dataclass(frozen=True, slots=True)
class ChainCloseStatement:
    """What a device says of its chain when it closes."""

    h_e: bytes
    device_key: bytes
    device_id: str
    chaining_mode: int
    ballot_count: int
    codes_root: bytes
    closing_hash: bytes | None
    closed_at: int | None


@dataclass(frozen=True, slots=True)
class SectionSealStatement:
    """What a device says of its whole section."""

    h_e: bytes
    device_key: bytes
    item_count: int
    section_root: bytes


@dataclass(frozen=True, slots=True)
class PrefixCheckpointStatement:
    """What a device says of its first ballots."""

    h_e: bytes
    device_key: bytes
    ballot_count: int
    codes_root: bytes
    at: int | None


@dataclass(frozen=True, slots=True)
class RecordStatement:
    """What a signer of the record says of a phase's root."""

    phase: Phase
    root: bytes
    h_e: bytes
    format_major: int
    format_minor: int
    signed_at: int | None
    signer_role: str


Statement = ChainCloseStatement | SectionSealStatement | PrefixCheckpointStatement | RecordStatement


@dataclass(frozen=True, slots=True)
class TocEntry:
    """One section as the table of contents commits to it."""

    section: Section
    item_count: int
    root: bytes
    critical: bool = True
