"""The soak as a picture (SVG): memory by part and throughput over time, with the faults; for light and dark."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from bench.soak.faults import KINDS
from bench.soak.report import kind_of
from bench.soak.results import Results
from bench.soak.watching import Series

WIDTH = 960
LEFT, RIGHT = 62, 720
"""Where the panels begin and end; the legend stands to the right of them."""

COLOURS = {
    "api": "#c77700",
    "worker": "#2f7de1",
    "postgres": "#1f9d6b",
    "rabbitmq": "#d1495b",
    "nginx": "#8f63d2",
    "prometheus": "#7d8590",
    "ballots": "#2f7de1",
    "chunks": "#c77700",
}
"""Each can be told from both backgrounds, and from its neighbours."""

DASHES = ("", "6 3", "2 3")
"""Of the first, the second and the third of a kind."""

STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.back { fill: #ffffff; }
.grid { stroke: #d0d7de; }
.fault { stroke: #8c959f; stroke-dasharray: 1 3; }
.failed { fill: #cf222e; font-weight: bold; }
.line { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .back { fill: #0d1117; }
  .grid { stroke: #30363d; }
  .fault { stroke: #6e7681; }
  .failed { fill: #ff7b72; }
}
"""


@dataclass(frozen=True, slots=True)
class Panel:
    """Axes between `top` and `bottom`, over so many minutes, up to `most`."""

    top: float
    bottom: float
    minutes: float
    most: float

    def x(self, minute: float) -> float:
        return LEFT + (RIGHT - LEFT) * minute / self.minutes

    def y(self, value: float) -> float:
        return self.bottom - (self.bottom - self.top) * value / self.most


def draw(results: Results, limits: dict[str, int]) -> str:
    """The whole picture."""
    watched = results.watched
    letters = [chr(ord("A") + number) for number in range(len(KINDS))]
    above = _panel(78, 330, results.minutes, watched.memory)
    below = _panel(384, 520, results.minutes, watched.rates)
    keys = [(letter, kind) for letter, kind in zip(letters, KINDS, strict=True)]
    height = 596 + 18 * math.ceil(len(keys) / 2)
    marks = [(results.minute(fault.at), letters[KINDS.index(fault.kind)], "") for fault in results.faults]
    failed = [(results.minute(one.began + one.seconds), "✕", "failed") for one in results.held if one.failure]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        "<title>Memory by part, throughput and faults over time</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="back" width="{WIDTH}" height="{height}"/>',
        _text(LEFT, 20, "faults (letters below) and elections that failed (✕)"),
        *_marks(above, below, sorted(marks + failed)),
        *_axes(above, "memory, MiB"),
        *_lines(above, watched.memory),
        *_legend(above.top, watched.memory, limits),
        *_axes(below, "a second, over a minute"),
        *_lines(below, watched.rates),
        *_legend(below.top, watched.rates, {}),
        _text((LEFT + RIGHT) / 2, 560, "minutes since the beginning", anchor="middle"),
        *(
            _text(LEFT + 450 * (number % 2), 590 + 18 * (number // 2), f"{letter}  {kind}")
            for number, (letter, kind) in enumerate(keys)
        ),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _panel(top: float, bottom: float, minutes: float, drawn: list[Series]) -> Panel:
    most = max((value for series in drawn for value in series.values), default=0.0)
    step = step_of(most or 1.0, 5)
    return Panel(top, bottom, minutes, step * max(1, math.ceil((most or 1.0) / step)))


def step_of(most: float, about: int) -> float:
    """1, 2 or 5 times a power of ten, so that about so many steps reach up to `most`."""
    rough = most / about
    power = 10.0 ** math.floor(math.log10(rough))
    return next(times * power for times in (1, 2, 5, 10) if times * power >= rough * 0.999)


def _axes(panel: Panel, title: str) -> Iterator[str]:
    """Grid, figures and title; minutes below, values to the left."""
    yield _text(LEFT, panel.top - 10, title)
    step = step_of(panel.most, 5)
    for number in range(round(panel.most / step) + 1):
        y = panel.y(number * step)
        yield _line("grid", LEFT, y, RIGHT, y)
        yield _text(LEFT - 8, y + 4, f"{number * step:g}", anchor="end")
    step = step_of(panel.minutes, 10)
    for number in range(math.floor(panel.minutes / step) + 1):
        x = panel.x(number * step)
        yield _line("grid", x, panel.bottom, x, panel.bottom + 5)
        yield _text(x, panel.bottom + 19, f"{number * step:g}", anchor="middle")


def _lines(panel: Panel, drawn: list[Series]) -> Iterator[str]:
    for series in drawn:
        points = " ".join(f"{panel.x(at):.1f},{panel.y(value):.1f}" for at, value in series.points)
        yield f'<polyline class="line" {_stroke(series.name)} points="{points}"/>'


def _legend(top: float, drawn: list[Series], limits: dict[str, int]) -> Iterator[str]:
    for number, series in enumerate(drawn):
        y = top + 8 + 20 * number
        limit = limits.get(kind_of(series.name))
        yield f'<path class="line" {_stroke(series.name)} d="M{RIGHT + 16} {y}h28"/>'
        yield _text(RIGHT + 52, y + 4, f"{series.name}, limit {limit} MiB" if limit else series.name)


def _marks(above: Panel, below: Panel, marks: list[tuple[float, str, str]]) -> Iterator[str]:
    """A line through both panels for each, its letter above them, in two rows so that neighbours do not touch."""
    for number, (minute, letter, kind) in enumerate(marks):
        x = above.x(minute)
        yield _line("fault", x, above.top, x, above.bottom)
        yield _line("fault", x, below.top, x, below.bottom)
        yield _text(x, 38 + 14 * (number % 2), letter, anchor="middle", kind=kind)


def _stroke(name: str) -> str:
    kind = kind_of(name)
    number = int(name.removeprefix(f"{kind}-")) - 1 if name != kind else 0
    dash = DASHES[number % len(DASHES)]
    return f'stroke="{COLOURS[kind]}"' + (f' stroke-dasharray="{dash}"' if dash else "")


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path class="{kind}" d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"/>'


def _text(x: float, y: float, words: str, anchor: str = "start", kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'
