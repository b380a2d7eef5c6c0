"""What each part took, beside what it may take: a section of docs/numbers.md, and a table in deploy/README.md."""

import re
from collections.abc import Mapping

import yaml
from bench.section import circumstances, table, write_section

from stack.places import DEPLOY, ROOT

BEGIN = "<!-- written by `make stack ARGS=--check`; do not edit by hand -->"
END = "<!-- end of what `make stack ARGS=--check` wrote -->"
SYSTEM = 700
"""Megabytes, as machines are sold; limits are given in MiB."""

WORKERS = 2
ENDING = ("migrate", "tools")
"""Services that are there for one command."""


def limits() -> dict[str, int]:
    """MiB that each service may take, by the compose file of production."""
    services = yaml.safe_load((DEPLOY / "compose.prod.yml").read_text(encoding="utf-8"))["services"]
    return {name: int(str(service["mem_limit"]).removesuffix("m")) for name, service in services.items()}


def memory_table(peaks_kb: Mapping[str, int]) -> str:
    """Every service: its limit, how many of it there are, and the most that one of them took."""
    allowed = limits()
    used: dict[str, int] = {}
    for part, peak in peaks_kb.items():
        kind = re.sub(r"-\d+$", "", part)
        used[kind] = max(used.get(kind, 0), peak)
    rows = []
    for name, limit in allowed.items():
        number = WORKERS if name == "worker" else 1
        taken = "ends by itself" if name in ENDING else _measured(used.get(name))
        rows.append([name, f"{limit} × {number}" if number > 1 else str(limit), taken])
    total = sum(limit * (WORKERS if name == "worker" else 1) for name, limit in allowed.items())
    rows.append(["the system", f"{SYSTEM} MB", ""])
    rows.append(["**together**", f"**{total * (1 << 20) / 1e6 + SYSTEM:.0f} MB** of 4,000 MB", ""])
    return table(["service", "limit, MiB", "most that one took, MiB"], rows)


def write(peaks_kb: Mapping[str, int], ballots: int, seconds: float) -> None:
    """Into both files."""
    listed = memory_table(peaks_kb)
    how = (
        f"An election of {ballots} ballots through nginx, from invitations to verified record: {seconds:.0f} s. "
        "Memory is the proportional set size of all processes of a part, looked at twice a second."
    )
    section = ["## `make stack`: the deployed parts, and what they take", circumstances(ROOT), how, listed]
    write_section(ROOT / "docs/numbers.md", "\n\n".join(section), BEGIN, END)
    write_section(DEPLOY / "README.md", listed, BEGIN, END)


def _measured(kilobytes: int | None) -> str:
    return "not run here" if kilobytes is None else str(round(kilobytes / 1024))
