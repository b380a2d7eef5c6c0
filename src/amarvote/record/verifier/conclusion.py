"""What can only be said once every chunk has been looked at: sums, duplicates, roots, statements, signatures."""

from collections.abc import Iterator
from dataclasses import replace

from amarvote.electionguard.aggregation import to_tally
from amarvote.electionguard.errors import Finding
from amarvote.electionguard.tallies import EncryptedTallyContest
from amarvote.electionguard.tally_checks import check_aggregation, check_tally_contents
from amarvote.record.codec import read_encrypted_tally, read_tally_header
from amarvote.record.items import EncryptedTallyHeader
from amarvote.record.sections import Phase, SectionType
from amarvote.record.verifier.attestations import check_attestations
from amarvote.record.verifier.catalogue import CODES, step
from amarvote.record.verifier.entries import (
    CONTEST_PLACE_BYTES,
    IDENTIFIER_BYTES,
    PLACE_BYTES,
    entries,
    read_place,
)
from amarvote.record.verifier.merging import merge
from amarvote.record.verifier.partial import Partial, Piece, said
from amarvote.record.verifier.pieces import PieceBuilder
from amarvote.record.verifier.presence import check_sections
from amarvote.record.verifier.report import VerificationReport, report
from amarvote.record.verifier.results import read_results
from amarvote.record.verifier.roots import check_roots
from amarvote.record.verifier.session import Session
from amarvote.record.verifier.signatures import check_signatures
from amarvote.record.verifier.verdicts import Verdicts


def conclude_session(session: Session, partial: Partial) -> VerificationReport:
    """The report on a record of which `partial` is everything that its tasks found."""
    verdicts = Verdicts()
    complete = check_sections(session, verdicts)
    if session.record.stopped:
        verdicts.block(code for code in CODES if session.reads(code))
        return report(verdicts, session.phase, {})
    pieces: list[Piece] = []
    if session.phase >= Phase.SEALED:
        _check_duplicates(session, partial, verdicts)
        pieces += check_attestations(session, partial, verdicts)
    if session.phase >= Phase.AGGREGATED:
        pieces += _check_tally(session, partial, verdicts)
    if session.phase >= Phase.FINAL:
        _check_answers(session, partial, verdicts)
    whole = merge([partial, replace(said(verdicts), pieces=tuple(pieces))])
    last = Verdicts()
    last.absorb(whole.findings, whole.counts, whole.evaluated, whole.blocked, whole.notes)
    roots = check_roots(session, whole, last, complete=complete)
    check_signatures(session, roots, last)
    concluded = report(last, session.phase, roots)
    if session.phase < Phase.FINAL or not concluded.passed:
        return concluded
    return replace(concluded, results=read_results(session, whole))


def _check_duplicates(session: Session, partial: Partial, verdicts: Verdicts) -> None:
    """5.A over the sorted identifiers."""
    if session.context is None:
        return
    verdicts.evaluate({"5.A"})
    for first, second in _neighbours(partial.identifiers, IDENTIFIER_BYTES):
        if first[:32] == second[:32]:
            verdicts.take([duplicate(session, first[32:], second[32:], first[:32])])


def duplicate(session: Session, first: bytes, second: bytes, id_b: bytes) -> Finding:
    """5.A for two ballots, given by the places of their entries."""
    return Finding(
        "5.A",
        place_of(session, second),
        f"the ballot has the identifier {id_b.hex()}, as {place_of(session, first)} has",
    )


def place_of(session: Session, place: bytes) -> str:
    """An entry's place in words."""
    section, ordinal = read_place(place)
    return session.sections[section].place(ordinal)


def _neighbours(data: bytes, width: int) -> Iterator[tuple[bytes, bytes]]:
    before = None
    for entry in entries(data, width):
        if before is not None:
            yield before, entry
        before = entry


