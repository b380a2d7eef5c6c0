"""What a run comes to: decrypted totals beside the plaintext count, and what it took."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from amarvote.device.voters import Marks, read_voters
from amarvote.electionguard.manifest import Manifest
from amarvote.launch.conductor import RECORD
from amarvote.launch.electorate import VOTERS, device_names
from amarvote.launch.inputs import Inputs
from amarvote.launch.options import Options
from amarvote.launch.workers_memory import WorkersMemory
from amarvote.plaintext import Votes, count, kinds


def report(
    folder: Path,
    inputs: Inputs,
    progress: Mapping[str, Any],
    results: Mapping[str, Any],
    shown_wrongly: int,
    memory: WorkersMemory,
    seconds: float,
) -> dict[str, Any]:
    """The object of `--json`; `shown_wrongly` is how many challenged ballots were."""
    decrypted, plaintext = results["totals"], count(inputs.manifest_path, inputs.ballots_path)
    ballots = progress["ballots"]
    return {
        "ballots": inputs.voters,
        "accepted": ballots["accepted"] - ballots["challenged"],
        "challenged": ballots["challenged"],
        "rejected": ballots["rejected"],
        "totals": side_by_side(decrypted, plaintext),
        "contests": kinds(inputs.manifest_path, inputs.ballots_path),
        "mismatches": total_mismatches(decrypted, plaintext) + shown_wrongly,
        "verified": progress["state"] == "published",
        "record": str(folder / RECORD),
        "seconds": round(seconds, 1),
        "worker_rss_mb": {"baseline": memory.baseline, "max": memory.most},
        "phases": {
            phase["name"]: {"chunks": phase["chunks"], "seconds": phase["seconds"]} for phase in progress["phases"]
        },
    }


def side_by_side(decrypted: Votes, plaintext: Votes) -> dict[str, dict[str, list[int | None]]]:
    """[decrypted, plaintext] for every option of either count; null where a count does not have it."""
    return {
        contest: {
            option: [decrypted.get(contest, {}).get(option), plaintext.get(contest, {}).get(option)]
            for option in _keys(decrypted.get(contest, {}), plaintext.get(contest, {}))
        }
        for contest in _keys(decrypted, plaintext)
    }


def total_mismatches(decrypted: Votes, plaintext: Votes) -> int:
    """How many options have two different counts."""
    options = (pair for contest in side_by_side(decrypted, plaintext).values() for pair in contest.values())
    return sum(ours != theirs for ours, theirs in options)


def challenged_mismatches(
    folder: Path, options: Options, manifest: Manifest, opened: Iterable[Mapping[str, Any]]
) -> int:
    """How many challenged ballots were not opened to what their voters had marked."""
    marked: Counter[str] = Counter()
    for name in device_names(options):
        for voter in read_voters(folder / "devices" / name / VOTERS):
            marked.update(_canonical(manifest, voter.style, marks) for marks in voter.challenges)
    shown = Counter(json.dumps(ballot["contests"], sort_keys=True) for ballot in opened)
    return max((marked - shown).total(), (shown - marked).total())


def _canonical(manifest: Manifest, style: str, marks: Marks) -> str:
    """Every option of every contest of the style, as an opened ballot lists them."""
    contests = [manifest.contest(index) for index in manifest.style(style).contest_indices]
    values = {
        contest.id: {option.id: marks.votes.get(contest.id, {}).get(option.id, 0) for option in contest.options}
        for contest in contests
    }
    return json.dumps(values, sort_keys=True)


def _keys(one: Mapping[str, object], other: Mapping[str, object]) -> list[str]:
    return [*one, *(key for key in other if key not in one)]
