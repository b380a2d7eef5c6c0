"""Sections 0x02xx and 0x03xx: tallies, requests, openings."""

from amarvote.electionguard.hashing import element_bytes, exponent_bytes
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
from amarvote.record import egrf_pb2 as pb
from amarvote.record.canonical import encode_item
from amarvote.record.codec.widths import element, join_elements, split_elements, split_exponents
from amarvote.record.errors import StructureProblem
from amarvote.record.items import EncryptedTallyHeader


def tally_header_item(header: EncryptedTallyHeader) -> bytes:
    """How many ballots were cast, and with what weight."""
    part = pb.EncryptedTallyHeader(
        cast_ballot_count=header.cast_ballot_count, total_cast_weight=header.total_cast_weight
    )
    return encode_item(pb.RecordItem(encrypted_tally_header=part))


def read_tally_header(item: pb.RecordItem) -> EncryptedTallyHeader:
    """How many ballots were cast, and with what weight."""
    part = item.encrypted_tally_header
    return EncryptedTallyHeader(part.cast_ballot_count, part.total_cast_weight)


def encrypted_tally_item(contest: EncryptedTallyContest) -> bytes:
    """One contest of the encrypted tally."""
    part = pb.EncryptedTallyContest(
        index=contest.index,
        fields=b"".join(join_elements(pair) for pair in contest.ciphertexts),
        cast_weight=contest.cast_weight,
    )
    return encode_item(pb.RecordItem(encrypted_tally_contest=part))


def read_encrypted_tally(item: pb.RecordItem) -> EncryptedTallyContest:
    """One contest of the encrypted tally."""
    part = item.encrypted_tally_contest
    values = split_elements(part.fields)
    return EncryptedTallyContest(part.index, tuple(zip(values[::2], values[1::2], strict=True)), part.cast_weight)


def contest_data_request_item(request: ContestDataRequest) -> bytes:
    """A contest whose data is to be opened."""
    part = pb.ContestDataRequest(
        ballot=_locator(request.ballot), h_i=request.h_i, contest_index=request.contest_index
    )
    return encode_item(pb.RecordItem(contest_data_request=part))


def read_contest_data_request(item: pb.RecordItem) -> ContestDataRequest:
    """A contest whose data is to be opened."""
    part = item.contest_data_request
    if not part.HasField("ballot"):
        raise StructureProblem("12.structure", "the request does not say which ballot it is about")
    return ContestDataRequest(_read_locator(part.ballot), part.h_i, part.contest_index)


def decrypted_tally_item(contest: DecryptedTallyContest) -> bytes:
    """The totals of one contest."""
    part = pb.DecryptedTallyContest(
        index=contest.index,
        label=contest.label,
        fields=[
            pb.DecryptedTallyField(
                index=option.index,
                label=option.label,
                tally=option.tally,
                encoded_tally=element_bytes(option.encoded_tally),
                proof=exponent_bytes(option.c) + exponent_bytes(option.v),
            )
            for option in contest.options
        ],
    )
    return encode_item(pb.RecordItem(decrypted_tally_contest=part))


def read_decrypted_tally(item: pb.RecordItem) -> DecryptedTallyContest:
    """The totals of one contest."""
    part = item.decrypted_tally_contest
    return DecryptedTallyContest(part.index, part.label, tuple(_read_total(field) for field in part.fields))


def challenged_ballot_item(opening: ChallengedBallotOpening) -> bytes:
    """A challenged ballot, opened."""
    part = pb.ChallengedBallotDecryption(
        ballot=_locator(opening.ballot),
        h_i=opening.h_i,
        contests=[_opened_contest(contest) for contest in opening.contests],
    )
    return encode_item(pb.RecordItem(challenged_ballot_decryption=part))


def read_challenged_ballot(item: pb.RecordItem) -> ChallengedBallotOpening:
    """A challenged ballot, opened."""
    part = item.challenged_ballot_decryption
    if not part.HasField("ballot"):
        raise StructureProblem("13.structure", "the opening does not say which ballot it is about")
    return ChallengedBallotOpening(
        _read_locator(part.ballot), part.h_i, tuple(_read_opened_contest(contest) for contest in part.contests)
    )


def contest_data_item(opening: ContestDataOpening) -> bytes:
    """Contest data of a cast ballot, opened by the guardians."""
    part = pb.ContestDataDecryption(
        ballot=_locator(opening.ballot),
        h_i=opening.h_i,
        contest_index=opening.contest_index,
        beta=element_bytes(opening.beta),
        proof=exponent_bytes(opening.c) + exponent_bytes(opening.v),
        data=opening.data,
    )
    return encode_item(pb.RecordItem(contest_data_decryption=part))


def read_contest_data(item: pb.RecordItem) -> ContestDataOpening:
    """Contest data of a cast ballot, opened by the guardians."""
    part = item.contest_data_decryption
    if not part.HasField("ballot"):
        raise StructureProblem("12.structure", "the opening does not say which ballot it is about")
    c, v = split_exponents(part.proof)
    return ContestDataOpening(
        _read_locator(part.ballot), part.h_i, part.contest_index, element(part.beta), c, v, part.data
    )


def _locator(locator: BallotLocator) -> pb.BallotLocator:
    return pb.BallotLocator(
        kind=locator.kind,  # type: ignore[arg-type]
        h_di=locator.h_di,
        position=locator.position,
    )


def _read_locator(part: pb.BallotLocator) -> BallotLocator:
    return BallotLocator(int(part.kind), part.h_di, part.position)


def _read_total(part: pb.DecryptedTallyField) -> DecryptedTallyOption:
    c, v = split_exponents(part.proof)
    return DecryptedTallyOption(part.index, part.label, part.tally, element(part.encoded_tally), c, v)


def _opened_contest(contest: OpenedContest) -> pb.DecryptedContest:
    data = contest.contest_data
    return pb.DecryptedContest(
        index=contest.index,
        label=contest.label,
        fields=[
            pb.DecryptedField(
                index=option.index, label=option.label, value=option.value, nonce=exponent_bytes(option.nonce)
            )
            for option in contest.options
        ],
        contest_data=None
        if data is None
        else pb.ReleasedContestData(nonce=exponent_bytes(data.nonce), data=data.data),
    )


def _read_opened_contest(part: pb.DecryptedContest) -> OpenedContest:
    data = None
    if part.HasField("contest_data"):
        data = OpenedContestData(int.from_bytes(part.contest_data.nonce, "big"), part.contest_data.data)
    options = tuple(
        OpenedOption(field.index, field.label, field.value, int.from_bytes(field.nonce, "big"))
        for field in part.fields
    )
    return OpenedContest(part.index, part.label, options, data)
