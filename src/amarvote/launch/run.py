"""A whole run: from inputs to the report, new or resumed."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from amarvote.launch.conductor import Conductor, Reporter, reachable
from amarvote.launch.electorate import write_electorate
from amarvote.launch.founding import found
from amarvote.launch.inputs import Inputs, prepared_inputs
from amarvote.launch.options import Options
from amarvote.launch.report import challenged_mismatches, report
from amarvote.launch.roles import Roles
from amarvote.launch.run_folder import RunFolder
from amarvote.launch.supervisor import Supervisor
from amarvote.launch.wording import number_of


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the command shows: its inputs, and the object of `--json`."""

    inputs: Inputs
    report: dict[str, Any]


def carry_out(
    folder: RunFolder,
    bring_inputs: Callable[[], Inputs],
    reporter: Reporter,
    say: Callable[[str], None],
) -> Outcome:
    """Bring the run to its end from wherever it stands.

    Raises UnusableInput, WrongOptions before anything is encrypted; RunFailed, ProgramFailed afterwards.
    """
    started, before = time.monotonic(), folder.progress.seconds
    options, path = folder.options, folder.path
    roles = Roles(path, options)
    say(starting(options))
    reporter.update("ceremony", *roles.in_ceremony())
    try:
        if folder.reached("prepared"):
            inputs = prepared_inputs(path, options)
        else:
            inputs = bring_inputs()
            write_electorate(path, options, inputs)
            folder.reach("prepared")
        supervisor = Supervisor(path)
        try:
            with reachable(path) as service:
                if not folder.reached("created"):
                    found(path, options, roles, supervisor, service)
                    folder.reach("created")
                conductor = Conductor(path, options, inputs, supervisor, reporter, say, service)
                try:
                    progress, results = conductor.conduct()
                    shown_wrongly = challenged_mismatches(path, options, inputs.manifest, conductor.challenged())
                finally:
                    conductor.close()
        finally:
            supervisor.close()
    finally:
        folder.worked(before + time.monotonic() - started)
    outcome = report(path, inputs, progress, results, shown_wrongly, conductor.memory, folder.progress.seconds)
    return Outcome(inputs, outcome)


def starting(options: Options) -> str:
    """What a run starts, as a sentence."""
    guardians, workers = number_of(options.guardians, "guardian"), number_of(options.workers, "worker")
    return f"Starting {guardians}, {workers}, the service, and {number_of(options.devices, 'voting device')} …"
