"""Small records for tests: sound in their format, and without any cryptography in them."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from gmpy2 import mpz
from hypothesis import strategies as st

from amarvote.electionguard.ballots import (
    BallotStatus,
    EncryptedBallot,
    EncryptedContest,
    EncryptedSelection,
    HashedCiphertext,
    RangeProof,
)
from amarvote.electionguard.guardians import ElectionKeys, GuardianPublicKey, SchnorrProof
from amarvote.electionguard.parameters import P, Q
from amarvote.electionguard.tallies import (
    BallotLocator,
    ChallengedBallotOpening,
    ContestDataOpening,
    ContestDataRequest,
    DecryptedTallyContest,
    DecryptedTallyOption,
    EncryptedTallyContest,
    OpenedContest,
    OpenedContestData,
    OpenedOption,
)
from amarvote.record import codec
from amarvote.record.items import (
    ChainCloseStatement,
    DeviceClose,
    DeviceHeader,
    EncryptedTallyHeader,
    PrefixCheckpointStatement,
    RecordStatement,
    SectionSealStatement,
    SignedStatement,
    TocEntry,
)
from amarvote.record.merkle import root_of
from amarvote.record.schema import RECORD_ITEM, VARINT_KINDS, Field, Kind, Message, varint
from amarvote.record.sections import Carrier, Phase, Section, SectionType, device_section, segment_path
from amarvote.record.writer import phase_root
from record_folder import write_manifest_copy, write_segment, write_signature, write_toc

MANIFEST = b'{"electionId":"e", "contests":[]}'
H_DI = bytes(range(32))
DEVICE = device_section(1, H_DI)
OTHER_DEVICE = device_section(1, bytes(32))
LOCATOR = BallotLocator(1, H_DI, 3)
SEGMENT_ITEMS = 4


def digest(number: int) -> bytes:
    return bytes((number % 256,)) * 32


def hashed(blocks: int = 1) -> HashedCiphertext:
    return HashedCiphertext(mpz(5), digest(1) * blocks, 7, int(Q) - 1)


def ballot(number: int, **changes: Any) -> EncryptedBallot:
    selection = EncryptedSelection(mpz(number + 3), P - 1, RangeProof((1, 2), (3, 4)))
    contest = EncryptedContest(1, (selection,) * 2, RangeProof((1, 2), (3, 4)), hashed(2), digest(3))
    plain = EncryptedContest(7, (selection,), RangeProof((5, 6, 7), (8, 9, 10)), None, digest(4))
    values: dict[str, Any] = {
        "id_b": digest(number),
        "h_i": digest(number + 1),
        "ballot_style": "Côte-d'Or \n\u2028 😀",
        "status": BallotStatus.CAST,
        "weight": 1,
        "encrypted_at": 1_762_200_000_005 + number,
        "contests": (contest, plain),
        "confirmation_code": digest(number + 2),
        "chaining_field": bytes(4) + digest(number + 3),
        "encrypted_nonce": hashed(),
        "ballot_ref": "",
    }
    return EncryptedBallot(**{**values, **changes})


SCHNORR = SchnorrProof(1, (2, 3, 4))
OPTION = DecryptedTallyOption(1, "ada", 0, mpz(1), 2, 3)


def guardian(index: int) -> GuardianPublicKey:
    return GuardianPublicKey(index, (mpz(1), mpz(2)), (mpz(3), P - 1), mpz(4), SCHNORR, SCHNORR)


def statements() -> list[bytes]:
    key = b"\1" + H_DI
    return [
        codec.statement_item(ChainCloseStatement(digest(1), key, "d", 1, 3, digest(2), digest(3), 5000)),
        codec.statement_item(ChainCloseStatement(digest(1), key, "d", 0, 3, digest(2), None, None)),
        codec.statement_item(SectionSealStatement(digest(1), key, 5, digest(2))),
        codec.statement_item(PrefixCheckpointStatement(digest(1), key, 2, digest(2), 1)),
        codec.statement_item(RecordStatement(Phase.FINAL, digest(1), digest(2), 2, 0, 7, "officer")),
    ]


def sections(ballots: int = 6) -> dict[Section, list[bytes]]:
    """The items of a whole record, by section."""
    device = [codec.device_header_item(DeviceHeader(1, "booth 1", H_DI, 0))]
    device += [codec.ballot_item(ballot(number)) for number in range(ballots)]
    device.append(codec.device_close_item(DeviceClose(ballots, None, None, 5000)))
    other = [
        codec.device_header_item(DeviceHeader(1, "booth 2", bytes(32), 1, digest(1))),
        codec.ballot_item(ballot(99, status=BallotStatus.CHALLENGED, encrypted_at=None, ballot_ref="x")),
        codec.device_close_item(DeviceClose(1, bytes(36), digest(2), None)),
    ]
    signed = SignedStatement(statements()[0], "ecdsa-p256-sha256", b"key", b"", b"sig")
    opened = OpenedContest(1, "mayor", (OpenedOption(1, "ada", 0, 5),), OpenedContestData(4, digest(1)))
    return {
        Section(SectionType.HEADER): [codec.header_item()],
        Section(SectionType.PARAMETERS): [codec.parameters_item(3, 2, digest(1))],
        Section(SectionType.MANIFEST): [codec.manifest_item(MANIFEST, digest(2))],
        Section(SectionType.GUARDIANS): [codec.guardian_item(guardian(index)) for index in (1, 2, 3)],
        Section(SectionType.ELECTION_KEYS): [codec.election_keys_item(ElectionKeys(mpz(4), mpz(5), digest(6)))],
        OTHER_DEVICE: other,
        DEVICE: device,
        Section(SectionType.DEVICE_ATTESTATIONS): [codec.attestation_item(signed)],
        Section(SectionType.ENCRYPTED_TALLY): [
            codec.tally_header_item(EncryptedTallyHeader(ballots, ballots)),
            codec.encrypted_tally_item(EncryptedTallyContest(1, ((mpz(1), mpz(2)), (mpz(3), P - 1)), ballots)),
        ],
        Section(SectionType.CONTEST_DATA_REQUESTS): [
            codec.contest_data_request_item(ContestDataRequest(LOCATOR, digest(4), 1))
        ],
        Section(SectionType.DECRYPTED_TALLY): [
            codec.decrypted_tally_item(DecryptedTallyContest(1, "mayor", (OPTION,)))
        ],
        Section(SectionType.CHALLENGED_BALLOT_DECRYPTIONS): [
            codec.challenged_ballot_item(ChallengedBallotOpening(LOCATOR, digest(5), (opened,)))
        ],
        Section(SectionType.CONTEST_DATA_DECRYPTIONS): [
            codec.contest_data_item(ContestDataOpening(LOCATOR, digest(5), 1, mpz(9), 1, 2, digest(6)))
        ],
        Section(SectionType.UNCAST_NONCE_RELEASES): [],
    }


def write_sections(
    root: Path, items: dict[Section, list[bytes]], carrier: Carrier, *, segment_items: int = SEGMENT_ITEMS
) -> list[TocEntry]:
    """Write sections as they are, sections of numbered segments in segments of `segment_items`."""
    entries = []
    for section, data in sorted(items.items()):
        leaves: list[bytes] = []
        step = segment_items if "/0" in segment_path(section, 0, carrier) else max(len(data), 1)
        for number, start in enumerate(range(0, max(len(data), 1), step)):
            leaves += write_segment(root, section, number, start, data[start : start + step], carrier)
        entries.append(TocEntry(section, len(data), root_of(leaves)))
    return entries


def write_record(
    root: Path, carrier: Carrier = Carrier.PROTOBUF, *, ballots: int = 6, phase: Phase = Phase.FINAL
) -> dict[Phase, bytes]:
    """A whole record up to a phase, and its roots."""
    items = {section: data for section, data in sections(ballots).items() if section.phase <= phase}
    entries = write_sections(root, items, carrier)
    write_manifest_copy(root, MANIFEST)
    write_signature(
        root,
        Phase.SETUP,
        digest(1),
        [codec.signature_item(SignedStatement(statements()[-1], "ecdsa-p256-sha256"))],
        carrier,
    )
    (root / "meta.json").write_bytes(b"{}\n")
    write_toc(root, entries, carrier)
    return {reached: phase_root(entries, reached) for reached in Phase if reached <= phase}


# ---- any item that the format allows


def items(*members: str) -> st.SearchStrategy[bytes]:
    """Canonical bytes of any item, of any kind or of the kinds named."""
    fields = [field for field in RECORD_ITEM.fields.values() if not members or field.name in members]
    return st.sampled_from(fields).flatmap(
        lambda field: _message(field.message).map(lambda data: field.tag + varint(len(data)) + data)
    )


def _message(message: Message | None) -> st.SearchStrategy[bytes]:
    if message is None:
        raise TypeError("an item's part is a message")
    fields = sorted(message.fields.values(), key=lambda field: field.number)
    return st.tuples(*(_field(field) for field in fields)).map(b"".join)


def _field(field: Field) -> st.SearchStrategy[bytes]:
    if field.repeated:
        return st.lists(_value(field), max_size=2).map(b"".join)
    if field.required:
        return _value(field)
    return st.one_of(st.just(b""), _value(field))


def _value(field: Field) -> st.SearchStrategy[bytes]:
    if field.kind in VARINT_KINDS:
        numbers: st.SearchStrategy[int]
        if field.kind is Kind.ENUM:
            numbers = st.sampled_from([number for number in field.names if number])
        else:
            greatest = {Kind.UINT32: 2**31 - 1, Kind.UINT64: 2**63 - 1, Kind.BOOL: 1}[field.kind]
            numbers = st.integers(1, greatest)
        return numbers.map(lambda number: field.tag + varint(number))
    return _payload(field).map(lambda data: field.tag + varint(len(data)) + data)


def _payload(field: Field) -> st.SearchStrategy[bytes]:
    if field.message is not None:
        return _message(field.message)
    if field.kind is Kind.STRING:
        return st.text(st.characters(codec="utf-8"), min_size=1, max_size=6).map(str.encode)
    if field.kind is Kind.TIMESTAMP:
        return st.tuples(st.integers(0, 253_402_300_799), st.integers(0, 999)).map(_timestamp)
    if field.width:
        return _filled(st.just(field.width))
    if field.width_multiple:
        return _filled(st.integers(1, 2).map(lambda count: count * field.width_multiple))
    return st.binary(min_size=1, max_size=6)


def _filled(lengths: st.SearchStrategy[int]) -> st.SearchStrategy[bytes]:
    """Bytes of a length, a few of them drawn and the rest alike: wide fields cost little."""
    return st.tuples(lengths, st.binary(min_size=4, max_size=4)).map(
        lambda drawn: drawn[1].ljust(drawn[0], b"\xa5")
    )


def _timestamp(moment: tuple[int, int]) -> bytes:
    seconds, thousandths = moment
    data = b"\x08" + varint(seconds) if seconds else b""
    return data + (b"\x10" + varint(thousandths * 1_000_000) if thousandths else b"")


def mutated(data: bytes, edits: Iterable[tuple[int, int, bytes]]) -> bytes:
    """`data` with pieces replaced: position (taken modulo the length), length of what goes, what comes."""
    for position, length, replacement in edits:
        at = position % (len(data) + 1)
        data = data[:at] + replacement + data[at + length :]
    return data


def open_files(below: Path) -> list[str]:
    """Which files there, or this one, the process has open. (Other threads open others.)"""
    found = []
    for one in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found.append(str(one.readlink()))
    return [path for path in found if path.startswith(str(below))]


EDITS = st.lists(
    st.tuples(st.integers(0, 2**20), st.integers(0, 3), st.binary(max_size=3)), min_size=1, max_size=4
)
