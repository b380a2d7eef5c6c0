"""Section 0x0101: the envelope of a device, and its ballots."""

from amarvote.electionguard.ballots import (
    BallotStatus,
    EncryptedBallot,
    EncryptedContest,
    EncryptedSelection,
    HashedCiphertext,
    RangeProof,
)
from amarvote.electionguard.hashing import element_bytes, exponent_bytes
from amarvote.record import egrf_pb2 as pb
from amarvote.record.canonical import encode_item
from amarvote.record.codec.widths import element, split_exponents
from amarvote.record.errors import StructureProblem
from amarvote.record.items import DeviceClose, DeviceHeader
from amarvote.record.times import milliseconds, timestamp


def device_header_item(header: DeviceHeader) -> bytes:
    """The first item of a device's section."""
    part = pb.DeviceHeader(
        kind=header.kind,  # type: ignore[arg-type]
        device_id=header.device_id,
        h_di=header.h_di,
        chaining_mode=header.chaining_mode,
        initial_hash=header.initial_hash or b"",
    )
    return encode_item(pb.RecordItem(device_header=part))


def read_device_header(item: pb.RecordItem) -> DeviceHeader:
    """The first item of a device's section."""
    part = item.device_header
    return DeviceHeader(int(part.kind), part.device_id, part.h_di, part.chaining_mode, part.initial_hash or None)


def ballot_item(ballot: EncryptedBallot) -> bytes:
    """A ballot as it will stand in the record; its status must be decided."""
    if ballot.status is BallotStatus.UNDECIDED:
        raise ValueError("a ballot of undecided status has no place in a record: cast or challenge it first")
    part = pb.EncryptedBallot(
        id_b=ballot.id_b,
        h_i=ballot.h_i,
        ballot_style=ballot.ballot_style,
        status=int(ballot.status),  # type: ignore[arg-type]
        weight=ballot.weight,
        encrypted_at=timestamp(ballot.encrypted_at),
        contests=[_contest(contest) for contest in ballot.contests],
        confirmation_code=ballot.confirmation_code,
        chaining_field=ballot.chaining_field,
        encrypted_ballot_nonce=_hashed(ballot.encrypted_nonce),
        ballot_ref=ballot.ballot_ref,
    )
    return encode_item(pb.RecordItem(encrypted_ballot=part))


def read_ballot(item: pb.RecordItem) -> EncryptedBallot:
    """A ballot as it stands in the record; raises StructureProblem where a message is missing or unsupported."""
    part = item.encrypted_ballot
    if not part.HasField("encrypted_ballot_nonce"):
        raise StructureProblem("13.structure", "the ballot has no encrypted ballot nonce")
    return EncryptedBallot(
        id_b=part.id_b,
        h_i=part.h_i,
        ballot_style=part.ballot_style,
        status=BallotStatus(part.status),
        weight=part.weight,
        encrypted_at=milliseconds(part.encrypted_at) if part.HasField("encrypted_at") else None,
        contests=tuple(_read_contest(contest) for contest in part.contests),
        confirmation_code=part.confirmation_code,
        chaining_field=part.chaining_field,
        encrypted_nonce=_read_hashed(part.encrypted_ballot_nonce),
        ballot_ref=part.ballot_ref,
    )


def device_close_item(close: DeviceClose) -> bytes:
    """The last item of a device's section."""
    part = pb.DeviceClose(
        ballot_count=close.ballot_count,
        closing_chaining_field=close.closing_chaining_field or b"",
        closing_hash=close.closing_hash or b"",
        closed_at=timestamp(close.closed_at),
    )
    return encode_item(pb.RecordItem(device_close=part))


def read_device_close(item: pb.RecordItem) -> DeviceClose:
    """The last item of a device's section."""
    part = item.device_close
    return DeviceClose(
        part.ballot_count,
        part.closing_chaining_field or None,
        part.closing_hash or None,
        milliseconds(part.closed_at) if part.HasField("closed_at") else None,
    )


def _proof(proof: RangeProof) -> bytes:
    pairs = zip(proof.challenges, proof.responses, strict=True)
    return b"".join(exponent_bytes(c) + exponent_bytes(v) for c, v in pairs)


def _read_proof(data: bytes) -> RangeProof:
    values = split_exponents(data)
    return RangeProof(values[::2], values[1::2])


def _hashed(ciphertext: HashedCiphertext) -> pb.HashedCiphertext:
    c2 = exponent_bytes(ciphertext.c) + exponent_bytes(ciphertext.v)
    return pb.HashedCiphertext(c0=element_bytes(ciphertext.c0), c1=ciphertext.c1, c2=c2)


def _read_hashed(part: pb.HashedCiphertext) -> HashedCiphertext:
    c, v = split_exponents(part.c2)
    return HashedCiphertext(element(part.c0), part.c1, c, v)


def _contest(contest: EncryptedContest) -> pb.EncryptedContest:
    return pb.EncryptedContest(
        index=contest.index,
        fields=[
            pb.EncryptedField(
                alpha=element_bytes(one.alpha), beta=element_bytes(one.beta), range_proof=_proof(one.proof)
            )
            for one in contest.selections
        ],
        limit_proof=_proof(contest.limit_proof),
        contest_data=None if contest.contest_data is None else _hashed(contest.contest_data),
        contest_hash=contest.contest_hash,
    )


def _read_contest(part: pb.EncryptedContest) -> EncryptedContest:
    if part.undervote_difference_proof or part.null_vote_proof:
        raise StructureProblem(
            "7.structure",
            f"contest {part.index} carries proofs of supplemental fields, which this verifier does not support",
        )
    return EncryptedContest(
        index=part.index,
        selections=tuple(
            EncryptedSelection(element(one.alpha), element(one.beta), _read_proof(one.range_proof))
            for one in part.fields
        ),
        limit_proof=_read_proof(part.limit_proof),
        contest_data=_read_hashed(part.contest_data) if part.HasField("contest_data") else None,
        contest_hash=part.contest_hash,
    )
