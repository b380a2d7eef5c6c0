"""Whole runs of `amarvote demo` and `amarvote count`, as people type them."""

import json
import re
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import small_run
from canaries import leaked
from small_run import write_inputs
from storm import Storm

KILLS = 5

PHASES = {
    "setup",
    "accept",
    "aggregate",
    "merge",
    "publish",
    "share",
    "reveal",
    "respond",
    "combine",
    "record",
    "verify",
    "verify_merge",
}


class Counted:
    """A finished `amarvote count` with chained ballots and killed processes; who had its database open."""

    def __init__(self, folder: Path) -> None:
        self.run = folder / "deep" / ("x" * 90) / "run"  # deeper than a socket's address is long
        self.run.parent.mkdir(parents=True)
        self.readers: set[str] = set()
        self.seen: set[str] = set()
        storm = Storm(self.run, 1, 1, "--devices", "1")
        with ThreadPoolExecutor(1) as beside:
            looking = beside.submit(self.look, storm.launcher)
            try:
                storm.until("workers.json")
                storm.pass_by(("",), kills=KILLS, longest=1.2)
                self.report, self.stderr = storm.finish()
            finally:
                storm.launcher.kill()
            looking.result(30)
        self.inputs, self.killed = storm.inputs, storm.killed

    def look(self, launcher: Any) -> None:
        database = str(self.run / "election.db")
        while launcher.poll() is None:
            for name, pid in small_run.pids(self.run).items():
                self.seen.add(name)
                with suppress(OSError):  # it was just killed
                    opened = {str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()}
                    if database in opened:
                        self.readers.add(name)
            time.sleep(0.1)


@pytest.fixture(scope="module")
def counted(tmp_path_factory) -> Counted:
    return Counted(tmp_path_factory.mktemp("counted"))


def test_count_gives_the_totals_beside_the_plaintext_whatever_is_killed(counted):
    assert len(counted.killed) == KILLS
    report = counted.report
    assert set(report) == {
        "ballots",
        "accepted",
        "challenged",
        "rejected",
        "totals",
        "contests",
        "mismatches",
        "verified",
        "record",
        "seconds",
        "worker_rss_mb",
        "phases",
    }
    assert (report["ballots"], report["accepted"], report["challenged"], report["rejected"]) == (8, 8, 2, 0)
    assert report["totals"] == {c: {o: [n, n] for o, n in some.items()} for c, some in small_run.TOTALS.items()}
    assert report["contests"] == small_run.KINDS
    assert (report["mismatches"], report["verified"]) == (0, True)
    assert set(report["phases"]) == PHASES
    assert all(phase["chunks"] >= 1 and phase["seconds"] >= 0 for phase in report["phases"].values())
    assert 0 < report["worker_rss_mb"]["baseline"] <= report["worker_rss_mb"]["max"] < 200


def test_progress_goes_to_standard_error_in_lines(counted):
    for phase in ("ceremony", "setup", "encrypt", "accept", "guardians verify", "share", "verify"):
        assert re.search(rf"^{phase}: (\d+) of \1$", counted.stderr, re.MULTILINE), phase


def test_what_starts_is_said_before_anything_else_happens(counted):
    lines = counted.stderr.splitlines()
    assert lines[0].startswith(f"The run is in {counted.run}. Should it be interrupted, resume it: ")
    assert lines[1] == "Starting 3 guardians, 2 workers, the service, and 1 voting device …"
    assert lines[2] == "ceremony: 0 of 6"


def test_the_record_verifies_without_us(counted, command):
    verified = command("verify", counted.report["record"], "--json")
    assert verified.returncode == 0
    assert json.loads(verified.stdout)["passed"] is True


def test_only_orchestrator_and_workers_open_the_database(counted):
    assert {"guardian-1", "guardian-2", "guardian-3", "device-1"} <= counted.seen
    parents = {name for name in counted.readers if not name.endswith("/child")}
    assert {"orchestrator", "worker-1", "worker-2"} == parents == counted.readers


def test_challenged_ballots_were_opened_for_their_voters(counted):
    openings = list((counted.run / "devices").glob("*/openings/*.json"))
    assert len(openings) == 2
    assert not list((counted.run / "devices").glob("*/unopened/*"))


