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
    totals: Votes = {}
    limits: dict[str, tuple[int, int]] = {}
    for contest in manifest["contests"]:
        totals[contest["id"]] = {choice["id"]: 0 for choice in contest["choices"]}
        limits[contest["id"]] = (contest["selectionLimit"], contest["optionSelectionLimit"])
    for votes in _csv_votes(ballots_path) if ballots_path.suffix.lower() == ".csv" else _json_votes(ballots_path):
        for contest_id, options in votes.items():
            selection_limit, option_limit = limits[contest_id]
            if sum(options.values()) > selection_limit or any(n > option_limit for n in options.values()):
                continue
            for option_id, n in options.items():
                totals[contest_id][option_id] += n
    return totals


def _json_votes(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="\n") as lines:
        for line in lines:
            yield json.loads(line)["votes"]


def _csv_votes(path: Path) -> Iterator[Votes]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for _, rows in groupby(csv.DictReader(lines), key=lambda row: row["ballot_id"]):
            votes: Votes = {}
            for row in rows:
                if row["contest"]:
                    votes.setdefault(row["contest"], {})[row["option"]] = int(row["value"])
            yield votes
