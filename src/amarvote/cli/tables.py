"""Results as people read them: contest by contest, a bar for each option, the plaintext count beside it."""

from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from amarvote.electionguard.manifest import Contest, Manifest
from amarvote.launch.wording import number_of

Totals = Mapping[str, Mapping[str, int]]
"""Contest id -> option id -> votes."""

BAR_WIDTH = 16
_EIGHTHS = " ▏▎▍▌▋▊▉"


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A total that is not what the plaintext count says."""

    contest: str
    option: str
    decrypted: int | None
    plaintext: int | None


def mismatches(totals: Totals, plaintext: Totals) -> list[Mismatch]:
    """Where the two counts differ, or only one of them has a number."""
    found = []
    for contest_id in sorted({*totals, *plaintext}):
        ours, theirs = totals.get(contest_id, {}), plaintext.get(contest_id, {})
        found += [
            Mismatch(contest_id, option_id, ours.get(option_id), theirs.get(option_id))
            for option_id in sorted({*ours, *theirs})
            if ours.get(option_id) != theirs.get(option_id)
        ]
    return found


def results(
    manifest: Manifest, totals: Totals, plaintext: Totals | None = None, kinds: Totals | None = None
) -> RenderableType:
    """The decrypted totals of every contest in manifest order; differences from `plaintext` are marked.

    `kinds` has each contest's ballots, and how many of these are blank and overvoted.
    """
    parts: list[RenderableType] = []
    for contest in manifest.contests:
        if contest.id in totals:
            parts.append(_contest(contest, totals[contest.id], plaintext))
            if kinds is not None and contest.id in kinds:
                parts.append(_kinds(kinds[contest.id]))
            parts.append(Text())
    if plaintext is not None:
        parts.append(_conclusion(mismatches(totals, plaintext)))
    return Group(*parts)


def _contest(contest: Contest, totals: Mapping[str, int], plaintext: Totals | None) -> RenderableType:
    table = Table(
        title=Text(contest.name, style="bold"), title_justify="left", box=None, expand=True, pad_edge=False
    )
    table.add_column("", ratio=1, overflow="fold")
    table.add_column("decrypted", justify="right", width=9)
    table.add_column("", width=BAR_WIDTH)
    table.add_column("share", justify="right", width=6)
    if plaintext is not None:
        table.add_column("plaintext", justify="right", width=9)
    counted = sum(totals.values())
    for option in contest.options:
        total = totals.get(option.id, 0)
        share = total / counted if counted else 0.0
        row: list[RenderableType] = [
            Text(option.name),
            str(total),
            _Bar(share),
            f"{share:.1%}" if counted else "-",
        ]
        if plaintext is not None:
            expected = plaintext.get(contest.id, {}).get(option.id)
            shown = "none" if expected is None else str(expected)
            row.append(Text(shown) if expected == total else Text(f"!! {shown}", style="bold red"))
        table.add_row(*row)
    return table


def _kinds(numbers: Mapping[str, int]) -> Text:
    if not numbers["ballots"]:
        return Text("on no ballot", style="dim")
    ballots = number_of(numbers["ballots"], "ballot")
    return Text(f"{ballots}: {numbers['blank']} blank, {numbers['overvoted']} overvoted", style="dim")


def _conclusion(differences: list[Mismatch]) -> Text:
    if not differences:
        return Text("Every total equals the plaintext count.", style="bold green")
    first = differences[0]
    many = "1 total differs" if len(differences) == 1 else f"{len(differences)} totals differ"
    return Text(
        f"{many} from the plaintext count (marked !!), the first in contest {first.contest}, "
        f"option {first.option}: {first.decrypted} decrypted, {first.plaintext} in plaintext.",
        style="bold red",
    )


@dataclass(frozen=True, slots=True)
class _Bar:
    """A bar of `share` (0 to 1) of the width it gets; in plain characters where the output takes no others."""

    share: float

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        if options.ascii_only:
            yield Text("#" * round(self.share * width))
            return
        eighths = round(self.share * width * 8)
        yield Text("█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip(), style="cyan")

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(1, options.max_width)
