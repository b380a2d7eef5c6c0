"""The section of docs/numbers.md that `make bench` writes: tables, targets, where and when it was measured."""

import os
import platform
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from gmpy2 import mpz

from amarvote.electionguard.parameters import P

MULTIPLICATIONS = 4000

BEGIN = "<!-- written by `make bench`; do not edit by hand -->"
END = "<!-- end of what `make bench` wrote -->"


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be reached: `measured` at least, or else at most, `bound`."""

    name: str
    measured: float
    bound: float
    unit: str
    at_least: bool = False

    @property
    def reached(self) -> bool:
        """Whether it is."""
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound

    def row(self) -> list[str]:
        """As a row of the table of targets."""
        sign = "≥" if self.at_least else "≤"
        verdict = "reached" if self.reached else "**missed**"
        return [self.name, f"{self.measured:.2f} {self.unit}", f"{sign} {self.bound:g} {self.unit}", verdict]


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def circumstances(root: Path) -> str:
    """Commit, machine and date, and how fast the machine is at that moment: others share it."""
    commit = _git(root, "rev-parse", "--short=12", "HEAD")
    changed = "with uncommitted changes" if _git(root, "status", "--porcelain") else "clean"
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"Commit {commit} ({changed}), {now}. {_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, gmpy2 {version('gmpy2')}; "
        f"a multiplication of 4096 bits modulo p takes it {_multiplication():.1f} µs."
    )


def write_section(path: Path, section: str, begin: str = BEGIN, end: str = END) -> None:
    """Put `section` between the marks of the file, which is made where it is missing; the rest stays as it is."""
    marked = f"{begin}\n\n{section.strip()}\n\n{end}\n"
    text = path.read_text(encoding="utf-8") if path.exists() else "# Numbers\n\n"
    if begin in text:
        before, _, rest = text.partition(begin)
        text = before + marked + rest.partition(end)[2].removeprefix("\n")
    else:
        text = text.rstrip("\n") + "\n\n" + marked
    path.write_text(text, encoding="utf-8")


def _multiplication() -> float:
    """Microseconds, at best of some tries."""
    factor = mpz(3) ** 2584 % P

    def once() -> float:
        product, began = factor, time.perf_counter()
        for _ in range(MULTIPLICATIONS):
            product = product * factor % P
        return (time.perf_counter() - began) * 1e6 / MULTIPLICATIONS

    return min(once() for _ in range(5))


def _git(root: Path, *arguments: str) -> str:
    ran = subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
