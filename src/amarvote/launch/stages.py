"""How far each stage of a run is, in the order in which the stages begin, whatever order they are heard of in."""

from collections.abc import Mapping, Sequence
from typing import Any

GUARDIANS = "guardians verify"
"""What guardians do before they check in, each with an own copy of the record."""

Stage = tuple[str, int, int]
"""Its name, how much of it is done, of how much."""


def stages(
    progress: Mapping[str, Any], ballots: int, ceremony: tuple[int, int], verified: Sequence[tuple[int, int]]
) -> list[Stage]:
    """Everything that has begun.

    `progress` is what the service says, `ballots` are cast and challenged ones; `ceremony` are the guardians'
    steps in it, and `verified` for each guardian the chunks of its copy: done, of all.
    """
    phases = {phase["name"]: (phase["done"], phase["chunks"]) for phase in progress["phases"] if phase["chunks"]}
    done, steps = ceremony
    found = [("ceremony", done if progress["state"] == "ceremony" else steps, steps)]
    found += [("setup", *phases.pop("setup"))] if "setup" in phases else []
    phases.pop("accept", None)
    counts = progress["ballots"]
    if counts["submitted"]:
        found.append(("encrypt", counts["submitted"], ballots))
        found.append(("accept", counts["accepted"] + counts["rejected"], ballots))
    before = [name for name in phases if name in ("aggregate", "merge", "publish")]
    found += [(name, *phases.pop(name)) for name in before]
    if progress["state"] == "waiting_for_guardians" or "share" in phases:
        # All copies have equally many chunks; a guardian that has not begun does not know them yet.
        total = len(verified) * max(chunks for _, chunks in verified)
        # Guardians check in once they have verified all: where shares are asked for, that is over.
        found.append((GUARDIANS, total if "share" in phases else sum(some for some, _ in verified), total))
    return found + [(name, *numbers) for name, numbers in phases.items()]