def _check_tally(session: Session, partial: Partial, verdicts: Verdicts) -> list[Piece]:
    """Step 9 and R.summary over the encrypted tally."""
    section = session.single(SectionType.ENCRYPTED_TALLY)
    if section is None:
        verdicts.block(step(9) | {"R.summary"})
        return []
    builder = PieceBuilder(section, session.numbers[section], 0)
    contests: list[EncryptedTallyContest] = []
    header: EncryptedTallyHeader | None = None
    whole = True
    for raw in session.record.items(section):
        builder.add(raw)
        place = section.place(raw.ordinal)
        member = raw.item.WhichOneof("item") if raw.item is not None else None
        if raw.problem is not None or raw.item is None:
            verdicts.take([] if raw.problem is None else [raw.problem])
            whole = False
        elif raw.ordinal == 0 and member == "encrypted_tally_header":
            header = read_tally_header(raw.item)
        elif raw.ordinal and member == "encrypted_tally_contest":
            contest = read_encrypted_tally(raw.item)
            if contests and contest.index <= contests[-1].index:
                verdicts.found(
                    "R.order", place, f"contest {contest.index} stands after one that it should precede"
                )
            contests.append(contest)
        else:
            verdicts.found(
                "R.structure", place, "the tally is one header, then contests; this is neither in its place"
            )
            whole = False
    _check_summary(header, partial, verdicts)
    _check_products(session, partial, contests, verdicts, whole=whole)
    return [builder.piece()]


def _check_summary(header: EncryptedTallyHeader | None, partial: Partial, verdicts: Verdicts) -> None:
    if header is None or "R.summary" in partial.blocked:
        verdicts.block({"R.summary"})
        return
    verdicts.evaluate({"R.summary"})
    for what, claimed, counted in (
        ("ballots were cast", header.cast_ballot_count, partial.tally.ballots),
        ("weight was cast", header.total_cast_weight, partial.tally.weight),
    ):
        if claimed != counted:
            verdicts.found(
                "R.summary", "encrypted tally header", f"it says that {claimed} {what}; counted: {counted}"
            )


def _check_products(
    session: Session,
    partial: Partial,
    contests: list[EncryptedTallyContest],
    verdicts: Verdicts,
    *,
    whole: bool,
) -> None:
    """9.A, 9.B, unless the record's own sum could not be computed."""
    if session.context is None or not whole or "9.A" in partial.blocked:
        verdicts.block(step(9))
        return
    verdicts.evaluate(step(9))
    check_aggregation(contests, to_tally(session.context, partial.tally), verdicts.at("encrypted tally"))
    verdicts.settle()


def _check_answers(session: Session, partial: Partial, verdicts: Verdicts) -> None:
    """Every challenged ballot opened, every request answered, every contest on a ballot decrypted."""
    if session.context is None:
        return
    # Where something could not be read, its counterpart only seems to be alone.
    unread = partial.blocked | verdicts.blocked
    if "10.structure" not in unread:
        verdicts.evaluate({"11.D", "11.structure", "10.structure"})
        listed = list(partial.contests_decrypted)
        check_tally_contents(session.context, listed, partial.contests_voted, verdicts.at("decrypted tally"))
        verdicts.settle()
    if "13.structure" not in unread:
        verdicts.evaluate({"13.structure"})
        for place in entries(partial.challenged, PLACE_BYTES):
            verdicts.found("13.structure", place_of(session, place), "the challenged ballot was not opened")
    if "12.structure" not in unread:
        _check_pairs(session, partial.requested, "was asked for and not opened", verdicts)
        _check_pairs(session, partial.answered, "was opened and nobody asked for it", verdicts)


def _check_pairs(session: Session, alone: bytes, sentence: str, verdicts: Verdicts) -> None:
    for place in entries(alone, CONTEST_PLACE_BYTES):
        contest = int.from_bytes(place[PLACE_BYTES:], "big")
        where = f"{place_of(session, place)}, contest {contest}"
        verdicts.found("12.structure", where, f"the contest data {sentence}")
