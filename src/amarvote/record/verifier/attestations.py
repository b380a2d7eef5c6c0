"""What devices signed about their own sections (R.attestation)."""

import hashlib
from collections.abc import Iterator, Sequence

from amarvote.record.codec import (
    confirmation_code_item,
    read_device_close,
    read_device_header,
    read_signed,
    read_statement,
)
from amarvote.record.errors import NotCanonical
from amarvote.record.items import (
    ChainCloseStatement,
    PrefixCheckpointStatement,
    RecordStatement,
    SectionSealStatement,
    SignedStatement,
)
from amarvote.record.merkle import Tree, leaf
from amarvote.record.reader import RawItem
from amarvote.record.sections import DeviceKind, Section, SectionType
from amarvote.record.verifier.partial import Partial, Piece
from amarvote.record.verifier.pieces import PieceBuilder
from amarvote.record.verifier.session import Session
from amarvote.record.verifier.signed import NotChecked, SignatureProblem, check_signature
from amarvote.record.verifier.verdicts import Verdicts

CODE = "R.attestation"

DeviceStatement = ChainCloseStatement | SectionSealStatement | PrefixCheckpointStatement
Checkpoint = tuple[int, bytes, str]
"""Number of ballots, stated root over their codes, place of the statement."""

_MEMBERS: dict[type[DeviceStatement], int] = {
    ChainCloseStatement: 40,
    SectionSealStatement: 41,
    PrefixCheckpointStatement: 42,
}
"""The numbers of the statements in an item, by which attestations of one device are sorted."""


def check_attestations(session: Session, partial: Partial, verdicts: Verdicts) -> list[Piece]:
    """Every attestation: what it states of its device must be so, and it must be good where its key is there."""
    section = session.single(SectionType.DEVICE_ATTESTATIONS)
    if section is None:
        return []
    builder = PieceBuilder(section, session.numbers[section], 0)
    pieces = {session.sections[piece.section]: piece for piece in partial.pieces}
    device: bytes | None = None
    checkpoints: list[Checkpoint] = []
    before: tuple[bytes, int, bytes, bytes] | None = None
    for raw in session.record.items(section):
        builder.add(raw)
        read = _read(section, raw, verdicts)
        if read is None:
            before = None
            continue
        signed, statement = read
        verdicts.evaluate({CODE})
        place = section.place(raw.ordinal)
        key = (
            statement.device_key,
            _MEMBERS[type(statement)],
            hashlib.sha256(signed.statement).digest(),
            raw.data,
        )
        if before is not None and before >= key:
            verdicts.found("R.order", place, "the attestation stands after one that it should precede, or twice")
        before = key
        if statement.device_key != device:
            _check_prefixes(session, device, checkpoints, verdicts)
            device, checkpoints = statement.device_key, []
        _compare(session, pieces, verdicts, place, statement)
        if isinstance(statement, PrefixCheckpointStatement):
            checkpoints.append((statement.ballot_count, statement.codes_root, place))
        _check_signature(signed, verdicts, place)
    _check_prefixes(session, device, checkpoints, verdicts)
    return [builder.piece()]


def _read(section: Section, raw: RawItem, verdicts: Verdicts) -> tuple[SignedStatement, DeviceStatement] | None:
    place = section.place(raw.ordinal)
    if raw.item is None:
        verdicts.take([] if raw.problem is None else [raw.problem])
        verdicts.block({CODE})
        return None
    if raw.item.WhichOneof("item") != "device_attestation":
        verdicts.found("R.structure", place, f"the section does not hold a {raw.item.WhichOneof('item')}")
        verdicts.block({CODE})
        return None
    signed = read_signed(raw.item)
    try:
        statement = read_statement(signed.statement)
    except NotCanonical as problem:
        verdicts.found(CODE, place, f"the signed statement {problem}")
        return None
    if isinstance(statement, RecordStatement):
        verdicts.found(CODE, place, "what is signed is not a device's statement")
        return None
    return signed, statement


def _check_signature(signed: SignedStatement, verdicts: Verdicts, place: str) -> None:
    try:
        check_signature(signed)
    except SignatureProblem as problem:
        verdicts.found(CODE, place, str(problem))
    except NotChecked as problem:
        verdicts.note(f"{place}: the signature was not checked: {problem}")
        verdicts.block({CODE})


