"""Partial results: the same whatever the grouping, and the same after a trip through bytes."""

from functools import reduce
from itertools import pairwise

from gmpy2 import mpz
from hypothesis import given, settings
from hypothesis import strategies as st

from amarvote.electionguard.aggregation import PartialTally
from amarvote.electionguard.confirmation import chained_field, closing_field, closing_hash
from amarvote.electionguard.errors import Finding
from amarvote.record.merkle import CompactRange, leaf
from amarvote.record.verifier.chains import ChainPiece, Demand, meets
from amarvote.record.verifier.entries import (
    PLACE_BYTES,
    entries,
    merge_sorted,
    place_bytes,
    read_place,
    without_pairs,
)
from amarvote.record.verifier.merging import merge
from amarvote.record.verifier.partial import Partial, Piece, said
from amarvote.record.verifier.pieces import OUT_OF_ORDER
from amarvote.record.verifier.verdicts import KEPT_PER_CODE, Verdicts

H_E, H_DI = b"e" * 32, b"d" * 32
places = st.builds(place_bytes, st.integers(0, 3), st.integers(0, 2**40))
lists = st.lists(places, max_size=12).map(lambda one: b"".join(sorted(one)))


def piece(start: int, stop: int, **more: object) -> Piece:
    leaves = CompactRange.of(start, [leaf(bytes([number])) for number in range(start, stop)])
    return Piece(1, start, stop, "devices", leaves, **more)  # type: ignore[arg-type]


@given(st.lists(lists, max_size=5))
def test_merged_lists_are_sorted_and_complete(parts: list[bytes]) -> None:
    merged = list(entries(merge_sorted(parts, PLACE_BYTES), PLACE_BYTES))

    assert merged == sorted(entry for part in parts for entry in entries(part, PLACE_BYTES))


@given(lists, lists)
def test_what_is_asked_and_answered_leaves_both_lists(asked: bytes, answered: bytes) -> None:
    left = list(entries(asked, PLACE_BYTES))
    right = list(entries(answered, PLACE_BYTES))
    for entry in [*left]:
        if entry in right:
            left.remove(entry)
            right.remove(entry)

    assert without_pairs(asked, answered, PLACE_BYTES) == (b"".join(left), b"".join(right))


def test_a_place_is_read_as_it_was_written() -> None:
    assert read_place(place_bytes(7, 123_456_789_012)) == (7, 123_456_789_012)


def test_a_partial_survives_its_bytes() -> None:
    demand = Demand("ballot 3", chained_field(b"x" * 32))
    closing = Demand("close", b"f" * 36, b"h" * 32)
    partial = Partial(
        phase=3,
        findings=(Finding("6.D", "device 00 ballot 1", "no"),),
        counts={"6.D": 7},
        evaluated=frozenset({"6.D", "6.A"}),
        blocked=frozenset({"9.A"}),
        notes=("a note",),
        pieces=(
            piece(3, 8, codes=CompactRange.of(2, [b"c" * 32]), chain=ChainPiece(H_E, H_DI, demand, b"t" * 32)),
            Piece(2, 0, 4, "x", None, None, ChainPiece(H_E, H_DI, closing, None), b"first", b"last"),
        ),
        tally=PartialTally({3: ((mpz(5), mpz(1)),)}, {3: 9}, 4, 12),
        identifiers=b"i" * 44,
        challenged=b"c" * 12,
        opened=b"o" * 12,
        requested=b"r" * 16,
        answered=b"a" * 16,
        contests_voted=frozenset({1, 3}),
        contests_decrypted=((1, "mayor"), (9, "Zürich")),
    )

    assert Partial.from_bytes(partial.to_bytes()) == partial
    assert Partial.from_bytes(Partial().to_bytes()) == Partial()


@settings(max_examples=30)
@given(st.integers(0, 10), st.integers(0, 10))
def test_grouping_does_not_matter(one: int, other: int) -> None:
    cuts = sorted({0, one, other, 10})
    parts = []
    for start, stop in pairwise(cuts):
        verdicts = Verdicts()
        verdicts.found("6.D", f"items from {start}", "no")
        tail = bytes([stop]) * 32
        head = Demand(f"item {start}", chained_field(bytes([start]) * 32)) if start else None
        own = said(verdicts)
        chain = ChainPiece(H_E, H_DI, head, tail)
        keys = {"first": bytes([start]), "last": bytes([stop - 1])}
        parts.append(
            Partial(findings=own.findings, counts=own.counts, pieces=(piece(start, stop, chain=chain, **keys),))
        )

    at_once = merge(parts)

    assert at_once == reduce(lambda left, right: merge([left, right]), parts, Partial())
    assert at_once == merge([merge(parts[:1]), merge(parts[1:])])
    assert [(one.start, one.stop) for one in at_once.pieces] == [(0, 10)]
    assert at_once.pieces[0].leaves == piece(0, 10).leaves
    assert set(at_once.counts) == {"6.D"}


def test_a_chain_that_does_not_meet_is_found_between_pieces() -> None:
    left = piece(0, 2, chain=ChainPiece(H_E, H_DI, None, b"1" * 32))
    right = piece(2, 3, chain=ChainPiece(H_E, H_DI, Demand("ballot 2", chained_field(b"2" * 32)), b"3" * 32))

    merged = merge([Partial(pieces=(left,)), Partial(pieces=(right,))])

    assert [(one.code, one.where) for one in merged.findings] == [("8.E", "ballot 2")]
    assert "8.E" in merged.evaluated


def test_a_piece_that_ends_in_something_unread_demands_nothing() -> None:
    left = piece(0, 2, chain=ChainPiece(H_E, H_DI, None, None))
    right = piece(2, 3, chain=ChainPiece(H_E, H_DI, Demand("ballot 2", chained_field(b"2" * 32)), b"3" * 32))

    merged = merge([Partial(pieces=(left,)), Partial(pieces=(right,))])

    assert not merged.findings
    assert "8.E" not in merged.evaluated


def test_order_is_looked_at_between_pieces() -> None:
    left, right = piece(0, 2, first=b"a", last=b"c"), piece(2, 4, first=b"b", last=b"d")

    merged = merge([Partial(pieces=(left,)), Partial(pieces=(right,))])

    assert merged.findings == (Finding("R.order", "devices item 3", OUT_OF_ORDER),)


def test_the_closing_must_name_the_last_code_and_hash_its_field() -> None:
    last = b"l" * 32
    field = closing_field(H_E, last, H_DI)

    assert not meets(H_E, H_DI, last, Demand("close", field, closing_hash(H_E, field)))
    assert [one.code for one in meets(H_E, H_DI, b"k" * 32, Demand("close", field, closing_hash(H_E, field)))] == [
        "8.G"
    ]
    assert [one.code for one in meets(H_E, H_DI, last, Demand("close", field, bytes(32)))] == ["8.G"]


def test_findings_are_kept_up_to_a_bound_and_counted_beyond_it() -> None:
    parts = []
    for number in range(3):
        verdicts = Verdicts()
        for _ in range(KEPT_PER_CODE - 10):
            verdicts.found("6.D", f"part {number}", "no")
        verdicts.found("6.A", f"part {number}", "no")
        parts.append(said(verdicts))

    merged = merge(parts)

    assert merged.counts == {"6.D": 3 * (KEPT_PER_CODE - 10), "6.A": 3}
    assert sum(one.code == "6.D" for one in merged.findings) == KEPT_PER_CODE
    assert sum(one.code == "6.A" for one in merged.findings) == 3
