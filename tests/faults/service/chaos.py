"""`pytest --chaos`: real times and all kills, and a table of what was done in docs/numbers.md."""

import time
from pathlib import Path

import pytest
from bench import section

BEGIN = "<!-- written by `make chaos`; do not edit by hand -->"
END = "<!-- end of what `make chaos` wrote -->"
ROOT = Path(__file__).parents[3]
NOT_RUN = [
    ("the same on RabbitMQ 4.3", "written for it; not run here: Debian has 3.10.8", "", "**not run here**"),
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--chaos", action="store_true", help="every fault, those of the service with real times")


class Table:
    """Collects a row for each test of a fault: its docstring says what was done, its properties how often."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, str, str]] = []
        self.failed = False
        self.began = time.monotonic()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        told = dict(report.user_properties)
        if report.when == "call" and "fault" in told:
            held = "held" if report.passed else "**did not hold**"
            self.failed |= not report.passed
            self.rows.append((str(told["fault"]), str(told.get("done", "")), f"{report.duration:.0f}", held))
        elif report.skipped and "fault" in told:
            self.rows.append((str(told["fault"]), "", "", "**not run here**"))

    def pytest_sessionfinish(self) -> None:
        if self.rows:
            section.write_section(ROOT / "docs" / "numbers.md", self.text(), BEGIN, END)

    def text(self) -> str:
        minutes = (time.monotonic() - self.began) / 60
        rows = [*self.rows, *NOT_RUN]
        return "\n\n".join(
            [
                "## What was broken on purpose",
                f"`make chaos`, {minutes:.0f} minutes. {section.circumstances(ROOT)} PostgreSQL and RabbitMQ are "
                "real ones, started for it; leases, pauses and attempts are those of service, chunks are of five "
                "items, so that there are many. After each fault: every ballot counted exactly once, the tally of "
                "an undisturbed count, a record that verifies, no chunk and no message left behind.",
                section.table(["fault", "done", "seconds", "outcome"], rows),
            ]
        )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "chaos: run by `make chaos` only")
    if config.getoption("--chaos"):
        config.pluginmanager.register(Table(), "table of faults")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`make test` runs the selection without the mark."""
    if not config.getoption("--chaos"):
        left_out = [item for item in items if item.get_closest_marker("chaos")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("chaos")]


def fault_of(request: pytest.FixtureRequest) -> str:
    """What a test breaks: the first sentence of its docstring, with the parameters that it names."""
    function = request.function
    words = (function.__doc__ or function.__name__).strip().split("\n\n")[0].replace("\n    ", " ").rstrip(".")
    return words + (f" ({request.node.callspec.id})" if hasattr(request.node, "callspec") else "")
