"""The inputs of a run, checked wholly before anything is encrypted, and copied into its folder once."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from amarvote.electionguard.errors import ManifestError
from amarvote.electionguard.manifest import Manifest, parse_manifest
from amarvote.electionguard.manifest_json import MAX_BYTES
from amarvote.inputs.ballot_files import read_ballots
from amarvote.inputs.ballot_rules import BallotLine
from amarvote.inputs.dominion import import_dominion
from amarvote.inputs.errors import InputError
from amarvote.inputs.given_files import copy_given, open_given
from amarvote.launch.drawing import draw_cards
from amarvote.launch.errors import UnusableInput, WrongOptions
from amarvote.launch.options import CHAINING, Options, check_challenged
from amarvote.launch.wording import number_of
from amarvote.participants.files import private_folder, write_durably

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "sf2024"
"""The real cards that the demo votes with, in the project's folder."""

PIECE = 1 << 20
"""Bytes of a file that are in memory at once while it is hashed."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The manifest and the ballots of a run, as they lie in its folder."""

    manifest_path: Path
    ballots_path: Path
    manifest: Manifest
    voters: int
    on_ballots: Mapping[str, int]
    """Contest id -> the ballots that it is on, in manifest order; contests on no ballot are left out."""

    @property
    def smallest_contest(self) -> int:
        """Ballots of the contest that has the fewest."""
        return min(self.on_ballots.values())

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


@dataclass(frozen=True, slots=True)
class GivenInputs:
    """Somebody's own manifest and ballots where they lie, checked; `digests` are the SHA-256 of both, in hex."""

    inputs: Inputs
    digests: Mapping[str, str]


def given_inputs(options: Options, manifest: Path, ballots: Path) -> GivenInputs:
    """Check somebody's own files without writing anything; UnusableInput has every fault. Or WrongOptions."""
    digests = {"manifest": _sha256(manifest, MAX_BYTES), "ballots": _sha256(ballots, None)}
    inputs = _checked(manifest, ballots, options)
    if options.chaining is not None and CHAINING[options.chaining] != inputs.manifest.chaining_mode:
        raise WrongOptions(
            f"--chaining {options.chaining} contradicts the manifest, whose chainingMode is "
            f"{inputs.manifest.chaining_mode}. The manifest decides: change it, or leave the option out."
        )
    _check_groups(inputs, options.minimum_group)
    return GivenInputs(inputs, digests)


def copy_inputs(folder: Path, given: GivenInputs) -> Inputs:
    """Copy what was checked into a run's folder; UnusableInput where a file changed since it was checked."""
    target = private_folder(folder / "inputs")
    manifest, ballots = given.inputs.manifest_path, given.inputs.ballots_path
    copies = {"manifest": target / "manifest.json", "ballots": target / f"ballots{ballots.suffix.lower()}"}
    for name, source, largest in (("manifest", manifest, MAX_BYTES), ("ballots", ballots, None)):
        try:
            copy_given(source, copies[name], largest)
        except InputError as problem:
            raise UnusableInput(str(problem)) from None
        if _sha256(copies[name], largest) != given.digests[name]:
            raise UnusableInput(f"{source} was changed while it was read. Start again when it is at rest.")
    return replace(given.inputs, manifest_path=copies["manifest"], ballots_path=copies["ballots"])


def require_unchanged(digests: Mapping[str, str], manifest: Path | None, ballots: Path | None) -> None:
    """WrongOptions where a file given for resuming is not the one that the run was begun with."""
    for name, path, largest in (("manifest", manifest, MAX_BYTES), ("ballots", ballots, None)):
        if path is not None and _sha256(path, largest) != digests.get(name):
            raise WrongOptions(
                f"{path} is not the file that this run was begun with: its SHA-256 differs. Resume without "
                f"--{name}, or begin another run in another folder."
            )


def prepared_inputs(folder: Path, options: Options) -> Inputs:
    """The inputs that an earlier launcher put into the folder."""
    target = folder / "inputs"
    ballots = next(path for path in (target / "ballots.jsonl", target / "ballots.csv") if path.is_file())
    return _checked(target / "manifest.json", ballots, options)


def _checked(manifest_path: Path, ballots_path: Path, options: Options) -> Inputs:
    """The inputs after the whole look at them."""
    try:
        with open_given(manifest_path, MAX_BYTES) as file:
            manifest = parse_manifest(file.read())
        styles = Counter(ballot.style for ballot in read_ballots(ballots_path, manifest))
    except ManifestError as problem:
        raise UnusableInput(
            f"{manifest_path} cannot be used as a manifest: {'; '.join(problem.problems)}"
        ) from None
    except InputError as problem:
        raise UnusableInput(str(problem)) from None
    except OSError as problem:
        raise UnusableInput(f"{problem.filename} cannot be read: {problem.strerror}.") from None
    numbers: Counter[int] = Counter()
    for style, number in styles.items():
        for index in manifest.style(style).contest_indices:
            numbers[index] += number
    voters = styles.total()
    check_challenged(options, voters)
    on_ballots = {contest.id: numbers[contest.index] for contest in manifest.contests if numbers[contest.index]}
    return Inputs(manifest_path, ballots_path, manifest, voters, on_ballots)


def _check_groups(inputs: Inputs, minimum_group: int) -> None:
    few = {contest: number for contest, number in inputs.on_ballots.items() if number < minimum_group}
    if few:
        names = [
            f"  contest {contest.index}, {contest.name or contest.id}: {number_of(few[contest.id], 'ballot')}"
            for contest in inputs.manifest.contests
            if contest.id in few
        ]
        raise WrongOptions(
            "\n".join(
                [
                    f"Totals of fewer than {minimum_group} ballots would tell too much about single voters:",
                    *names,
                    f"Leave such contests out, or accept it with --minimum-group {min(few.values())}.",
                ]
            )
        )


def _sha256(path: Path, largest: int | None) -> str:
    try:
        with open_given(path, largest) as file:
            digest = hashlib.sha256()
            while piece := file.read(PIECE):
                digest.update(piece)
            return digest.hexdigest()
    except InputError as problem:
        raise UnusableInput(str(problem)) from None
    except OSError as problem:
        raise UnusableInput(f"{path} cannot be read: {problem.strerror}.") from None


def _line(card: BallotLine) -> str:
    votes = {contest: dict(options) for contest, options in card.votes.items()}
    ballot = {"ballot_id": card.ballot_id, "style": card.style, "votes": votes, "write_ins": dict(card.write_ins)}
    return json.dumps(ballot, ensure_ascii=False) + "\n"