def _compare(
    session: Session,
    pieces: dict[Section, Piece],
    verdicts: Verdicts,
    place: str,
    statement: DeviceStatement,
) -> None:
    if session.stated_h_e is None:
        verdicts.block({CODE})
    elif statement.h_e != session.stated_h_e:
        verdicts.found(CODE, place, "the statement is about another election (H_E)")
    section = device_of(session, statement.device_key)
    if section is None:
        verdicts.found(CODE, place, "the record does not have the device that the statement is about")
        return
    piece = pieces.get(section)
    if isinstance(statement, SectionSealStatement):
        _compare_seal(session, section, piece, verdicts, place, statement)
    elif isinstance(statement, ChainCloseStatement):
        _compare_close(session, section, piece, verdicts, place, statement)


def device_of(session: Session, device_key: bytes) -> Section | None:
    """The section of a device key, where the record has it."""
    if device_key[0] not in (DeviceKind.REGULAR, DeviceKind.PRE_ENCRYPTING):
        return None
    section = Section(SectionType.DEVICE, device_key)
    return section if section in session.numbers else None


def _compare_seal(
    session: Session,
    section: Section,
    piece: Piece | None,
    verdicts: Verdicts,
    place: str,
    statement: SectionSealStatement,
) -> None:
    if piece is None or piece.leaves is None or piece.start:
        verdicts.block({CODE})
        return
    if statement.item_count != session.count(section):
        verdicts.found(CODE, place, f"it seals {statement.item_count} items; there are {session.count(section)}")
    if statement.section_root != piece.leaves.root():
        verdicts.found(CODE, place, "the sealed root is not that of the device's section")


def _compare_close(
    session: Session,
    section: Section,
    piece: Piece | None,
    verdicts: Verdicts,
    place: str,
    statement: ChainCloseStatement,
) -> None:
    size = session.count(section)
    first, last = session.item_at(section, 0), session.item_at(section, size - 1)
    if first is None or first.item is None or first.item.WhichOneof("item") != "device_header":
        verdicts.block({CODE})
    else:
        header = read_device_header(first.item)
        if (statement.device_id, statement.chaining_mode) != (header.device_id, header.chaining_mode):
            verdicts.found(CODE, place, "device string or chaining mode is not that of the device's header")
    if last is None or last.item is None or last.item.WhichOneof("item") != "device_close":
        verdicts.block({CODE})
    else:
        close = read_device_close(last.item)
        if (statement.closing_hash, statement.closed_at) != (close.closing_hash, close.closed_at):
            verdicts.found(CODE, place, "closing hash or time is not that of the device's close")
    if statement.ballot_count != size - 2:
        verdicts.found(CODE, place, f"it counts {statement.ballot_count} ballots; there are {size - 2}")
    if piece is None or piece.codes is None or piece.start:
        verdicts.block({CODE})
    elif statement.codes_root != piece.codes.root():
        verdicts.found(CODE, place, "the stated root is not that of the device's confirmation codes")


def _check_prefixes(
    session: Session, device_key: bytes | None, checkpoints: Sequence[Checkpoint], verdicts: Verdicts
) -> None:
    """Checkpoints over the first ballots of one device, in one pass over its codes."""
    section = None if device_key is None else device_of(session, device_key)
    if section is None or not checkpoints:
        return
    waiting = sorted(checkpoints, reverse=True)
    tree = Tree()
    codes = _codes(session, section)
    while waiting:
        count, root, place = waiting[-1]
        if tree.count == count:
            waiting.pop()
            if tree.root() != root:
                verdicts.found(CODE, place, f"the stated root is not that of the first {count} confirmation codes")
            continue
        code = next(codes, None)
        if code is None:
            verdicts.found(CODE, place, f"it counts {count} ballots; the device does not have so many")
            waiting.pop()
        elif not code:
            verdicts.block({CODE})
            return
        else:
            tree.add(leaf(confirmation_code_item(code)))


def _codes(session: Session, section: Section) -> Iterator[bytes]:
    """Confirmation codes in chain order; empty where one could not be read."""
    for raw in session.record.items(section, 1):
        if raw.item is None:
            yield b""
        elif raw.item.WhichOneof("item") == "encrypted_ballot":
            yield raw.item.encrypted_ballot.confirmation_code
