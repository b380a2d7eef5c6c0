"""`amarvote demo` and `amarvote count`: a whole verifiable election with one command."""

import json
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from amarvote.cli import exits
from amarvote.cli.program import command as command_line
from amarvote.cli.progress import progress
from amarvote.cli.stopping import Stopped, stoppable
from amarvote.cli.tables import results
from amarvote.launch.errors import RunFailed, RunParked, UnusableInput, WrongOptions
from amarvote.launch.inputs import (
    GivenInputs,
    Inputs,
    copy_inputs,
    demo_inputs,
    given_inputs,
    require_unchanged,
)
from amarvote.launch.options import (
    MINIMUM_GROUP,
    Options,
    check,
    check_challenged,
    default_absent,
    default_quorum,
    read_absent,
)
from amarvote.launch.run import Outcome, carry_out
from amarvote.launch.run_folder import (
    RunFolder,
    existing_folder,
    free_folder,
    holds_run,
    new_folder,
    read_progress,
    require_free,
    resolved,
)
from amarvote.launch.supervisor import ProgramFailed
from amarvote.launch.wording import number_of

DEMO_BALLOTS = 95

Workers = Annotated[int | None, typer.Option("--workers", metavar="W", help="Workers.  [default: 2]")]
Devices = Annotated[int | None, typer.Option("--devices", metavar="D", help="Voting devices.  [default: 2]")]
Guardians = Annotated[int | None, typer.Option("--guardians", metavar="n", help="Guardians.  [default: 5]")]
Quorum = Annotated[
    int | None,
    typer.Option(
        "--quorum", metavar="k", help="Guardians it takes to open.  [default: 3; with fewer guardians, all]"
    ),
]
Absent = Annotated[
    str | None,
    typer.Option(
        "--absent",
        metavar="I,I",
        help="Guardians who are not there for the decryption, or none.  [default: all beyond the quorum]",
    ),
]
Challenged = Annotated[
    int | None,
    typer.Option("--challenged", metavar="N", help="Ballots that are challenged beside those cast.  [default: 5]"),
]
ChallengedOfCount = Annotated[
    int | None,
    typer.Option(
        "--challenged",
        metavar="N",
        help="Made-up ballots, beside those of the file, that are opened to test the devices; none of them is "
        "counted.  [default: 5]",
    ),
]
Chaining = Annotated[
    str | None, typer.Option("--chaining", metavar="none|simple", help="Chain each device's ballots.")
]
Seed = Annotated[
    int | None, typer.Option("--seed", metavar="S", help="Draws voters; never a key, a nonce or a weight.")
]
SeedOfCount = Annotated[
    int | None,
    typer.Option(
        "--seed",
        metavar="S",
        help="Draws the marks of the challenged ballots; nothing of the file's, never a key, a nonce or a weight.",
    ),
]
OutOfDemo = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        help="Folder of the run: a new one, or an unfinished one to resume.  [default: amarvote-demo-1, or the "
        "next number that is free]",
    ),
]
OutOfCount = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        help="Folder of the run: a new one, or an unfinished one to resume.  [default: amarvote-count-1, or the "
        "next number that is free]",
    ),
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
        guardians = _or(self.guardians, 5)
        quorum = _or(self.quorum, default_quorum(guardians))
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


