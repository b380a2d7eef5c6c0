"""Made-up Dominion exports, small and in any shape."""

import json
from pathlib import Path
from typing import Any

SAN_FRANCISCO = Path(__file__).parent.parent / "examples" / "sf2024"

CONTESTS = [
    {"Id": 1, "Description": "MAYOR", "VoteFor": 1, "NumOfRanks": 3},
    {"Id": 2, "Description": " BOARD ", "VoteFor": 2, "NumOfRanks": 0},
    {"Id": 3, "Description": "MEASURE A", "VoteFor": 1, "NumOfRanks": 0},
]
CANDIDATES = [
    {"Id": 12, "Description": "BEA ", "ContestId": 1},
    {"Id": 11, "Description": "ADA", "ContestId": 1},
    {"Id": 21, "Description": "CY", "ContestId": 2},
    {"Id": 22, "Description": "DEE", "ContestId": 2},
    {"Id": 23, "Description": "EVE", "ContestId": 2},
    {"Id": 31, "Description": "YES", "ContestId": 3},
    {"Id": 32, "Description": "NO", "ContestId": 3},
]


def mark(candidate: int, rank: int = 1, is_vote: bool = True) -> dict[str, Any]:
    """One mark."""
    return {"CandidateId": candidate, "Rank": rank, "IsVote": is_vote}


def card(contests: dict[int, list[dict[str, Any]]]) -> dict[str, Any]:
    """One card: contest id -> marks."""
    return {"Contests": [{"Id": contest_id, "Marks": marks} for contest_id, marks in contests.items()]}


def session(
    *cards: dict[str, Any], modified: list[dict[str, Any]] | None = None, current: bool = True
) -> dict[str, Any]:
    """A session of these cards; `modified` are the cards of a Modified that is, or is not, current."""
    made: dict[str, Any] = {"Original": {"IsCurrent": modified is None or not current, "Cards": list(cards)}}
    if modified is not None:
        made["Modified"] = {"IsCurrent": current, "Cards": modified}
    return made


def export_to(
    directory: Path,
    files: dict[int, list[dict[str, Any]]],
    contests: list[dict[str, Any]] = CONTESTS,
    candidates: list[dict[str, Any]] = CANDIDATES,
) -> Path:
    """Write an export: number of the CvrExport file -> its sessions."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "ContestManifest.json").write_text(json.dumps({"List": contests}))
    (directory / "CandidateManifest.json").write_text(json.dumps({"List": candidates}))
    for number, sessions in files.items():
        content = {"Version": "5.10", "ElectionId": "Town 2026", "Sessions": sessions}
        (directory / f"CvrExport_{number}.json").write_text(json.dumps(content))
    return directory


def imported(out: Path) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    """The three files of an import: manifest, ballots, report."""
    ballots = [json.loads(line) for line in (out / "ballots.jsonl").read_text().splitlines()]
    return (
        json.loads((out / "manifest.json").read_text()),
        ballots,
        json.loads((out / "import-report.json").read_text()),
    )
