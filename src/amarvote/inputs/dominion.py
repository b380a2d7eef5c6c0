"""`amarvote import dominion`: an election office's CVR export becomes a manifest, ballots, and a report.

One scanned card is one ballot; its style is the set of contests on the card. Contests on fewer than ten cards are
left out of manifest and ballots (rule 9) and named in the report. The same export gives the same bytes. Each file
of cards is read once; memory grows with the number of styles, not of cards.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from amarvote.electionguard.contest_remarks import Remarks, pack, unpack
from amarvote.electionguard.errors import ManifestError
from amarvote.electionguard.manifest import MAX_CONTEST_DATA_BLOCKS, manifest_bytes
from amarvote.inputs.dominion_export import ExportedContest, card_files, read_cards, read_contests
from amarvote.inputs.dominion_report import Census, ImportReport, alike_styles
from amarvote.inputs.errors import InputError, OutputError

SMALLEST_GROUP = 10
"""Contests on fewer cards are left out: their totals would tell too much about single voters."""

MANIFEST, BALLOTS, REPORT = "manifest.json", "ballots.jsonl", "import-report.json"


def _untold(done: int, total: int) -> None:
    """Nobody wants to know how far it is."""


def import_dominion(directory: Path, out: Path, progress: Callable[[int, int], None] = _untold) -> ImportReport:
    """Write manifest.json, ballots.jsonl and, last, import-report.json into `out`; what stood there is replaced.

    `out` is made where it is missing, the folder around it is not. `progress` is told how many files of how many
    are read. Raises InputError, before anything is written, where the export is damaged or is none; OutputError
    where `out` cannot be written.
    """
    contests = read_contests(directory)
    files = card_files(directory)
    census = Census(contests)
    election = ""
    sessions = modified = 0
    digest = hashlib.sha256()
    with TemporaryFile("w+", encoding="ascii") as spool:
        for done, path in enumerate(files, start=1):
            file = read_cards(path, contests)
            if election not in ("", file.election):
                raise InputError(
                    f"{file.name} is of another election than the files before it. Import one at a time."
                )
            election = file.election
            sessions += file.sessions
            modified += file.modified
            digest.update(file.name.encode() + b"\n" + file.sha256)
            for card in file.cards:
                votes = [marked.votes for marked in card.contests]
                spool.write(json.dumps([card.id, census.add(card), votes]) + "\n")
            progress(done, len(files))
        kept = census.kept(SMALLEST_GROUP)
        styles = _style_ids(census, kept)
        manifest = _manifest(election, contests, census, kept, styles)
        with _writing(out):
            out.mkdir(exist_ok=True)
            (out / REPORT).unlink(missing_ok=True)
            _write(out / MANIFEST, [manifest])
            spool.seek(0)
            ballots = _write(out / BALLOTS, _ballot_lines(spool, census, kept, styles))
    reports, style_reports = census.contest_reports(kept), census.style_reports(styles, kept)
    report = ImportReport(
        election=election,
        files=len(files),
        sha256=digest.hexdigest(),
        sessions=sessions,
        modified=modified,
        cards=census.cards,
        ballots=ballots,
        smallest_group=SMALLEST_GROUP,
        contests_listed=len(contests),
        contests_occurring=len(reports),
        contests_kept=len(kept),
        contest_instances=sum(contest.cards for contest in reports),
        blank=sum(contest.blank for contest in reports),
        overvotes=sum(contest.overvotes for contest in reports),
        office_overvotes=sum(contest.office_overvotes for contest in reports),
        left_out=tuple(
            f"{contest.name} (contest {contest.id}), on {contest.cards} card{'s' * (contest.cards > 1)}"
            for contest in reports
            if not contest.kept
        ),
        contests=reports,
        styles=style_reports,
        alike=alike_styles(style_reports, SMALLEST_GROUP),
        overvoted=census.overvoted,
    )
    with _writing(out):
        _write(out / REPORT, [json.dumps(report.as_json(), ensure_ascii=False, indent=1).encode() + b"\n"])
    return report


def _style_ids(census: Census, kept: list[int]) -> list[str | None]:
    """The style of each set of contests, by number of set: sets are numbered anew in ascending order."""
    sets = census.sets()
    styles: list[str | None] = [None] * len(sets)
    position = 0
    for number in sorted(range(len(sets)), key=sets.__getitem__):
        if not set(kept).isdisjoint(sets[number]):
            position += 1
            styles[number] = f"style-{position}"
    return styles


def _manifest(
    election: str,
    contests: Mapping[int, ExportedContest],
    census: Census,
    kept: list[int],
    styles: list[str | None],
) -> bytes:
    cards_styles = [
        {
            "id": style.id,
            "name": f"Card {number}: contests {style.contests[0]} to {style.contests[-1]} ({len(style.contests)})",
            "contestIds": list(style.contests),
        }
        for number, style in enumerate(
            (style for style in census.style_reports(styles, kept) if style.id is not None), start=1
        )
    ]
    try:
        return manifest_bytes(
            election, [_contest(contests[contest_id]) for contest_id in kept], cards_styles, electionName=election
        )
    except ManifestError as problem:
        raise InputError(f"The export cannot be made into a manifest: {'; '.join(problem.problems)}.") from None


def _contest(contest: ExportedContest) -> dict[str, Any]:
    choices = [{"id": str(candidate), "name": name} for candidate, name in contest.candidates.items()]
    return {
        "id": str(contest.id),
        "name": f"{contest.name} (first choices)" if contest.ranks else contest.name,
        "selectionLimit": contest.selection_limit,
        "choices": choices,
        "contestDataBlocks": _blocks_for_overvote(contest),
    }


def _blocks_for_overvote(contest: ExportedContest) -> int:
    """The fewest blocks of contest data that hold an overvote of all candidates; exports tell no write-ins."""
    remarks = Remarks({str(candidate): 1 for candidate in contest.candidates})
    for blocks in range(1, MAX_CONTEST_DATA_BLOCKS + 1):
        if unpack(pack(remarks, blocks)) == remarks:
            return blocks
    raise InputError(f"Contest {contest.id} has too many candidates: {len(contest.candidates)}.")


def _ballot_lines(spool: IO[str], census: Census, kept: list[int], styles: list[str | None]) -> Iterator[bytes]:
    sets = census.sets()
    wanted = set(kept)
    for line in spool:
        ballot_id, number, votes = json.loads(line)
        if styles[number] is None:
            continue
        marked = {
            str(contest_id): {str(candidate): times for candidate, times in sorted(Counter(candidates).items())}
            for contest_id, candidates in zip(sets[number], votes, strict=True)
            if contest_id in wanted
        }
        ballot = {"ballot_id": ballot_id, "style": styles[number], "votes": marked}
        yield json.dumps(ballot, separators=(",", ":")).encode() + b"\n"


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise OutputError(f"{out} cannot be written: {problem.strerror}. Name another folder.") from None


def _write(path: Path, lines: Iterable[bytes]) -> int:
    """Write a file whole or not at all; returns the number of its lines."""
    draft = path.with_name(path.name + ".part")
    written = 0
    with draft.open("wb") as file:
        for line in lines:
            file.write(line)
            written += 1
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return written
