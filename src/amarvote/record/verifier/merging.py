"""Putting partials together, in their order and in any grouping: what lies between them is checked here."""

from collections.abc import Sequence
from dataclasses import replace

from amarvote.electionguard.aggregation import PartialTally
from amarvote.record.merkle import CompactRange
from amarvote.record.verifier.chains import ChainPiece, meets
from amarvote.record.verifier.entries import (
    CONTEST_PLACE_BYTES,
    IDENTIFIER_BYTES,
    PLACE_BYTES,
    merge_sorted,
    without_pairs,
)
from amarvote.record.verifier.partial import Partial, Piece, said
from amarvote.record.verifier.pieces import OUT_OF_ORDER
from amarvote.record.verifier.verdicts import Verdicts


def merge(partials: Sequence[Partial]) -> Partial:
    """The partials of consecutive tasks as one; the order in which neighbours are put together does not matter."""
    verdicts = Verdicts()
    for part in partials:
        verdicts.absorb(part.findings, part.counts, part.evaluated, part.blocked, part.notes)
    pieces = _joined([piece for part in partials for piece in part.pieces], verdicts)
    challenged, opened = without_pairs(
        merge_sorted([part.challenged for part in partials], PLACE_BYTES),
        merge_sorted([part.opened for part in partials], PLACE_BYTES),
        PLACE_BYTES,
    )
    requested, answered = without_pairs(
        merge_sorted([part.requested for part in partials], CONTEST_PLACE_BYTES),
        merge_sorted([part.answered for part in partials], CONTEST_PLACE_BYTES),
        CONTEST_PLACE_BYTES,
    )
    return replace(
        said(verdicts),
        phase=max((part.phase for part in partials), default=0),
        pieces=pieces,
        tally=PartialTally.merge(part.tally for part in partials),
        identifiers=merge_sorted([part.identifiers for part in partials], IDENTIFIER_BYTES),
        challenged=challenged,
        opened=opened,
        requested=requested,
        answered=answered,
        contests_voted=frozenset().union(*(part.contests_voted for part in partials)),
        contests_decrypted=_listed(partials),
    )


def _listed(partials: Sequence[Partial]) -> tuple[tuple[int, str], ...]:
    """Contests of decrypted tallies, each at most twice: twice is all that there is to say of a repetition."""
    listed: list[tuple[int, str]] = []
    seen: dict[int, int] = {}
    for part in partials:
        for index, label in part.contests_decrypted:
            seen[index] = seen.get(index, 0) + 1
            if seen[index] <= 2:
                listed.append((index, label))
    return tuple(listed)


def _joined(pieces: list[Piece], verdicts: Verdicts) -> tuple[Piece, ...]:
    joined: list[Piece] = []
    for piece in sorted(pieces, key=lambda one: (one.section, one.start)):
        if joined and joined[-1].section == piece.section and joined[-1].stop == piece.start:
            joined[-1] = _join(joined[-1], piece, verdicts)
        else:
            joined.append(piece)
    return tuple(joined)


def _join(left: Piece, right: Piece, verdicts: Verdicts) -> Piece:
    if left.start == left.stop or right.start == right.stop:
        return right if left.start == left.stop else left
    if left.last is not None and right.first is not None and left.last >= right.first:
        verdicts.found("R.order", f"{left.title} item {right.start + 1}", OUT_OF_ORDER)
    return Piece(
        section=left.section,
        start=left.start,
        stop=right.stop,
        title=left.title,
        leaves=_added(left.leaves, right.leaves),
        codes=_added(left.codes, right.codes),
        chain=_chained(left.chain, right.chain, verdicts),
        first=left.first,
        last=right.last,
    )


def _added(left: CompactRange | None, right: CompactRange | None) -> CompactRange | None:
    if left is None or right is None or left.end != right.begin:
        return None  # something between them could not be read
    return left + right


def _chained(left: ChainPiece | None, right: ChainPiece | None, verdicts: Verdicts) -> ChainPiece | None:
    if left is None or right is None:
        return None
    if left.tail is not None and right.head is not None:
        verdicts.take(meets(left.h_e, left.h_di, left.tail, right.head))
        verdicts.evaluate({"8.E"} if right.head.closing is None else {"8.G"})
    return ChainPiece(left.h_e, left.h_di, left.head, right.tail)