@dataclass(frozen=True, slots=True)
class Job:
    """What one of the two commands was asked to do."""

    command: str
    asked: Asked
    out: Path | None
    as_json: bool
    manifest: Path | None = None
    ballots: Path | None = None

    def given(self, options: Options) -> GivenInputs:
        """The files that `count` was given, checked."""
        if self.manifest is None or self.ballots is None:
            raise WrongOptions(
                "count takes --manifest and --ballots; only a run that is resumed has them already."
            )
        return given_inputs(options, self.manifest, self.ballots)

    def inputs(self, folder: RunFolder, given: GivenInputs | None) -> Inputs:
        """Bring the inputs into the run's folder; those `given` were checked already."""
        if self.command == "demo":
            return demo_inputs(folder.path, folder.options)
        return copy_inputs(folder.path, given or self.given(folder.options))

    def resume(self, path: Path) -> str:
        """The command that goes on with the run in the folder `path`."""
        files: list[object] = []
        if self.command == "count" and read_progress(path).stage == "new":
            files = ["--manifest", self.manifest, "--ballots", self.ballots]
        return command_line(self.command, *files, "--out", path)


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
    out: OutOfDemo = None,
    as_json: AsJson = False,
) -> int:
    """Hold an election with real ballots of San Francisco.

    They are cards of November 2024. Every role is a process of its own, which sees only what the protocol lets it.
    """
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
        return _run(Job("demo", asked, out, as_json))


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
    challenged: ChallengedOfCount = None,
    chaining: Chaining = None,
    seed: SeedOfCount = None,
    out: OutOfCount = None,
    as_json: AsJson = False,
) -> int:
    """Hold an election with the ballots of a file.

    They are encrypted, counted, decrypted and verified. A run that is resumed needs no files, and takes no others.
    What a manifest and ballots look like is explained in examples/small, with files to copy from.
    """
    with _sentences():
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
        return _run(Job("count", asked, out, as_json, manifest, ballots))


def _run(job: Job) -> int:
    with stoppable():
        path = resolved(job.out) if job.out else free_folder(Path.cwd(), job.command)
        with _resumable(job, path), _folder(job, path) as (folder, given):
            with progress() as reporter:
                outcome = carry_out(folder, lambda: job.inputs(folder, given), reporter, _say)
            text = json.dumps(outcome.report)
            (path / "report.json").write_text(text + "\n")
            folder.reach("finished")
    if job.as_json:
        sys.stdout.write(text + "\n")
    else:
        _show(outcome)
    return exits.FINDINGS if outcome.report["mismatches"] else exits.OK


@contextmanager
def _resumable(job: Job, path: Path) -> Iterator[None]:
    """Whatever ends the run in `path` before its time, the command that goes on is told."""
    try:
        yield
    except Stopped as stop:
        how = f"Resume: {job.resume(path)}" if holds_run(path) else "The run had not begun."
        raise exits.Interrupted(f"Interrupted. {how}", stop.code) from None
    except (RunParked, ProgramFailed) as problem:
        raise exits.CommandError(f"{problem}\nOnce that is mended, resume: {job.resume(path)}") from None


@contextmanager
def _folder(job: Job, path: Path) -> Iterator[tuple[RunFolder, GivenInputs | None]]:
    """The run's folder, and the inputs of a new one, checked.

    A folder is made once nothing is left that can be said against the run.
    """
    if holds_run(path):
        with existing_folder(path) as folder:
            job.asked.check_resuming(folder, job.command)
            require_unchanged(folder.progress.digests, job.manifest, job.ballots)
            _say(f"Resuming the run in {path}.")
            yield folder, None
        return
    options = job.asked.options(job.command)
    check(options)
    require_free(path)
    given = None if job.command == "demo" else job.given(options)
    if options.ballots is not None:
        check_challenged(options, options.ballots)
    with new_folder(path, options, given.digests if given else {}) as folder:
        again = command_line(job.command, "--out", path)
        _say(f"The run is in {path}. Should it be interrupted, resume it: {again}")
        yield folder, given


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
    console.print(results(outcome.inputs.manifest, totals[0], totals[1], report["contests"]))
    sys.stdout.write(
        f"{number_of(report['accepted'], 'ballot')} counted, {report['challenged']} challenged and opened, "
        f"{report['rejected']} rejected, in {report['seconds']:.0f} s.\n"
        f"The record was verified, and is in\n  {report['record']}\n"
        "Publish only record/; the rest of the folder holds votes and keys.\n"
        f"Anyone can verify it again, without trusting us:\n  {command_line('verify', report['record'])}\n"
    )


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
