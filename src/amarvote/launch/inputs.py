"""The inputs of a run, copied into its folder once, checked wholly before anything is encrypted."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from amarvote.electionguard.errors import ManifestError
from amarvote.electionguard.manifest import Manifest, parse_manifest
from amarvote.electionguard.manifest_json import MAX_BYTES
from amarvote.inputs.ballot_files import read_ballots
from amarvote.inputs.ballot_rules import BallotLine
from amarvote.inputs.dominion import import_dominion
from amarvote.inputs.errors import InputError
from amarvote.inputs.given_files import copy_given
from amarvote.launch.drawing import draw_cards
from amarvote.launch.errors import UnusableInput, WrongOptions
from amarvote.launch.options import CHAINING, Options, check_challenged
from amarvote.participants.files import private_folder, write_durably

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "sf2024"
"""The real cards that the demo votes with, in the project's folder."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The manifest and the ballots of a run, as they lie in its folder."""

    manifest_path: Path
    ballots_path: Path
    manifest: Manifest
    voters: int
    smallest_contest: int
    """Ballots of the contest that has the fewest, contests on no ballot aside."""

    def ballots(self) -> Iterator[BallotLine]:
        """The ballots, one at a time."""
        return read_ballots(self.ballots_path, self.manifest)


def demo_inputs(folder: Path, options: Options) -> Inputs:
    """San Francisco's cards, drawn for the demo; raises UnusableInput, WrongOptions."""
    target = private_folder(folder / "inputs")
    try:
        import_dominion(EXAMPLE, target / "import")
        manifest_path = target / "manifest.json"
        content = json.loads((target / "import" / "manifest.json").read_bytes())
        content["chainingMode"] = CHAINING[options.chaining or "none"]
        write_durably(manifest_path, json.dumps(content, ensure_ascii=False, indent=1).encode())
        manifest = parse_manifest(manifest_path.read_bytes())
        cards = list(read_ballots(target / "import" / "ballots.jsonl", manifest))
    except (InputError, ManifestError, OSError) as problem:
        raise UnusableInput(f"The demo's cards cannot be used: {problem}") from None
    drawn = draw_cards(cards, options.ballots or len(cards), options.seed)
    ballots_path = target / "ballots.jsonl"
    write_durably(ballots_path, "".join(_line(card) for card in drawn).encode())
    return _checked(manifest_path, ballots_path, options)


def count_inputs(folder: Path, options: Options, manifest: Path, ballots: Path) -> Inputs:
    """Somebody's own manifest and ballots, copied; raises UnusableInput with every fault, WrongOptions."""
    target = private_folder(folder / "inputs")
    manifest_path, ballots_path = target / "manifest.json", target / f"ballots{ballots.suffix.lower()}"
    try:
        copy_given(manifest, manifest_path, MAX_BYTES)
        copy_given(ballots, ballots_path)
    except InputError as problem:
        raise UnusableInput(str(problem)) from None
    inputs = _checked(manifest_path, ballots_path, options, (manifest, ballots))
    if options.chaining is not None and CHAINING[options.chaining] != inputs.manifest.chaining_mode:
        raise WrongOptions(
            f"--chaining {options.chaining} contradicts the manifest, whose chainingMode is "
            f"{inputs.manifest.chaining_mode}. The manifest decides: change it, or leave the option out."
        )
    if inputs.smallest_contest < options.minimum_group:
        raise WrongOptions(
            f"A contest is on only {inputs.smallest_contest} ballots, and totals of fewer than "
            f"{options.minimum_group} would tell too much about single voters. Leave such contests out, or accept "
            f"it with --minimum-group {inputs.smallest_contest}."
        )
    return inputs


def prepared_inputs(folder: Path, options: Options) -> Inputs:
    """The inputs that an earlier launcher put into the folder."""
    target = folder / "inputs"
    ballots = next(path for path in (target / "ballots.jsonl", target / "ballots.csv") if path.is_file())
    return _checked(target / "manifest.json", ballots, options)


def _checked(
    manifest_path: Path, ballots_path: Path, options: Options, called: tuple[Path, Path] | None = None
) -> Inputs:
    """The inputs after the whole look at them; `called` are the names that people know them by."""
    manifest_name, ballots_name = called or (manifest_path, ballots_path)
    try:
        manifest = parse_manifest(manifest_path.read_bytes())
        styles = Counter(ballot.style for ballot in read_ballots(ballots_path, manifest, ballots_name))
    except ManifestError as problem:
        raise UnusableInput(
            f"{manifest_name} cannot be used as a manifest: {'; '.join(problem.problems)}"
        ) from None
    except InputError as problem:
        raise UnusableInput(str(problem)) from None
    except OSError as problem:
        raise UnusableInput(f"{problem.filename} cannot be read: {problem.strerror}.") from None
    on_ballots: Counter[int] = Counter()
    for style, number in styles.items():
        for index in manifest.style(style).contest_indices:
            on_ballots[index] += number
    voters = styles.total()
    check_challenged(options, voters)
    return Inputs(manifest_path, ballots_path, manifest, voters, min(on_ballots.values()))


def _line(card: BallotLine) -> str:
    votes = {contest: dict(options) for contest, options in card.votes.items()}
    ballot = {"ballot_id": card.ballot_id, "style": card.style, "votes": votes, "write_ins": dict(card.write_ins)}
    return json.dumps(ballot, ensure_ascii=False) + "\n"
