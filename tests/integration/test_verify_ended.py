"""A verification that is ended from outside leaves no file and no process behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from conformance.elections import unchained
from staging.waiting import until

PATIENCE_SECONDS = 60.0
VERIFY = "from amarvote.record.verifier import running; running.os.cpu_count = lambda: 2\n"
VERIFY += "from amarvote.cli.main import main; main()"


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    election = unchained()
    hall = election.device("hall")
    hall.ballots += [hall.ballots[3]] * 300
    return election.write(tmp_path_factory.mktemp("long"))


@pytest.fixture
def running(record: Path, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """`amarvote verify` of a record that takes a while, with the two processes that work for it."""
    process = subprocess.Popen(
        [sys.executable, "-c", VERIFY, "verify", str(record)],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    yield process
    process.kill()
    process.communicate()


def workers(process: "subprocess.Popen[str]") -> set[int]:
    """The processes that verify, once they have opened the record: until then they wait to be told of it."""
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return {int(one) for one in listed if b"spawn_main" in command(int(one)) and reads(int(one), process.args[-1])}


def reads(pid: int, folder: str) -> bool:
    """Has this process a file of the folder open?"""
    with suppress(OSError):
        return any(str(one.readlink()).startswith(folder) for one in Path(f"/proc/{pid}/fd").iterdir())
    return False


def command(pid: int) -> bytes:
    """What a process runs; nothing where it is gone or a zombie."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def until_two_work(process: "subprocess.Popen[str]") -> set[int]:
    patient_until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < patient_until:
        assert process.poll() is None
        found = workers(process)
        if len(found) == 2:
            return found
        time.sleep(0.05)
    raise AssertionError("two processes never worked")


def assert_all_end(pids: set[int]) -> None:
    patient_until = time.monotonic() + PATIENCE_SECONDS
    while any(command(pid) for pid in pids):
        assert time.monotonic() < patient_until
        time.sleep(0.05)


def until_one_starts(process: "subprocess.Popen[str]") -> None:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    until(
        lambda: any(b"spawn_main" in command(int(one)) for one in children.read_text().split()), PATIENCE_SECONDS
    )


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.3, None])
def test_interrupted_at_a_terminal_all_of_it_ends_without_a_word(
    running: "subprocess.Popen[str]", tmp_path: Path, seconds: float | None
) -> None:
    """Ctrl-C reaches every process of a terminal: while they start, or once they work."""
    if seconds is None:
        until_two_work(running)
    else:
        until_one_starts(running)
        time.sleep(seconds)
    os.killpg(running.pid, signal.SIGINT)
    _, said = running.communicate(timeout=PATIENCE_SECONDS)

    assert running.returncode == 130
    assert "Traceback" not in said
    assert not list(tmp_path.iterdir())


def test_terminated_it_ends_as_if_interrupted(running: "subprocess.Popen[str]", tmp_path: Path) -> None:
    found = until_two_work(running)
    running.send_signal(signal.SIGTERM)
    _, said = running.communicate(timeout=PATIENCE_SECONDS)

    assert running.returncode == 130
    assert "Traceback" not in said
    assert_all_end(found)
    assert not list(tmp_path.iterdir())


def test_killed_it_leaves_nothing_either(running: "subprocess.Popen[str]", tmp_path: Path) -> None:
    found = until_two_work(running)
    running.kill()
    running.wait(timeout=PATIENCE_SECONDS)

    assert_all_end(found)
    assert not list(tmp_path.iterdir())
