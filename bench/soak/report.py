"""A soak as Markdown: the section of docs/numbers.md."""

import re
from pathlib import Path
from statistics import median

from bench.section import circumstances, table
from bench.soak.faults import EVERY, STANDING
from bench.soak.holding import BALLOTS
from bench.soak.results import Memory, Results, memory_of
from stack.report import limits

BEGIN = "<!-- written by `make soak`; do not edit by hand -->"
END = "<!-- end of what `make soak` wrote -->"
CHART = "soak.svg"
SENTENCE = 300
"""Characters of a failure's reason that are written down; all of it is printed when it happens."""


def kind_of(part: str) -> str:
    """`worker` of worker-2: what the compose file calls it."""
    return re.sub(r"-\d+$", "", part)


def markdown(results: Results, root: Path) -> str:
    """All of it."""
    failures = results.failures()
    return "\n\n".join(
        [
            "## `make soak`: elections with faults, for long",
            f"{circumstances(root)} The stack of `make stack` with the deployment's own files: nginx, PostgreSQL, "
            "RabbitMQ, Prometheus, two processes of the API, two workers; all of it and everybody else on this "
            f"machine. Elections one after another through nginx over TLS, {BALLOTS} ballots each, "
            "encrypted by the device's program, two guardians' agents; a fault some "
            f"{EVERY[0]:.0f} to {EVERY[1]:.0f} s after the last was overcome (seed {results.seed}). An election "
            "passes where its totals are what was voted, `amarvote verify` finds nothing in the record that was "
            "downloaded through nginx, and no chunk and no message is left.",
            f"![Memory by part, throughput and faults over time]({CHART})",
            table(["what", "came to"], _sums(results)),
            "### Faults",
            "How long until all processes run again and say that they are ready; a worker that stands still does "
            f"so for {STANDING[0]:.0f} to {STANDING[1]:.0f} s.",
            table(["fault", "times", "median, s", "longest, s"], _faults(results)),
            "### Memory",
            "Of API and workers the resident memory that Prometheus knows (a worker: parent and child, each one's "
            "peak within the last chunk), of the others the proportional set size of all their processes; every "
            "fault that ends a process makes it begin anew. First and last are medians of a tenth of the time, "
            "after a tenth for warming up.",
            table(["part", "limit, MiB", "first", "last", "peak", "growth in an hour (95 %)"], _memory(results)),
            *(["### Failures", "\n".join(f"- {_short(one)}" for one in failures)] if failures else []),
        ]
    )


def _sums(results: Results) -> list[list[str]]:
    watched, passed = results.watched, results.passed
    rows = [
        ["time", f"{results.minutes:.0f} minutes"],
        ["elections that passed", f"{len(passed)} of {len(results.held)}"],
        ["ballots counted", f"{results.ballots:,}"],
        ["faults", f"{len(results.faults)}"],
        ["**failures**", f"**{len(results.failures())}**"],
        ["chunks done", f"{watched.chunks:,}"],
        ["over all the time", f"{results.ballots / results.minutes / 60:.1f} ballots a second"],
    ]
    for name, some in (("an election", passed), ("an election without a fault in it", results.undisturbed())):
        if some:
            seconds = [one.seconds for one in some]
            rows.append([name, f"{median(seconds):.0f} s (median of {len(some)}), {max(seconds):.0f} s at most"])
    rows += [
        [f"greatest rate of {series.name}", f"{max(series.values):.1f} a second over a minute"]
        for series in watched.rates
        if series.points
    ]
    return [
        *rows,
        ["deepest queue", f"{watched.depth:.0f} messages"],
        ["answers of 500 or more", f"{watched.errors} by the API, {watched.errors_outside} seen through nginx"],
    ]


def _faults(results: Results) -> list[list[str]]:
    rows = []
    for kind, some in results.by_kind():
        seconds = [fault.seconds for fault in some]
        times = [f"{median(seconds):.1f}", f"{max(seconds):.1f}"] if some else ["", ""]
        rows.append([kind, str(len(some)), *times])
    return rows


def _memory(results: Results) -> list[list[str]]:
    bounds = limits()
    return [
        [series.name, str(bounds[kind_of(series.name)]), *_figures(seen)]
        for series in results.watched.memory
        if (seen := memory_of(series)) is not None
    ]


def _figures(seen: Memory) -> list[str]:
    growth = seen.growth
    grown = f"{growth.growth:+.1f} ± {growth.margin:.1f} MiB" if growth else ""
    return [f"{seen.first:.0f}", f"{seen.last:.0f}", f"{seen.peak:.0f}", grown]


def _short(reason: str) -> str:
    sentence = " ".join(reason.split())
    return sentence if len(sentence) <= SENTENCE else f"{sentence[:SENTENCE]} …"
