"""Where commands write: they make the folder or file that was named, never the folders around it."""

from pathlib import Path

from amarvote.cli.exits import UsageProblem


def check_parent(target: Path) -> None:
    """UsageProblem where the folder that `target` shall stand in is missing."""
    parent = target.absolute().parent
    if not parent.is_dir():
        raise UsageProblem(
            f"{target} cannot be written: {parent} is not a folder. Make it first, or name another place."
        )
