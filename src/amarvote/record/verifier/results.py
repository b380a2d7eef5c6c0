"""The result of an election, out of a record of which everything was verified."""

from collections.abc import Mapping
from dataclasses import dataclass

from amarvote.electionguard.manifest import Manifest
from amarvote.record.codec import read_decrypted_tally, read_tally_header
from amarvote.record.items import EncryptedTallyHeader
from amarvote.record.merkle import Tree, leaf
from amarvote.record.sections import SectionType
from amarvote.record.verifier.partial import Partial
from amarvote.record.verifier.session import Session


@dataclass(frozen=True, slots=True)
class Results:
    """What was cast and how it came out; `totals` is contest id -> option id -> votes, each of `weight` votes."""

    manifest: Manifest
    cast: int
    weight: int
    challenged: int
    totals: Mapping[str, Mapping[str, int]]


def read_results(session: Session, whole: Partial) -> Results | None:
    """The results of a record that passed; None where its tally is no longer the one that was verified."""
    header = _header(session)
    if session.context is None or header is None:
        return None
    totals = _totals(session, whole)
    openings = session.single(SectionType.CHALLENGED_BALLOT_DECRYPTIONS)
    if totals is None or openings is None:
        return None
    return Results(
        session.context.manifest,
        header.cast_ballot_count,
        header.total_cast_weight,
        session.count(openings),
        totals,
    )


def _header(session: Session) -> EncryptedTallyHeader | None:
    section = session.single(SectionType.ENCRYPTED_TALLY)
    raw = None if section is None else session.item_at(section, 0)
    if raw is None or raw.item is None or raw.item.WhichOneof("item") != "encrypted_tally_header":
        return None
    return read_tally_header(raw.item)


def _totals(session: Session, whole: Partial) -> dict[str, dict[str, int]] | None:
    """Read again, for the verification kept only roots; so the root has to be the same again."""
    section = session.single(SectionType.DECRYPTED_TALLY)
    if section is None:
        return None
    totals: dict[str, dict[str, int]] = {}
    tree = Tree()
    for raw in session.record.items(section):
        if raw.item is None or raw.item.WhichOneof("item") != "decrypted_tally_contest":
            return None
        tree.add(leaf(raw.data))
        contest = read_decrypted_tally(raw.item)
        totals[contest.label] = {option.label: option.tally for option in contest.options}
    number = session.numbers[section]
    verified = [
        piece.leaves.root() for piece in whole.pieces if piece.section == number and piece.leaves is not None
    ]
    return totals if verified == [tree.root()] else None
