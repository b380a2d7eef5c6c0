"""Generated elections of one contest with four options, as files for `amarvote count`."""

import json
import random
from pathlib import Path

from amarvote.electionguard.manifest import manifest_bytes
from bench.operations import CONTESTS, OPTIONS, STYLES


def generate(folder: Path, ballots: int) -> tuple[Path, Path]:
    """A manifest and so many ballots, the same ones each time."""
    draw = random.Random(ballots)
    manifest, lines = folder / "manifest.json", folder / "ballots.jsonl"
    manifest.write_bytes(manifest_bytes("generated", CONTESTS, STYLES))
    with lines.open("w", encoding="utf-8") as file:
        for number in range(ballots):
            choice = draw.randrange(OPTIONS + 1)
            votes = {f"option {choice}": 1} if choice else {}
            ballot = {"ballot_id": str(number), "style": "style", "votes": {"contest": votes}}
            file.write(json.dumps(ballot) + "\n")
    return manifest, lines
