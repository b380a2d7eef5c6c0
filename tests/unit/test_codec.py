import dataclasses
from typing import Any

import pytest
from gmpy2 import mpz

import record_samples as samples
from amarvote.electionguard.ballots import BallotStatus
from amarvote.electionguard.guardians import ElectionKeys
from amarvote.electionguard.hashing import element_bytes
from amarvote.electionguard.parameters import VERSION, G, P, Q, R
from amarvote.electionguard.tallies import (
    ChallengedBallotOpening,
    ContestDataOpening,
    ContestDataRequest,
    DecryptedTallyContest,
    EncryptedTallyContest,
    OpenedContest,
    OpenedContestData,
    OpenedOption,
)
from amarvote.record import codec
from amarvote.record import egrf_pb2 as pb
from amarvote.record.canonical import decode_item, encode_item
from amarvote.record.errors import NotCanonical, StructureProblem
from amarvote.record.items import (
    DeviceClose,
    DeviceHeader,
    EncryptedTallyHeader,
    ManifestFile,
    RecordHeader,
    SignedStatement,
    TocEntry,
)
from amarvote.record.sections import Section, SectionType

h = samples.digest
CONTEST = OpenedContest(1, "mayor", (OpenedOption(1, "ada", 0, 5),), OpenedContestData(4, h(1)))

PAIRS: list[tuple[Any, Any, Any]] = [
    (codec.guardian_item, codec.read_guardian, samples.guardian(2)),
    (codec.election_keys_item, codec.read_election_keys, ElectionKeys(P - 1, mpz(0), h(1))),
    (codec.device_header_item, codec.read_device_header, DeviceHeader(1, "booth", h(1), 0, None)),
    (codec.device_header_item, codec.read_device_header, DeviceHeader(2, "", h(1), 1, h(2))),
    (codec.ballot_item, codec.read_ballot, samples.ballot(1)),
    (codec.ballot_item, codec.read_ballot, samples.ballot(1, encrypted_at=None, status=BallotStatus.SPOILED)),
    (codec.ballot_item, codec.read_ballot, samples.ballot(1, encrypted_at=0, contests=(), ballot_ref="x")),
    (codec.device_close_item, codec.read_device_close, DeviceClose(0, None, None, None)),
    (codec.device_close_item, codec.read_device_close, DeviceClose(2**62, bytes(36), h(1), 0)),
    (codec.tally_header_item, codec.read_tally_header, EncryptedTallyHeader(0, 2**63 - 1)),
    (
        codec.encrypted_tally_item,
        codec.read_encrypted_tally,
        EncryptedTallyContest(3, ((mpz(1), P - 1), (mpz(2), mpz(3))), 9),
    ),
    (
        codec.contest_data_request_item,
        codec.read_contest_data_request,
        ContestDataRequest(samples.LOCATOR, h(1), 4),
    ),
    (
        codec.decrypted_tally_item,
        codec.read_decrypted_tally,
        DecryptedTallyContest(1, "mayor", (samples.OPTION, dataclasses.replace(samples.OPTION, tally=7))),
    ),
    (
        codec.challenged_ballot_item,
        codec.read_challenged_ballot,
        ChallengedBallotOpening(samples.LOCATOR, h(1), (CONTEST, dataclasses.replace(CONTEST, contest_data=None))),
    ),
    (
        codec.contest_data_item,
        codec.read_contest_data,
        ContestDataOpening(samples.LOCATOR, h(1), 2, mpz(5), 1, int(Q) - 1, h(3) * 2),
    ),
    (
        codec.attestation_item,
        codec.read_signed,
        SignedStatement(b"s", "ed25519", b"k", b"p", b"x", b"t"),
    ),
    (codec.signature_item, codec.read_signed, SignedStatement(b"s", "ed25519")),
    (codec.toc_item, codec.read_toc_entry, TocEntry(samples.DEVICE, 7, h(4))),
    (codec.toc_item, codec.read_toc_entry, TocEntry(Section(SectionType.HEADER), 0, h(4), critical=False)),
]


@pytest.mark.parametrize(("write", "read", "value"), PAIRS, ids=range(len(PAIRS)))
def test_what_is_written_is_read(write: Any, read: Any, value: Any) -> None:
    data = write(value)
    assert read(decode_item(data)) == value
    assert write(read(decode_item(data))) == data


