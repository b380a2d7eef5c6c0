"""Real processes, started, killed and watched."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from amarvote.launch.pids import children_of
from amarvote.launch.supervisor import Program, ProgramFailed, Supervisor

PROGRAMS = Path(__file__).parents[1] / "programs"


@pytest.fixture
def supervisor(tmp_path) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path, {"PYTHONPATH": str(PROGRAMS)})
    yield made
    made.close()


def program(what: str, **options: bool) -> Program:
    return Program(f"one-{what}", "obedient", (what,), **options)


def starts(folder: Path) -> int:
    path = folder / "starts"
    return len(path.read_text().splitlines()) if path.exists() else 0


def until(supervisor: Supervisor, true: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, "it does not happen"
        supervisor.wait(0.05)


def pid(folder: Path, name: str) -> int | None:
    return json.loads((folder / "processes.json").read_text()).get(name)


def test_what_dies_is_started_again_at_once(supervisor, tmp_path):
    supervisor.start(program("sleep"))
    for number in range(1, 4):
        until(supervisor, lambda number=number: starts(tmp_path) == number and pid(tmp_path, "one-sleep"))
        os.kill(pid(tmp_path, "one-sleep") or 0, signal.SIGKILL)
    until(supervisor, lambda: starts(tmp_path) == 4)


def test_starting_twice_is_starting_once(supervisor, tmp_path):
    supervisor.start(program("sleep"))
    supervisor.start(program("sleep"))
    until(supervisor, lambda: starts(tmp_path) == 1)
    supervisor.wait(0.3)
    assert starts(tmp_path) == 1


def test_one_that_has_done_its_work_is_not(supervisor, tmp_path):
    supervisor.start(program("end", ends=True))
    until(supervisor, lambda: supervisor.done("one-end"))
    supervisor.wait(0.3)
    assert starts(tmp_path) == 1
    assert pid(tmp_path, "one-end") is None


def test_waiting_is_over_when_one_has_done_its_work(supervisor):
    supervisor.start(program("end", ends=True))
    before = time.monotonic()
    supervisor.wait(60)
    assert supervisor.done("one-end")
    assert time.monotonic() - before < 30
    before = time.monotonic()
    supervisor.wait(0.3)  # what was done before is no reason
    assert time.monotonic() - before >= 0.3


def test_one_that_should_not_end_is_started_again(supervisor, tmp_path):
    supervisor.start(program("end"))
    until(supervisor, lambda: starts(tmp_path) >= 3)


def test_a_refusal_is_passed_on_in_its_own_words(supervisor):
    supervisor.start(program("refuse"))
    with pytest.raises(ProgramFailed, match=r"one-refuse refuses: I have my reasons\."):
        supervisor.wait(20)


def test_errors_in_a_row_end_it(supervisor, tmp_path):
    supervisor.start(program("fail"))
    with pytest.raises(ProgramFailed, match=r"ended 5 times in a row \(exit code 1\): broken.*one-fail\.log"):
        supervisor.wait(30)
    assert starts(tmp_path) == 5


def test_stopped_is_stopped(supervisor, tmp_path):
    supervisor.start(program("sleep"))
    until(supervisor, lambda: starts(tmp_path) == 1)
    number = pid(tmp_path, "one-sleep") or 0
    supervisor.stop("one-sleep")
    supervisor.stop("one-sleep")
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)
    assert pid(tmp_path, "one-sleep") is None


def test_a_workers_child_stands_beside_its_parent_and_nothing_but_pids_is_a_number(supervisor, tmp_path):
    supervisor.start(program("parent", worker=True))
    entry: dict[str, object] = {}

    def complete() -> bool:
        entries = json.loads((tmp_path / "workers.json").read_text())["workers"]
        entry.update(entries[0] if entries else {})
        return entry.get("child") is not None

    until(supervisor, complete)
    assert set(entry) == {"name", "parent", "child"}
    assert children_of(int(str(entry["parent"]))) == [entry["child"]]
    before = entry["parent"]
    os.kill(int(str(before)), signal.SIGKILL)
    os.kill(int(str(entry["child"])), signal.SIGKILL)
    until(supervisor, lambda: complete() and entry["parent"] != before)


def test_nobody_outlives_the_launcher(tmp_path):
    script = (
        "import sys, pathlib; from amarvote.launch.supervisor import Program, Supervisor\n"
        f"s = Supervisor(pathlib.Path({str(tmp_path)!r}), {{'PYTHONPATH': {str(PROGRAMS)!r}}})\n"
        "s.start(Program('one', 'obedient', ('sleep',)))\n"
        "s.wait(60)\n"
    )
    launcher = subprocess.Popen([sys.executable, "-c", script])
    end = time.monotonic() + 20
    while not starts(tmp_path):
        assert time.monotonic() < end
        time.sleep(0.05)
    number = pid(tmp_path, "one") or 0
    launcher.kill()
    launcher.wait()
    while Path(f"/proc/{number}").exists():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_child_whose_launcher_is_gone_already_does_not_begin(tmp_path):
    command = [sys.executable, "-m", "amarvote.launch.child", "1", "obedient", "end"]
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(PROGRAMS)}, check=False)
    assert done.returncode == 1
    assert starts(tmp_path) == 0


def test_no_children_of_nobody():
    assert children_of(2**22 + 1) == []
