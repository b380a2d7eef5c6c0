"""`amarvote demo` and `amarvote count`: a whole verifiable election with one command."""

import json
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from amarvote.cli import exits
from amarvote.cli.progress import progress
from amarvote.cli.tables import results
from amarvote.launch.errors import RunFailed, UnusableInput, WrongOptions
from amarvote.launch.inputs import Inputs, count_inputs, demo_inputs
from amarvote.launch.options import MINIMUM_GROUP, Options, check, default_absent, read_absent
from amarvote.launch.run import Outcome, carry_out
from amarvote.launch.run_folder import RunFolder, existing_folder, free_folder, holds_run, new_folder
from amarvote.launch.supervisor import ProgramFailed

DEMO_BALLOTS = 95

Workers = Annotated[int | None, typer.Option("--workers", metavar="W", help="Workers.  [default: 2]")]
Devices = Annotated[int | None, typer.Option("--devices", metavar="D", help="Voting devices.  [default: 2]")]
Guardians = Annotated[int | None, typer.Option("--guardians", metavar="n", help="Guardians.  [default: 5]")]
Quorum = Annotated[
    int | None, typer.Option("--quorum", metavar="k", help="Guardians it takes to open.  [default: 3]")
]
Absent = Annotated[
    str | None,
    typer.Option(
        "--absent",
        metavar="I,I",
        help="Guardians who are not there for the decryption, or none.  [default: all beyond the quorum: 4,5]",
    ),
]
Challenged = Annotated[
    int | None,
    typer.Option("--challenged", metavar="N", help="Ballots that are challenged beside those cast.  [default: 5]"),
]
Chaining = Annotated[
    str | None, typer.Option("--chaining", metavar="none|simple", help="Chain each device's ballots.")
]
Seed = Annotated[
    int | None, typer.Option("--seed", metavar="S", help="Draws voters; never a key, a nonce or a weight.")
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Folder of the run: a new one, or an unfinished one to resume."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@dataclass(frozen=True, slots=True)
class Asked:
    """The options as they were typed; None where they were not."""

    ballots: int | None
    workers: int | None
    devices: int | None
    guardians: int | None
    quorum: int | None
    absent: tuple[int, ...] | None
    challenged: int | None
    chaining: str | None
    seed: int | None
    minimum_group: int | None

    def options(self, command: str) -> Options:
        """All of them, with what is left out filled in."""
        guardians, quorum = _or(self.guardians, 5), _or(self.quorum, 3)
        return Options(
            command=command,
            workers=_or(self.workers, 2),
            devices=_or(self.devices, 2),
            guardians=guardians,
            quorum=quorum,
            absent=default_absent(guardians, quorum) if self.absent is None else self.absent,
            challenged=_or(self.challenged, 5),
            seed=secrets.randbits(32) if self.seed is None else self.seed,
            minimum_group=_or(self.minimum_group, MINIMUM_GROUP),
            ballots=_or(self.ballots, DEMO_BALLOTS) if command == "demo" else None,
            chaining=self.chaining,
        )

    def check_resuming(self, folder: RunFolder, command: str) -> None:
        """WrongOptions where something else is asked than the run in the folder does."""
        if folder.options.command != command:
            raise WrongOptions(f"{folder.path} holds a run of amarvote {folder.options.command}: resume that.")
        for field in fields(self):
            asked, there = getattr(self, field.name), getattr(folder.options, field.name)
            if asked is not None and asked != there:
                raise WrongOptions(
                    f"The run in {folder.path} has --{field.name.replace('_', '-')} {_shown(there)}, not "
                    f"{_shown(asked)}. Resume it without options, or choose another folder."
                )


def demo(
    ballots: Annotated[
        int | None, typer.Option("--ballots", metavar="N", help="Voters, one ballot each.  [default: 95]")
    ] = None,
    workers: Workers = None,
    devices: Devices = None,
    guardians: Guardians = None,
    quorum: Quorum = None,
    absent: Absent = None,
    challenged: Challenged = None,
    chaining: Chaining = None,
    seed: Seed = None,
    out: Out = None,
    as_json: AsJson = False,
) -> int:
    """A whole election on San Francisco's real cards of November 2024, every role in its own process."""
    with _sentences():
        asked = Asked(
            ballots,
            workers,
            devices,
            guardians,
            quorum,
            None if absent is None else read_absent(absent),
            challenged,
            chaining,
            seed,
            None,
        )
        return _run("demo", asked, out, as_json, lambda folder: demo_inputs(folder.path, folder.options))


def count(
    manifest: Annotated[Path | None, typer.Option("--manifest", metavar="M", help="The manifest.")] = None,
    ballots: Annotated[
        Path | None, typer.Option("--ballots", metavar="B", help="The ballots: .jsonl or .csv.")
    ] = None,
    minimum_group: Annotated[
        int | None,
        typer.Option("--minimum-group", metavar="N", help="Fewest ballots of a contest.  [default: 10]"),
    ] = None,
    workers: Workers = None,
    devices: Devices = None,
    guardians: Guardians = None,
    quorum: Quorum = None,
    absent: Absent = None,
    challenged: Challenged = None,
    chaining: Chaining = None,
    seed: Seed = None,
    out: Out = None,
    as_json: AsJson = False,
) -> int:
    """The same for somebody's own election: encrypt, count, decrypt and verify the ballots of a file."""

    def bring(folder: RunFolder) -> Inputs:
        if manifest is None or ballots is None:
            raise WrongOptions("amarvote count takes --manifest and --ballots.")
        return count_inputs(folder.path, folder.options, manifest, ballots)

    with _sentences():
        if (manifest is None or ballots is None) and (out is None or not holds_run(out)):
            raise WrongOptions("amarvote count takes --manifest and --ballots.")
        asked = Asked(
            None,
            workers,
            devices,
            guardians,
            quorum,
            None if absent is None else read_absent(absent),
            challenged,
            chaining,
            seed,
            minimum_group,
        )
        return _run("count", asked, out, as_json, bring)


def _run(command: str, asked: Asked, out: Path | None, as_json: bool, bring: Callable[[RunFolder], Inputs]) -> int:
    with _folder(command, asked, out) as folder, progress() as reporter:
        outcome = carry_out(folder, lambda: bring(folder), reporter, _say)
        text = json.dumps(outcome.report)
        (folder.path / "report.json").write_text(text + "\n")
        folder.reach("finished")
    if as_json:
        sys.stdout.write(text + "\n")
    else:
        _show(outcome)
    return exits.FINDINGS if outcome.report["mismatches"] else exits.OK


@contextmanager
def _folder(command: str, asked: Asked, out: Path | None) -> Iterator[RunFolder]:
    if out is not None and holds_run(out):
        with existing_folder(out.resolve()) as folder:
            asked.check_resuming(folder, command)
            _say(f"Resuming the run in {folder.path}.")
            yield folder
        return
    options = asked.options(command)
    check(options)
    with new_folder(out.resolve() if out else free_folder(Path.cwd(), command), options) as folder:
        _say(f"The run is in {folder.path}; resume it with --out, should it be interrupted.")
        yield folder


def _show(outcome: Outcome) -> None:
    report = outcome.report
    totals = {
        side: {
            contest: {option: pair[side] for option, pair in options.items() if pair[side] is not None}
            for contest, options in report["totals"].items()
        }
        for side in (0, 1)
    }
    console = Console()
    console.print(results(outcome.inputs.manifest, totals[0], totals[1]))
    console.print(
        f"{report['accepted']} ballots counted, {report['challenged']} challenged and opened, "
        f"{report['rejected']} rejected, in {report['seconds']:.0f} s."
    )
    console.print("The record was verified, and is in", soft_wrap=True)
    console.print(f"  {report['record']}", soft_wrap=True, highlight=False)
    console.print("Anyone can verify it again, without trusting us:")
    console.print(f"  amarvote verify {report['record']}", soft_wrap=True, highlight=False)


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except WrongOptions as problem:
        raise exits.UsageProblem(str(problem)) from None
    except UnusableInput as problem:
        raise exits.UnreadableInput(str(problem)) from None
    except (RunFailed, ProgramFailed) as problem:
        raise exits.CommandError(str(problem)) from None


def _say(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")
    sys.stderr.flush()


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "none"
    return "nothing" if value is None else str(value)