def test_no_secret_is_left_and_no_file_is_for_others(counted):
    guardians = counted.run / "guardians"
    assert not list(guardians.rglob("*.sealed"))
    assert not list(guardians.glob("*/ceremony-key.json"))
    assert counted.run.stat().st_mode & 0o077 == 0
    private = [
        *guardians.glob("*/key.json"),
        *guardians.glob("*/passphrase"),
        *guardians.glob("*/membership.json"),
    ]
    private += guardians.glob("*/invitation")
    assert len(private) == 12
    assert all(path.stat().st_mode & 0o077 == 0 for path in private)
    assert len({path.read_bytes() for path in guardians.glob("*/passphrase")}) == 3


def test_no_secret_is_in_a_log(counted):
    """Of any role: each writes one object a line."""
    logs = {path.stem: path.read_text() for path in (counted.run / "logs").iterdir()}
    assert set(logs) >= {"orchestrator", "worker-1", "guardian-1", "device-1"}
    secrets = {"officer": json.loads((counted.run / "officer" / "tokens.json").read_bytes())["officer"]}
    for home in (*(counted.run / "guardians").iterdir(), *(counted.run / "devices").iterdir()):
        for file in (*home.glob("passphrase"), *home.glob("token")):
            secrets[str(file)] = file.read_text().strip()
        for file in home.glob("membership.json"):
            secrets[str(file)] = json.loads(file.read_bytes())["token"]
        for file in home.glob("invitation"):
            secrets[str(file)] = file.read_text().strip().partition("#")[2]
    assert len(secrets) == 1 + 3 * 3 + 1
    assert all(secrets.values())
    assert leaked(secrets, "".join(logs.values()).encode()) == []
    assert all(json.loads(line)["event"] for text in logs.values() for line in text.splitlines())


def test_no_process_is_left(counted):
    assert small_run.pids(counted.run) == {}


def test_a_finished_run_is_not_done_again(counted, command):
    again = command("count", *counted.inputs, "--out", counted.run)
    assert again.returncode == 64
    assert "is finished" in again.stderr
    assert again.stdout == ""


def test_with_json_an_error_is_one_object(counted, command):
    again = command("count", *counted.inputs, "--out", counted.run, "--json")
    assert again.returncode == 64
    assert "is finished" in json.loads(again.stdout)["error"]


class Interrupted:
    """A run in `folder` that was sent a signal once there was this file of it."""

    def __init__(self, folder: Path, number: signal.Signals, file: str, *arguments: str) -> None:
        self.folder = folder
        # as in a foreground job, also where the tests run in the background, which ignores SIGINT
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            process = small_run.begin(*arguments, "--out", str(folder), "--json")
        finally:
            signal.signal(signal.SIGINT, before)
        wait_for(folder / file, process)
        process.send_signal(number)
        self.stdout, self.stderr = process.communicate(timeout=60)
        self.code = process.returncode

    def check(self, code: int, resume: str) -> None:
        sentence = f"Interrupted. Resume: {resume} --out '{self.folder}'"
        assert self.code == code
        assert self.stderr.splitlines()[-1] == f"amarvote: {sentence}"
        assert json.loads(self.stdout) == {"error": sentence}
        assert small_run.pids(self.folder) == {}


def wait_for(file: Path, process: Any) -> None:
    while not file.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


class Demo:
    """Interrupted, resumed, killed, and resumed to its end without a word about its options."""

    def __init__(self, folder: Path) -> None:
        few = ["--ballots", "2", "--seed", "2", "--challenged", "1"]
        few += ["--guardians", "1", "--workers", "1", "--devices", "1"]
        self.interrupted = Interrupted(folder / "a run", signal.SIGTERM, "run.json", "demo", *few)
        self.run = self.interrupted.folder
        self.unfinished = folder / "unfinished"
        shutil.copytree(self.run, self.unfinished)
        begun = small_run.begin("demo", "--out", str(self.run))
        wait_for(self.run / "devices" / "device-1" / "last-ballot", begun)
        begun.kill()
        begun.communicate()
        self.resumed = small_run.amarvote("demo", "--out", str(self.run))


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Demo:
    return Demo(tmp_path_factory.mktemp("demo"))


def test_terminated_it_says_how_to_resume(demo):
    demo.interrupted.check(143, "amarvote demo")


