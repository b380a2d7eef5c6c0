"""The "CVR export" of Dominion Democracy Suite 5.10, as it is: contests, candidates, and card by card the marks.

One file of cards is in memory at a time. The traps of these exports are in `examples/sf2024/README.md`.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from amarvote.inputs.errors import InputError
from amarvote.inputs.json_values import Members, json_of, read_bytes

LARGEST_FILE = 64 << 20
"""Bytes of one export file; San Francisco's have less than one million."""

_CARDS_FILE = re.compile(r"CvrExport_(\d{1,9})\.json")


@dataclass(frozen=True, slots=True)
class ExportedContest:
    """A contest of `ContestManifest.json`; `ranks` = 0 where it is not ranked. Candidates ascend by id."""

    id: int
    name: str
    vote_for: int
    ranks: int
    candidates: dict[int, str]

    @property
    def selection_limit(self) -> int:
        """How many votes a voter has: one first choice where the contest is ranked."""
        return 1 if self.ranks else self.vote_for

    def overvoted(self, votes: tuple[int, ...]) -> bool:
        """Whether these votes are too many, in all or for one candidate."""
        return len(votes) > self.selection_limit or len(set(votes)) < len(votes)


@dataclass(frozen=True, slots=True)
class MarkedContest:
    """A contest on a card: the candidates of the marks that count, one entry a mark, and how many do not.

    Of a ranked contest only marks of rank 1 are listed. `not_votes` counts marks with IsVote false, and
    `office_overvotes` is the export's own number of overvotes.
    """

    contest_id: int
    votes: tuple[int, ...]
    not_votes: int
    office_overvotes: int


@dataclass(frozen=True, slots=True)
class Card:
    """One scanned sheet. `id` says where it stands: number of the file, session and card, from 1 each."""

    id: str
    contests: tuple[MarkedContest, ...]


def card_files(directory: Path) -> list[Path]:
    """The files of cards, by number; raises InputError where there is none."""
    try:
        found = [
            (int(match[1]), path) for path in directory.iterdir() if (match := _CARDS_FILE.fullmatch(path.name))
        ]
    except OSError as problem:
        raise InputError(
            f"{directory} cannot be read: {problem.strerror}. Name the folder of the export."
        ) from None
    if not found:
        raise InputError(f"{directory} holds no CvrExport_….json. Name the folder of a Dominion CVR export.")
    found.sort()
    for (number, path), (other, second) in pairwise(found):
        if number == other:
            raise InputError(f"{path.name} and {second.name} have the same number. Keep one of them.")
    return [path for _, path in found]


def read_contests(directory: Path) -> dict[int, ExportedContest]:
    """All contests of the export by id, ascending."""
    contests: dict[int, ExportedContest] = {}
    for entry in _listed(directory / "ContestManifest.json"):
        contest_id = entry.integer("Id", least=1)
        if contest_id in contests:
            raise InputError(f"{entry.where}: contest {contest_id} is listed twice.")
        contests[contest_id] = ExportedContest(
            contest_id,
            entry.text("Description"),
            entry.integer("VoteFor", least=1),
            entry.integer("NumOfRanks"),
            {},
        )
    owners: dict[int, int] = {}
    for entry in _listed(directory / "CandidateManifest.json"):
        candidate_id, contest_id = entry.integer("Id", least=1), entry.integer("ContestId", least=1)
        if contest_id not in contests:
            raise InputError(f"{entry.where}: contest {contest_id} is not in ContestManifest.json.")
        if (
            owners.setdefault(candidate_id, contest_id) != contest_id
            or candidate_id in contests[contest_id].candidates
        ):
            raise InputError(f"{entry.where}: candidate {candidate_id} is listed twice.")
        contests[contest_id].candidates[candidate_id] = entry.text("Description")
    for contest in contests.values():
        ascending = sorted(contest.candidates.items())
        contest.candidates.clear()
        contest.candidates.update(ascending)
    return dict(sorted(contests.items()))


def _listed(path: Path) -> Iterator[Members]:
    listing = Members(json_of(path.name, read_bytes(path, LARGEST_FILE)), path.name)
    for number, entry in enumerate(listing.elements("List"), start=1):
        yield Members(entry, f"{path.name}, entry {number}")


@dataclass(frozen=True, slots=True)
class CardFile:
    """One `CvrExport_<n>.json`; `modified` counts the sessions whose Modified is current."""

    name: str
    election: str
    sessions: int
    modified: int
    sha256: bytes
    cards: tuple[Card, ...]


def read_cards(path: Path, contests: dict[int, ExportedContest]) -> CardFile:
    """One file of cards, checked against `contests`; raises InputError with the place of the fault."""
    match = _CARDS_FILE.fullmatch(path.name)
    number = int(match[1]) if match else 0
    data = read_bytes(path, LARGEST_FILE)
    export = Members(json_of(path.name, data), path.name)
    election = export.text("ElectionId")
    sessions = export.elements("Sessions")
    cards: list[Card] = []
    modified_sessions = 0
    for position, value in enumerate(sessions, start=1):
        session = Members(value, f"{path.name}, session {position}")
        original = session.member("Original")
        modified = session.member("Modified") if "Modified" in session else None
        uses_modified = modified is not None and modified.boolean("IsCurrent")
        modified_sessions += uses_modified
        current = modified if modified is not None and uses_modified else original
        for sheet, card in enumerate(current.elements("Cards"), start=1):
            marked = _marked_contests(Members(card, f"{current.where}, card {sheet}"), contests)
            cards.append(Card(f"{number}-{position}-{sheet}", marked))
    sha256 = hashlib.sha256(data).digest()
    return CardFile(path.name, election, len(sessions), modified_sessions, sha256, tuple(cards))


def _marked_contests(card: Members, contests: dict[int, ExportedContest]) -> tuple[MarkedContest, ...]:
    marked: dict[int, MarkedContest] = {}
    for value in card.elements("Contests"):
        entry = Members(value, card.where)
        contest_id = entry.integer("Id", least=1)
        entry.where = f"{card.where}, contest {contest_id}"
        contest = contests.get(contest_id)
        if contest is None:
            raise InputError(f"{entry.where} is not in ContestManifest.json.")
        if contest_id in marked:
            raise InputError(f"{entry.where} stands twice on the card.")
        marked[contest_id] = _marks(entry, contest)
    return tuple(marked[contest_id] for contest_id in sorted(marked))


def _marks(entry: Members, contest: ExportedContest) -> MarkedContest:
    votes: list[int] = []
    not_votes = 0
    for value in entry.elements("Marks"):
        mark = Members(value, entry.where)
        candidate_id = mark.integer("CandidateId", least=1)
        if candidate_id not in contest.candidates:
            raise InputError(f"{entry.where}: candidate {candidate_id} does not stand in this contest.")
        rank = mark.integer("Rank") if contest.ranks else 1
        if not mark.boolean("IsVote"):
            not_votes += 1
        elif rank == 1:
            votes.append(candidate_id)
    overvotes = entry.integer("Overvotes") if "Overvotes" in entry else 0
    return MarkedContest(contest.id, tuple(votes), not_votes, overvotes)
