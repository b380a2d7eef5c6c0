"""The count of ballots in the clear, straight from the input files.

It stands beside the decrypted totals to show that they are right, so it shares no code with what encrypts, checks
or reads ballots elsewhere, and imports nothing of AmarVote. It expects files that the strict reader has accepted.
"""

import csv
import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

Votes = dict[str, dict[str, int]]
"""Contest id -> option id -> votes."""


def count(manifest_path: Path, ballots_path: Path) -> Votes:
    """The total of every option of every contest of the manifest.

    In a contest with more votes than its selection limit, or more for one option than the option limit, a ballot
    counts for nobody.
    """
    manifest = json.loads(manifest_path.read_bytes())
    totals = {
        contest["id"]: {choice["id"]: 0 for choice in contest["choices"]} for contest in manifest["contests"]
    }
    limits = _limits(manifest)
    for _, votes in _ballots(ballots_path):
        for contest_id, options in votes.items():
            if not _overvoted(options, limits[contest_id]):
                for option_id, n in options.items():
                    totals[contest_id][option_id] += n
    return totals


def kinds(manifest_path: Path, ballots_path: Path) -> Votes:
    """Contest id -> {"ballots", "blank", "overvoted"}: on how many ballots the contest is, and how many of these
    have no vote in it, or too many.
    """
    manifest = json.loads(manifest_path.read_bytes())
    numbers = {contest["id"]: {"ballots": 0, "blank": 0, "overvoted": 0} for contest in manifest["contests"]}
    limits = _limits(manifest)
    contests_of = {style["id"]: style["contestIds"] for style in manifest["ballotStyles"]}
    for style, votes in _ballots(ballots_path):
        for contest_id in contests_of[style]:
            options = votes.get(contest_id, {})
            numbers[contest_id]["ballots"] += 1
            numbers[contest_id]["blank"] += not any(options.values())
            numbers[contest_id]["overvoted"] += _overvoted(options, limits[contest_id])
    return numbers


def _limits(manifest: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {
        contest["id"]: (contest["selectionLimit"], contest["optionSelectionLimit"])
        for contest in manifest["contests"]
    }


def _overvoted(options: dict[str, int], limits: tuple[int, int]) -> bool:
    selection_limit, option_limit = limits
    return sum(options.values()) > selection_limit or any(n > option_limit for n in options.values())


def _ballots(path: Path) -> Iterator[tuple[str, Votes]]:
    return _csv_ballots(path) if path.suffix.lower() == ".csv" else _json_ballots(path)


def _json_ballots(path: Path) -> Iterator[tuple[str, Votes]]:
    with path.open(encoding="utf-8-sig", newline="\n") as lines:
        for line in lines:
            ballot = json.loads(line)
            yield ballot["style"], ballot["votes"]


def _csv_ballots(path: Path) -> Iterator[tuple[str, Votes]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for (_, style), rows in groupby(csv.DictReader(lines), key=lambda row: (row["ballot_id"], row["style"])):
            votes: Votes = {}
            for row in rows:
                if row["contest"]:
                    votes.setdefault(row["contest"], {})[row["option"]] = int(row["value"])
            yield style, votes
