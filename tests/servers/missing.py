"""What the tests need and this machine has not: such tests are not run, the summary says so, and the run fails.

A skip would pass for success; here pytest ends with 3 where all that could be run has passed (and make with 2).
"""

from collections import Counter
from typing import NoReturn

import pytest

EXIT_CODE = 3
_PREFIX = "Not run, missing here: "
missing: Counter[str] = Counter()


def not_here(what: str) -> NoReturn:
    """Ends the test (or its fixture): this machine lacks `what`, e.g. "rabbitmq-server"."""
    pytest.skip(_PREFIX + what)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Counts what was not run, also that of xdist's processes, whose reports arrive here."""
    if report.skipped and isinstance(report.longrepr, tuple):
        _, _, what = report.longrepr[2].partition(_PREFIX)
        if what:
            missing[what] += 1


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if missing and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = EXIT_CODE


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if missing:
        terminalreporter.section("missing on this machine", yellow=True)
        for what, tests in sorted(missing.items()):
            terminalreporter.line(f"{what}: {tests} test{'s' if tests > 1 else ''} not run")
        terminalreporter.line(f"If all else passed, pytest ends with {EXIT_CODE}; `make test` fails in any case.")
