"""Options of small runs, and the inputs of one in its folder."""

from pathlib import Path

from amarvote.launch.inputs import Inputs, copy_inputs, given_inputs
from amarvote.launch.options import Options

COUNT = Options("count", 1, 2, 3, 2, (3,), 5, 1, 5)


def count_inputs(folder: Path, options: Options, manifest: Path, ballots: Path) -> Inputs:
    """Somebody's files, checked and then copied, as `amarvote count` does it."""
    return copy_inputs(folder, given_inputs(options, manifest, ballots))