def test_the_demo_resumes_and_ends_with_a_table(demo):
    resumed = demo.resumed
    assert resumed.returncode == 0, resumed.stderr
    assert "Resuming the run" in resumed.stderr
    assert "Every total equals the plaintext count." in resumed.stdout
    assert "2 ballots counted, 1 challenged and opened, 0 rejected" in resumed.stdout
    assert f"  amarvote verify '{demo.run}/record'\n" in resumed.stdout
    assert "Publish only record/; the rest of the folder holds votes and keys." in resumed.stdout
    assert "blank" in resumed.stdout


def test_the_demo_says_that_it_opens_small_groups(demo):
    assert "MAYOR (first choices)" in demo.resumed.stdout


def test_other_options_do_not_resume(demo, command):
    for options, words in (
        (["demo", "--ballots", "7"], "has --ballots 2, not 7"),
        (["demo", "--absent", "1"], "has --absent none, not 1"),
        (["count"], "amarvote demo"),
    ):
        refused = command(*options, "--out", demo.unfinished)
        assert refused.returncode == 64
        assert words in refused.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["demo", "--guardians", "2", "--quorum", "3"], "--quorum must lie within 1 and 2, not 3"),
        (["demo", "--absent", "3,4,5"], "nothing could be opened"),
        (["demo", "--absent", "9"], "guardian 9"),
        (["demo", "--ballots", "none"], "--ballots"),
        (["demo", "--chaining", "double"], "--chaining"),
        (["demo", "--workers", "0"], "--workers"),
        (["count"], "--manifest and --ballots"),
    ],
)
def test_usage_errors_end_with_64_and_a_sentence(tmp_path, options, words, command):
    refused = command(*options, "--out", str(tmp_path / "run"))
    assert refused.returncode == 64
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "run" / "election.db").exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path, command):
    (tmp_path / "letter").write_text("dear")
    refused = command("demo", "--out", str(tmp_path))
    assert refused.returncode == 64
    assert sorted(path.name for path in tmp_path.iterdir()) == ["letter"]


def test_bad_ballots_are_all_named_before_anything_is_encrypted(tmp_path, command):
    inputs = write_inputs(tmp_path)
    lines = (tmp_path / "ballots.jsonl").read_text().splitlines()
    lines[2], lines[5] = "{", lines[0]
    (tmp_path / "ballots.jsonl").write_text("\n".join(lines))
    refused = command("count", *inputs, "--out", str(tmp_path / "run"))
    assert refused.returncode == 2
    assert "line 3:" in refused.stderr
    assert "line 6:" in refused.stderr
    assert "esume" not in refused.stderr
    assert not (tmp_path / "run").exists()


def test_small_groups_are_not_opened_unasked(tmp_path, command):
    inputs = write_inputs(tmp_path)[:-2]
    refused = command("count", *inputs, "--out", str(tmp_path / "run"))
    assert refused.returncode == 64
    assert "--minimum-group 5" in refused.stderr
    assert not (tmp_path / "run").exists()


def test_interrupted_it_says_how_to_resume_and_takes_no_other_ballots(tmp_path, command):
    inputs = write_inputs(tmp_path)
    interrupted = Interrupted(tmp_path / "a run", signal.SIGINT, "processes.json", "count", *inputs)
    interrupted.check(130, "amarvote count")
    other = command("count", "--absent", "none", "--out", interrupted.folder)
    assert (other.returncode, "has --absent 4,5, not none" in other.stderr) == (64, True)
    (tmp_path / "ballots.jsonl").write_bytes((tmp_path / "ballots.jsonl").read_bytes() + b"\n")
    refused = command("count", *inputs, "--out", interrupted.folder)
    assert refused.returncode == 64
    assert "ballots.jsonl is not the file that this run was begun with" in refused.stderr


@pytest.mark.parametrize("out", ["/proc/x", "file", "file/run", "x" * 300])
def test_a_place_that_cannot_be_written_is_a_usage_error(tmp_path, out, command):
    (tmp_path / "file").write_text("")
    refused = command("demo", "--out", str(tmp_path / out))
    assert refused.returncode == 64
    assert len(refused.stderr.splitlines()) == 1
    assert "cannot be made" in refused.stderr or "cannot be the folder" in refused.stderr
