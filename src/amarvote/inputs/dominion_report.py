"""What an import found, counted card by card, and the report that the officer reads."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from amarvote.inputs.dominion_export import Card, ExportedContest
from amarvote.inputs.errors import InputError

MOST_STYLES = 10_000
"""More distinct sets of contests than this are no election but a damaged file."""

LISTED_OVERVOTES = 1000
"""How many overvotes the report lists one by one; their number is always told."""


@dataclass(frozen=True, slots=True)
class ContestReport:
    """A contest that occurs. `blank`: on so many cards nothing was voted; overvoted cards are not among them.

    `not_votes` counts marks with IsVote false, `office_overvotes` the cards on which the export itself states an
    overvote: where the office has already set its marks to IsVote false, such a card counts as blank here.
    """

    id: str
    name: str
    ranked: bool
    kept: bool
    cards: int
    votes: int
    blank: int
    overvotes: int
    not_votes: int
    office_overvotes: int


@dataclass(frozen=True, slots=True)
class StyleReport:
    """A distinct set of contests on a card; `id` is None where none of them was kept."""

    id: str | None
    cards: int
    contests: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overvote:
    """Too many votes in one contest of one ballot: they count for nobody."""

    ballot_id: str
    contest: str
    votes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import read, what it wrote, and what it left out.

    `sha256` is over the names and digests of the files of cards. `overvotes` counts the cards with too many votes,
    `office_overvotes` those on which the export itself states an overvote. `alike` tells, a sentence each, which
    styles have the same contests since the small ones were left out.
    """

    election: str
    files: int
    sha256: str
    sessions: int
    modified: int
    cards: int
    ballots: int
    smallest_group: int
    contests_listed: int
    contests_occurring: int
    contests_kept: int
    contest_instances: int
    blank: int
    overvotes: int
    office_overvotes: int
    left_out: tuple[str, ...]
    contests: tuple[ContestReport, ...]
    styles: tuple[StyleReport, ...]
    alike: tuple[str, ...]
    overvoted: tuple[Overvote, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """The report as plain data."""
        return asdict(self)


def alike_styles(styles: tuple[StyleReport, ...], smallest_group: int) -> tuple[str, ...]:
    """A sentence for each group of styles that differ in nothing but contests that were left out."""
    groups: dict[tuple[str, ...], list[StyleReport]] = {}
    for style in styles:
        if style.id is not None:
            groups.setdefault(style.contests, []).append(style)
    return tuple(
        f"{', '.join(_with_left_out(style) for style in group)} have the same contests, because contests on fewer "
        f"than {smallest_group} cards are left out. They stay apart: a style is one set of contests on a card."
        for group in groups.values()
        if len(group) > 1
    )


def _with_left_out(style: StyleReport) -> str:
    gone = f"without contest{'s' * (len(style.left_out) > 1)} {', '.join(style.left_out)}"
    return f"{style.id} ({gone})" if style.left_out else f"{style.id}"


@dataclass(slots=True)
class _ContestCount:
    cards: int = 0
    votes: int = 0
    blank: int = 0
    overvotes: int = 0
    not_votes: int = 0
    office_overvotes: int = 0


class Census:
    """Counts cards as they come. A set of contests gets a number in the order of first sight."""

    def __init__(self, contests: Mapping[int, ExportedContest]) -> None:
        self._contests = contests
        self.cards = 0
        self.by_contest: dict[int, _ContestCount] = {}
        self._numbers: dict[tuple[int, ...], int] = {}
        self._cards_of_set: list[int] = []
        self._overvoted: list[Overvote] = []

    def add(self, card: Card) -> int:
        """Count a card; returns the number of its set of contests."""
        contest_ids = tuple(marked.contest_id for marked in card.contests)
        number = self._numbers.setdefault(contest_ids, len(self._numbers))
        if number == len(self._cards_of_set):
            if number == MOST_STYLES:
                raise InputError(f"The cards hold more than {MOST_STYLES} sets of contests. Export them again.")
            self._cards_of_set.append(0)
        self._cards_of_set[number] += 1
        self.cards += 1
        for marked in card.contests:
            count = self.by_contest.setdefault(marked.contest_id, _ContestCount())
            count.cards += 1
            count.not_votes += marked.not_votes
            count.office_overvotes += marked.office_overvotes > 0
            if self._contests[marked.contest_id].overvoted(marked.votes):
                count.overvotes += 1
                if len(self._overvoted) < LISTED_OVERVOTES:
                    votes = tuple(str(candidate) for candidate in marked.votes)
                    self._overvoted.append(Overvote(card.id, str(marked.contest_id), votes))
            else:
                count.votes += len(marked.votes)
                count.blank += not marked.votes
        return number

    def sets(self) -> list[tuple[int, ...]]:
        """The sets of contests by number."""
        return list(self._numbers)

    def kept(self, smallest_group: int) -> list[int]:
        """The contests that are on so many cards or more, ascending; raises InputError where none is."""
        kept = sorted(contest_id for contest_id, count in self.by_contest.items() if count.cards >= smallest_group)
        if not kept:
            raise InputError(
                f"No contest is on {smallest_group} cards or more: nothing is left. Export more cards."
            )
        return kept

    def contest_reports(self, kept: list[int]) -> tuple[ContestReport, ...]:
        """Every contest that occurs, ascending by id."""
        reports = []
        for contest_id, count in sorted(self.by_contest.items()):
            contest = self._contests[contest_id]
            reports.append(
                ContestReport(
                    str(contest_id),
                    contest.name,
                    contest.ranks > 0,
                    contest_id in kept,
                    count.cards,
                    count.votes,
                    count.blank,
                    count.overvotes,
                    count.not_votes,
                    count.office_overvotes,
                )
            )
        return tuple(reports)

    def style_reports(self, styles: list[str | None], kept: list[int]) -> tuple[StyleReport, ...]:
        """Every set of contests, ascending; `styles` are the ids by number of set."""
        reports = []
        for contest_ids, number in sorted(self._numbers.items()):
            here = tuple(str(contest_id) for contest_id in contest_ids if contest_id in kept)
            gone = tuple(str(contest_id) for contest_id in contest_ids if contest_id not in kept)
            reports.append(StyleReport(styles[number], self._cards_of_set[number], here, gone))
        return tuple(reports)

    @property
    def overvoted(self) -> tuple[Overvote, ...]:
        """The first overvotes, in the order of the cards."""
        return tuple(self._overvoted)
