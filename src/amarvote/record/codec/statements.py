"""Signed statements, the table of contents, and the leaves of confirmation codes."""

from amarvote.record import egrf_pb2 as pb
from amarvote.record.canonical import decode_item, encode_item
from amarvote.record.errors import NotCanonical
from amarvote.record.items import (
    ChainCloseStatement,
    PrefixCheckpointStatement,
    RecordStatement,
    SectionSealStatement,
    SignedStatement,
    Statement,
    TocEntry,
)
from amarvote.record.sections import Phase, Section, SectionType
from amarvote.record.times import milliseconds, timestamp


def toc_item(entry: TocEntry) -> bytes:
    """One entry of the table of contents: what the root of a phase is built from."""
    part = pb.TocEntry(
        section_type=entry.section.type.value,  # type: ignore[arg-type]
        key=entry.section.key,
        critical=entry.critical,
        item_count=entry.item_count,
        root=entry.root,
    )
    return encode_item(pb.RecordItem(toc_entry=part))


def read_toc_entry(item: pb.RecordItem) -> TocEntry:
    """One entry of a claimed table of contents."""
    part = item.toc_entry
    return TocEntry(Section(SectionType(part.section_type), part.key), part.item_count, part.root, part.critical)


def confirmation_code_item(code: bytes) -> bytes:
    """The leaf that `codes_root` hashes for one confirmation code."""
    return encode_item(pb.RecordItem(confirmation_code_leaf=pb.ConfirmationCodeLeaf(code=code)))


def attestation_item(signed: SignedStatement) -> bytes:
    """A device's signed statement, as an item of its section."""
    return encode_item(pb.RecordItem(device_attestation=_signed(signed)))


def signature_item(signed: SignedStatement) -> bytes:
    """A signed statement over a root of the record."""
    return encode_item(pb.RecordItem(record_signature=_signed(signed)))


def read_signed(item: pb.RecordItem) -> SignedStatement:
    """The signed statement of an attestation or of a signature."""
    part = item.device_attestation if item.WhichOneof("item") == "device_attestation" else item.record_signature
    return SignedStatement(
        part.statement, part.algorithm, part.key_id, part.signer_key, part.signature, part.timestamp_token
    )


def statement_item(statement: Statement) -> bytes:
    """The canonical bytes of a statement: what is signed."""
    if isinstance(statement, ChainCloseStatement):
        close = pb.ChainCloseStatement(
            h_e=statement.h_e,
            device_key=statement.device_key,
            device_id=statement.device_id,
            chaining_mode=statement.chaining_mode,
            ballot_count=statement.ballot_count,
            codes_root=statement.codes_root,
            closing_hash=statement.closing_hash or b"",
            closed_at=timestamp(statement.closed_at),
        )
        return encode_item(pb.RecordItem(chain_close_statement=close))
    if isinstance(statement, SectionSealStatement):
        seal = pb.SectionSealStatement(
            h_e=statement.h_e,
            device_key=statement.device_key,
            item_count=statement.item_count,
            section_root=statement.section_root,
        )
        return encode_item(pb.RecordItem(section_seal_statement=seal))
    if isinstance(statement, PrefixCheckpointStatement):
        checkpoint = pb.PrefixCheckpointStatement(
            h_e=statement.h_e,
            device_key=statement.device_key,
            ballot_count=statement.ballot_count,
            codes_root=statement.codes_root,
            at=timestamp(statement.at),
        )
        return encode_item(pb.RecordItem(prefix_checkpoint_statement=checkpoint))
    record = pb.RecordStatement(
        phase=statement.phase.value,  # type: ignore[arg-type]
        root=statement.root,
        h_e=statement.h_e,
        format_major=statement.format_major,
        format_minor=statement.format_minor,
        signed_at=timestamp(statement.signed_at),
        signer_role=statement.signer_role,
    )
    return encode_item(pb.RecordItem(record_statement=record))


def read_statement(data: bytes) -> Statement:
    """The statement that canonical bytes hold; raises NotCanonical, also where they are no statement."""
    item = decode_item(data)
    member = item.WhichOneof("item")
    if member == "chain_close_statement":
        close = item.chain_close_statement
        return ChainCloseStatement(
            close.h_e,
            close.device_key,
            close.device_id,
            close.chaining_mode,
            close.ballot_count,
            close.codes_root,
            close.closing_hash or None,
            milliseconds(close.closed_at) if close.HasField("closed_at") else None,
        )
    if member == "section_seal_statement":
        seal = item.section_seal_statement
        return SectionSealStatement(seal.h_e, seal.device_key, seal.item_count, seal.section_root)
    if member == "prefix_checkpoint_statement":
        check = item.prefix_checkpoint_statement
        at = milliseconds(check.at) if check.HasField("at") else None
        return PrefixCheckpointStatement(check.h_e, check.device_key, check.ballot_count, check.codes_root, at)
    if member == "record_statement":
        record = item.record_statement
        return RecordStatement(
            Phase(record.phase),
            record.root,
            record.h_e,
            record.format_major,
            record.format_minor,
            milliseconds(record.signed_at) if record.HasField("signed_at") else None,
            record.signer_role,
        )
    raise NotCanonical(f"is a {member}, which is not a statement")


def _signed(signed: SignedStatement) -> pb.SignedStatement:
    return pb.SignedStatement(
        statement=signed.statement,
        algorithm=signed.algorithm,
        key_id=signed.key_id,
        signer_key=signed.signer_key,
        signature=signed.signature,
        timestamp_token=signed.timestamp_token,
    )
