"""A small election for whole runs: eight ballots, two contests, and the command line as people use it."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from amarvote.electionguard.manifest import manifest_bytes

PROGRAM = [sys.executable, "-c", "from amarvote.cli.main import main; main()"]

CONTESTS = [
    {"id": "mayor", "name": "Mayor", "choices": ["ada", "ben", "cem"]},
    {
        "id": "board",
        "name": "Board",
        "selectionLimit": 2,
        "choices": ["dia", "eva"],
        "contestDataBlocks": 3,
        "writeInFieldCount": 1,
    },
]
STYLES = [{"id": "town", "contestIds": ["mayor", "board"]}, {"id": "country", "contestIds": ["mayor"]}]

BALLOTS: list[dict[str, Any]] = [
    {"style": "town", "votes": {"mayor": {"ada": 1}, "board": {"dia": 1, "eva": 1}}},
    {"style": "town", "votes": {"mayor": {"ben": 1}, "board": {"dia": 1}}, "write_ins": {"board": "Gül"}},
    {"style": "town", "votes": {"mayor": {"ada": 1, "ben": 1}, "board": {"eva": 1}}},  # an overvote for mayor
    {"style": "country", "votes": {"mayor": {"ada": 1}}},
    {"style": "country", "votes": {}},
    {"style": "town", "votes": {"mayor": {"cem": 0}, "board": {"dia": 1}}},
    {"style": "country", "votes": {"mayor": {"ada": 1}}},
    {"style": "town", "votes": {"mayor": {"ben": 1}}},
]
TOTALS = {"mayor": {"ada": 3, "ben": 2, "cem": 0}, "board": {"dia": 3, "eva": 2}}
KINDS = {
    "mayor": {"ballots": 8, "blank": 2, "overvoted": 1},
    "board": {"ballots": 5, "blank": 1, "overvoted": 0},
}


def write_inputs(folder: Path, chaining: int = 0) -> list[str]:
    """Manifest and ballots in `folder`; the options that name them."""
    manifest, ballots = folder / "manifest.json", folder / "ballots.jsonl"
    manifest.write_bytes(manifest_bytes("small", CONTESTS, STYLES, chainingMode=chaining))
    lines = [json.dumps({"ballot_id": f"b{n}", **ballot}) + "\n" for n, ballot in enumerate(BALLOTS, start=1)]
    ballots.write_text("".join(lines), encoding="utf-8")
    return ["--manifest", str(manifest), "--ballots", str(ballots), "--minimum-group", "5"]


def write_csv(path: Path) -> None:
    """The same ballots as CSV, without their write-ins."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["ballot_id", "style", "contest", "option", "value"])
        for number, ballot in enumerate(BALLOTS, start=1):
            marks = [(c, o, n) for c, options in ballot["votes"].items() for o, n in options.items()]
            for mark in marks or [("", "", "")]:
                writer.writerow([f"b{number}", ballot["style"], *mark])


def amarvote(*arguments: str, cwd: Path | None = None, seconds: float = 200) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [*PROGRAM, *arguments], cwd=cwd, capture_output=True, text=True, timeout=seconds, check=False
    )


def begin(*arguments: str) -> subprocess.Popen[str]:
    """Begin one command."""
    return subprocess.Popen(
        [*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ}
    )


def pids(folder: Path) -> dict[str, int]:
    """Every process of the run in `folder` by its name; a worker's child as NAME/child."""
    try:
        found: dict[str, int] = json.loads((folder / "processes.json").read_text())
        workers = json.loads((folder / "workers.json").read_text())["workers"]
    except FileNotFoundError:
        return {}
    for worker in workers:
        found[worker["name"]] = worker["parent"]
        if worker["child"] is not None:
            found[f"{worker['name']}/child"] = worker["child"]
    return found