def test_header_parameters_and_manifest() -> None:
    assert codec.read_header(decode_item(codec.header_item())) == RecordHeader(2, 0)
    parameters = codec.read_parameters(decode_item(codec.parameters_item(5, 3, h(7))))
    assert (parameters.version, parameters.n, parameters.k, parameters.h_p) == (VERSION, 5, 3, h(7))
    assert (parameters.p, parameters.q, parameters.r, parameters.g) == (P, Q, R, G)
    manifest = codec.read_manifest(decode_item(codec.manifest_item(b"\xff{}", h(8))))
    assert manifest == ManifestFile("application/vnd.electionguard.manifest+json;format=1", b"\xff{}", h(8))


@pytest.mark.parametrize("data", samples.statements())
def test_statements_survive(data: bytes) -> None:
    assert codec.statement_item(codec.read_statement(data)) == data


def test_only_statements_are_statements() -> None:
    with pytest.raises(NotCanonical, match="is a record_header, which is not a statement"):
        codec.read_statement(codec.header_item())
    with pytest.raises(NotCanonical, match="is empty"):
        codec.read_statement(b"")


def test_the_leaf_of_a_confirmation_code_is_as_the_draft_spells_it_out() -> None:
    assert codec.confirmation_code_item(h(5)) == bytes.fromhex("9a03220a20") + h(5)


def test_values_are_kept_as_they_stand_even_at_or_above_p_and_q() -> None:
    item = decode_item(codec.ballot_item(samples.ballot(1)))
    item.encrypted_ballot.contests[0].fields[0].alpha = element_bytes(P)
    item.encrypted_ballot.encrypted_ballot_nonce.c2 = b"\xff" * 64
    ballot = codec.read_ballot(decode_item(encode_item(item)))
    assert ballot.contests[0].selections[0].alpha == P
    assert ballot.encrypted_nonce.c == ballot.encrypted_nonce.v == 2**256 - 1


def test_a_ballot_of_undecided_status_has_no_bytes() -> None:
    with pytest.raises(ValueError, match="undecided"):
        codec.ballot_item(samples.ballot(1, status=BallotStatus.UNDECIDED))


@pytest.mark.parametrize(
    "change", [{"id_b": bytes(31)}, {"weight": 2**31}, {"encrypted_at": -1}, {"encrypted_at": 253_402_300_800_000}]
)
def test_a_ballot_that_the_format_cannot_hold_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises((NotCanonical, ValueError)):
        codec.ballot_item(samples.ballot(1, **change))


def without(member: str, field: str, data: bytes) -> pb.RecordItem:
    item = decode_item(data)
    getattr(item, member).ClearField(field)
    return decode_item(encode_item(item))


@pytest.mark.parametrize(
    ("read", "member", "field", "data", "code"),
    [
        (
            codec.read_ballot,
            "encrypted_ballot",
            "encrypted_ballot_nonce",
            codec.ballot_item(samples.ballot(1)),
            "13.structure",
        ),
        (
            codec.read_contest_data_request,
            "contest_data_request",
            "ballot",
            codec.contest_data_request_item(ContestDataRequest(samples.LOCATOR, h(1), 4)),
            "12.structure",
        ),
        (
            codec.read_challenged_ballot,
            "challenged_ballot_decryption",
            "ballot",
            codec.challenged_ballot_item(ChallengedBallotOpening(samples.LOCATOR, h(1), ())),
            "13.structure",
        ),
        (
            codec.read_contest_data,
            "contest_data_decryption",
            "ballot",
            codec.contest_data_item(ContestDataOpening(samples.LOCATOR, h(1), 2, mpz(5), 1, 2, h(3))),
            "12.structure",
        ),
    ],
)
def test_a_missing_part_is_told_under_its_check(
    read: Any, member: str, field: str, data: bytes, code: str
) -> None:
    with pytest.raises(StructureProblem) as problem:
        read(without(member, field, data))
    assert problem.value.code == code


@pytest.mark.parametrize("field", ["undervote_difference_proof", "null_vote_proof"])
def test_proofs_of_supplemental_fields_are_refused_by_name(field: str) -> None:
    item = decode_item(codec.ballot_item(samples.ballot(1)))
    setattr(item.encrypted_ballot.contests[1], field, bytes(64))
    with pytest.raises(StructureProblem, match="contest 7 carries proofs of supplemental fields") as problem:
        codec.read_ballot(decode_item(encode_item(item)))
    assert problem.value.code == "7.structure"
