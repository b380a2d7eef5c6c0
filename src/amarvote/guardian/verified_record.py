"""The record that a guardian has verified itself: what it opens is read from there, never from the service."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from amarvote.electionguard.challenged_ballots import ChallengedBallot
from amarvote.electionguard.context import Context
from amarvote.electionguard.decryption import TallyCiphertext, tally_ciphertexts
from amarvote.electionguard.guardians import GuardianPublicKey
from amarvote.electionguard.manifest import parse_manifest
from amarvote.electionguard.tallies import BallotLocator
from amarvote.guardian.errors import GuardianError
from amarvote.record.codec import (
    read_ballot,
    read_election_keys,
    read_encrypted_tally,
    read_guardian,
    read_manifest,
    read_parameters,
)
from amarvote.record.egrf_pb2 import BALLOT_STATUS_CHALLENGED, RecordItem
from amarvote.record.items import TocEntry
from amarvote.record.merkle import Tree, leaf
from amarvote.record.reader import RawItem, Record, open_record
from amarvote.record.sections import Phase, Section, SectionType
from amarvote.record.writer import phase_root

_SETUP = (SectionType.MANIFEST, SectionType.PARAMETERS, SectionType.ELECTION_KEYS)


@dataclass(frozen=True, slots=True)
class VerifiedRecord:
    """What there is to open: the tally in (contest, option) order, challenged ballots by ascending locator."""

    context: Context
    tally: tuple[TallyCiphertext, ...]
    challenged: tuple[ChallengedBallot, ...]


class CopyChanged(Exception):  # noqa: N818 - reads as what happened
    """The files are not those any more that passed verification."""


def read_verified(folder: Path, root: bytes) -> VerifiedRecord:
    """Read a record that passed verification with this aggregated root; CopyChanged where it has another by now.

    One ballot is in memory at a time, and those to open. What is read is what was hashed.
    """
    with open_record(folder) as record:
        entries: list[TocEntry] = []
        setup: dict[SectionType, list[RecordItem]] = {kind: [] for kind in _SETUP}
        tally: list[RecordItem] = []
        challenged: list[tuple[BallotLocator, RecordItem]] = []
        for section, raw in _hashed(record, entries):
            if raw.item is None:
                continue
            if section.type in setup:
                setup[section.type].append(raw.item)
            elif section.type is SectionType.ENCRYPTED_TALLY and raw.ordinal:
                tally.append(raw.item)
            elif section.type is SectionType.DEVICE and _is_challenged(raw.item):
                # The header is item 0, so that a ballot's position from 1 is its ordinal.
                locator = BallotLocator(section.key[0], section.key[1:], raw.ordinal)
                challenged.append((locator, raw.item))
    if phase_root(entries, Phase.AGGREGATED) != root:
        raise CopyChanged
    context = _context(*(_only(kind, items) for kind, items in setup.items()))
    return VerifiedRecord(
        context,
        tuple(tally_ciphertexts(context, map(read_encrypted_tally, tally))),
        tuple(ChallengedBallot(locator, read_ballot(item)) for locator, item in challenged),
    )


def read_setup(record: Record) -> tuple[Context, list[GuardianPublicKey]]:
    """The election and its guardians' public keys, of a record whose setup passed verification."""
    context = _context(*(_only(kind, _items(record, kind)) for kind in _SETUP))
    return context, [read_guardian(item) for item in _items(record, SectionType.GUARDIANS)]


def _hashed(record: Record, entries: list[TocEntry]) -> Iterator[tuple[Section, RawItem]]:
    """Every item up to the aggregated phase; `entries` becomes what its root covers."""
    for section in record.sections():
        if section.phase <= Phase.AGGREGATED:
            tree = Tree()
            for raw in record.items(section):
                if raw.ordinal != tree.count:
                    raise CopyChanged
                tree.add(leaf(raw.data))
                yield section, raw
            entries.append(TocEntry(section, tree.count, tree.root()))


def _is_challenged(item: RecordItem) -> bool:
    return item.encrypted_ballot.status == BALLOT_STATUS_CHALLENGED


def _context(manifest_item: RecordItem, parameters_item: RecordItem, keys_item: RecordItem) -> Context:
    manifest = read_manifest(manifest_item)
    parameters = read_parameters(parameters_item)
    keys = read_election_keys(keys_item)
    return Context.derive(
        parse_manifest(manifest.content), parameters.n, parameters.k, keys.joint_key, keys.joint_data_key
    )


def _items(record: Record, kind: SectionType) -> list[RecordItem]:
    return [raw.item for raw in record.items(Section(kind)) if raw.item is not None]


def _only(kind: SectionType, items: list[RecordItem]) -> RecordItem:
    if len(items) != 1:
        raise GuardianError(f"The copy of the record has no {kind.name.lower()}.")
    return items[0]
