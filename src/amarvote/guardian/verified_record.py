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
from amarvote.record.reader import Record, open_record
from amarvote.record.sections import Section, SectionType


@dataclass(frozen=True, slots=True)
class VerifiedRecord:
    """What there is to open: the tally in (contest, option) order, challenged ballots by ascending locator."""

    context: Context
    tally: tuple[TallyCiphertext, ...]
    challenged: tuple[ChallengedBallot, ...]


def read_verified(folder: Path) -> VerifiedRecord:
    """Read a record that passed verification; one ballot is in memory at a time, and those to open."""
    with open_record(folder) as record:
        context = _context(record)
        tally = tally_ciphertexts(
            context,
            [
                read_encrypted_tally(raw.item)
                for raw in record.items(Section(SectionType.ENCRYPTED_TALLY), 1)
                if raw.item is not None
            ],
        )
        return VerifiedRecord(context, tuple(tally), tuple(_challenged(record)))


def read_setup(record: Record) -> tuple[Context, list[GuardianPublicKey]]:
    """The election and its guardians' public keys, of a record whose setup passed verification."""
    items = [raw.item for raw in record.items(Section(SectionType.GUARDIANS))]
    return _context(record), [read_guardian(item) for item in items if item is not None]


def _context(record: Record) -> Context:
    manifest = read_manifest(_only(record, SectionType.MANIFEST))
    parameters = read_parameters(_only(record, SectionType.PARAMETERS))
    keys = read_election_keys(_only(record, SectionType.ELECTION_KEYS))
    return Context.derive(
        parse_manifest(manifest.content), parameters.n, parameters.k, keys.joint_key, keys.joint_data_key
    )


def _challenged(record: Record) -> Iterator[ChallengedBallot]:
    devices = sorted(section for section in record.sections() if section.type is SectionType.DEVICE)
    for device in devices:
        for raw in record.items(device):
            if raw.item is None or raw.item.encrypted_ballot.status != BALLOT_STATUS_CHALLENGED:
                continue
            # The header is item 0, so that a ballot's position from 1 is its ordinal.
            locator = BallotLocator(device.key[0], device.key[1:], raw.ordinal)
            yield ChallengedBallot(locator, read_ballot(raw.item))


def _only(record: Record, kind: SectionType) -> RecordItem:
    items = [raw.item for raw in record.items(Section(kind))]
    if len(items) != 1 or items[0] is None:
        raise GuardianError(f"The copy of the record has no {kind.name.lower()}.")
    return items[0]
