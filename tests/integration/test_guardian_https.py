"""`amarvote guardian` against the service over TLS, with certificates of a throw-away authority.

Agents are killed at each step, connections are cut, the service is restarted, commands are repeated.
"""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gmpy2 import mpz

from amarvote.electionguard.context import Context
from amarvote.electionguard.hashing import element_bytes
from amarvote.elections import invitations, officer, rehearsals, tokens
from certificates import Authority
from staging.commands import Ended
from staging.tls import TlsService

AMARVOTE = Path(sys.executable).with_name("amarvote")
PASSPHRASE = b"a long passphrase of a guardian\n"


class Cutter:
    """Stands between agent and service: cuts the first `cuts` connections when the service answers on them."""

    def __init__(self, port: int, cuts: int) -> None:
        self._target, self.left = port, cuts
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self) -> None:
        threads = []
        while True:
            try:
                there, _ = self._listening.accept()
            except OSError:
                break
            threads.append(threading.Thread(target=self._carry, args=(there,)))
            threads[-1].start()
        for thread in threads:
            thread.join()

    def _carry(self, there: socket.socket) -> None:
        here = socket.create_connection(("127.0.0.1", self._target))
        asked = threading.Event()

        def forth() -> None:
            sent = 0
            with contextlib.suppress(OSError):
                while data := there.recv(1 << 16):
                    sent += len(data)
                    here.sendall(data)
                    if sent > 700:  # more than the handshake: the request is under way
                        asked.set()
            with contextlib.suppress(OSError):
                here.shutdown(socket.SHUT_RDWR)

        sender = threading.Thread(target=forth)
        sender.start()
        with contextlib.suppress(OSError):
            while data := here.recv(1 << 16):
                if asked.is_set() and self.left > 0:
                    self.left -= 1
                    break
                there.sendall(data)
        for one in (there, here):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        sender.join()
        there.close()
        here.close()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()


@pytest.fixture
def authority(tmp_path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def service(stage, authority) -> Iterator[TlsService]:
    made = TlsService(stage, authority.issue())
    yield made
    made.close()


class People:
    """Guardians at their machines."""

    def __init__(self, folder: Path, service: TlsService, ca: Path, command: Callable[..., Ended]) -> None:
        self.folder, self.service, self.ca, self.command = folder, service, ca, command
        self.passphrase = folder / "passphrase"
        self.passphrase.touch(mode=0o600)
        self.passphrase.write_bytes(PASSPHRASE)
        self.running: dict[int, subprocess.Popen[bytes]] = {}

    def home(self, guardian: int) -> Path:
        return self.folder / f"home-{guardian}"

    def invitation(self, guardian: int, port: int | None = None, host: str = "127.0.0.1") -> str:
        stage = self.service.stage
        secret = invitations.invite(stage.service, guardian)["invitation"]
        return f"https://{host}:{port or self.service.port}/elections/{stage.creation.election_id}#{secret}"

    def ask(self, *arguments: object, passphrase: Path | None = None) -> Ended:
        if arguments[0] != "status":
            arguments += ("--passphrase-file", passphrase or self.passphrase)
        ended = self.command("guardian", *arguments)
        assert "Traceback" not in ended.stderr
        return ended

    def join(self, guardian: int, invitation: str | None = None) -> Ended:
        text = invitation or self.invitation(guardian)
        return self.ask("join", self.home(guardian), "--invitation", text, "--ca", self.ca, "--json")

    def start(self, guardian: int) -> None:
        command = [AMARVOTE, "guardian", "run", self.home(guardian), "--passphrase-file", self.passphrase]
        with (self.folder / f"log-{guardian}").open("ab") as log:
            self.running[guardian] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def kill(self, guardian: int) -> None:
        self.running[guardian].kill()
        self.running.pop(guardian).wait()

    def log(self, guardian: int) -> str:
        return (self.folder / f"log-{guardian}").read_text()


@pytest.fixture
def people(tmp_path, service, authority, command) -> Iterator[People]:
    made = People(tmp_path, service, authority.file, command)
    yield made
    for process in made.running.values():
        process.kill()
        process.wait()


def until(true: Callable[[], object], seconds: float = 120.0, pause: float = 0.02) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "this has not come to pass"
        time.sleep(pause)


def test_joining_with_an_invitation_twice_is_joining_once(people, stage):
    invitation = people.invitation(2)
    first, second = people.join(2, invitation), people.join(2, invitation)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert json.loads(first.stdout) == json.loads(second.stdout)
    assert json.loads(first.stdout)["guardian"] == 2
    held = json.loads((people.home(2) / "membership.json").read_text())["token"]
    secret = invitation.partition("#")[2]
    assert people.home(2).stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o077 == 0 for path in people.home(2).glob("*.json"))
    assert not any(text in first.stdout + first.stderr for text in (held, secret, PASSPHRASE.decode().strip()))
    issued = [token for token in tokens.listing(stage.service, 0, 100)["items"] if token["role"] == "guardian"]
    assert len(issued) == 1


@pytest.mark.parametrize("cuts", [1, 2, 3])
def test_an_answer_that_was_lost_is_asked_for_again(people, service, stage, cuts):
    cutter = Cutter(service.port, cuts)
    try:
        joined = people.join(1, people.invitation(1, cutter.port))
    finally:
        cutter.close()
    assert joined.returncode == 0, joined.stderr
    assert cutter.left == 0
    issued = [token for token in tokens.listing(stage.service, 0, 100)["items"] if token["role"] == "guardian"]
    assert len(issued) == 1


def test_another_home_cannot_come_in_with_a_used_invitation(people):
    invitation = people.invitation(1)
    assert people.join(1, invitation).returncode == 0
    thief = people.join(3, invitation)
    assert thief.returncode == 2
    assert "was used before" in thief.stderr
    assert not (people.home(3) / "membership.json").exists()


def test_a_new_invitation_brings_a_new_token_and_leaves_the_key(people):
    assert people.join(1).returncode == 0
    home = people.home(1)
    before = (home / "membership.json").read_bytes(), (home / "ceremony-key.json").read_bytes()
    assert people.join(1).returncode == 0
    assert (home / "membership.json").read_bytes() != before[0]
    assert (home / "ceremony-key.json").read_bytes() == before[1]
    other = people.folder / "other"
    other.touch(mode=0o600)
    other.write_bytes(b"another long passphrase")
    wrong = people.ask("join", home, "--invitation", people.invitation(1), passphrase=other)
    assert wrong.returncode == 2
    assert "another passphrase" in wrong.stderr


def test_whoever_cannot_prove_to_be_the_service_is_told_nothing(people, stage, authority, tmp_path):
    home = people.home(1)
    strange = tmp_path / "strange"
    strange.mkdir()
    invitation = people.invitation(1)
    stranger = people.ask("join", home, "--invitation", invitation, "--ca", Authority(strange).file)
    nobody = people.ask("join", people.home(2), "--invitation", people.invitation(2))
    named = people.ask(
        "join", people.home(3), "--invitation", people.invitation(3, host="localhost"), "--ca", people.ca
    )
    for ended in (stranger, nobody, named):
        assert ended.returncode == 2
        assert "certificate" in ended.stderr
        assert "Nothing was sent" in ended.stderr
    people.service.close()
    old = TlsService(stage, authority.issue(days=-1))
    try:
        expired = people.ask(
            "join",
            home,
            "--invitation",
            invitation.replace(str(people.service.port), str(old.port)),
            "--ca",
            people.ca,
        )
    finally:
        old.close()
        people.service.restart()
    assert expired.returncode == 2
    assert "expired" in expired.stderr
    assert not [token for token in tokens.listing(stage.service, 0, 100)["items"] if token["role"] == "guardian"]
    # what did not help before does no harm afterwards
    assert people.join(1, invitation).returncode == 0


@pytest.mark.parametrize(
    "text",
    [
        "http://192.0.2.1/elections/0c#" + "ab" * 32,
        "https://127.0.0.1/elections/0c",
        "https://127.0.0.1/#" + "ab" * 32,
        "https://127.0.0.1/elections/0c#" + "zz" * 32,
        "nowhere",
    ],
)
def test_what_is_no_invitation_is_said_to_be_none(tmp_path, text, command):
    home = tmp_path / "home"
    ended = command("guardian", "join", home, "--invitation", text, "--passphrase-file", "/dev/null", "--json")
    assert ended.returncode == 2
    assert set(json.loads(ended.stdout)) == {"error"}
    assert "Traceback" not in ended.stderr
    assert "ab" * 32 not in ended.stderr
    assert not home.exists()


def test_from_invitation_to_results_killed_at_each_step(people, service, stage):
    everybody = (1, 2, 3)
    for guardian in everybody:
        assert people.join(guardian).returncode == 0
    early = people.ask("check", people.home(1))
    assert early.returncode == 2
    assert "not over" in early.stderr

    # the ceremony: guardian 1 is killed wherever it has just written something, the service is restarted
    for guardian in everybody:
        people.start(guardian)
    for step in ("outbox/share-2", "key.json", "words"):
        until((people.home(1) / step).exists)
        people.kill(1)
        if step == "key.json":
            service.restart()
        people.start(1)
    until(lambda: all((people.home(guardian) / "words").exists() for guardian in everybody))
    words = {(people.home(guardian) / "words").read_text() for guardian in everybody}
    assert len(words) == 1
    until(lambda: words.copy().pop() in people.log(1))
    for guardian in everybody:
        (people.home(guardian) / "confirm").write_text(*words)
    until(lambda: stage.state() == "setting_up")
    people.kill(1)
    stage.work()
    assert stage.state() == "ready"

    # the rehearsal
    done = people.ask("check", people.home(1), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rehearsed"] is True
    again = people.ask("check", people.home(1))
    assert again.returncode == 0
    noted = {one["guardian"]: one["rehearsed_at"] for one in rehearsals.listing(stage.service)["guardians"]}
    assert noted[1] is not None
    assert noted[2] is noted[3] is None
    damaged = bytearray((people.home(2) / "key.json").read_bytes())
    (people.home(2) / "key.json").write_bytes(damaged[:-9] + b"AAAAA" + damaged[-4:])
    lost = people.ask("check", people.home(2))
    assert lost.returncode == 2
    (people.home(2) / "key.json").write_bytes(damaged)
    shown = json.loads(people.ask("status", people.home(1), "--json").stdout)
    assert (shown["state"], shown["key"], shown["words_confirmed"]) == ("ready", "made", True)

    # an election under the key that was made
    row = stage.row()
    keys = (mpz(int.from_bytes(row.joint_key, "big")), mpz(int.from_bytes(row.joint_data_key, "big")))
    assert element_bytes(keys[0]) == row.joint_key
    stage.context = Context.derive(stage.context.manifest, row.n, row.k, *keys)
    stage.engine.prepare(*keys)
    stage.enrol(4)
    officer.open_voting(stage.service)
    for option in (1, 2, 1, 1):
        stage.vote(option)
    officer.close_voting(stage.service)
    stage.work()
    assert stage.state() == "waiting_for_guardians"
    people.kill(3)
    people.start(1)

    def checked_in() -> bool:
        with stage.service.database.read() as connection:
            rows = connection.exec_driver_sql("SELECT number FROM guardians WHERE checked_in").scalars().all()
        return {1, 2} <= set(rows)

    until(lambda: (people.home(1) / "record").exists())
    people.kill(1)
    people.start(1)
    until(checked_in)
    officer.start_run(stage.service, [1, 2])
    for step in ("*.sealed", "*.answers"):
        until(lambda step=step: list(people.home(1).glob(f"runs/*/{step}")))
        people.kill(1)
        service.restart()
        people.start(1)
    until(lambda: stage.work() >= 0 and stage.state() == "published", pause=0.2)
    for guardian in (1, 2):
        assert people.running.pop(guardian).wait(60) == 0, people.log(guardian)
        log = people.log(guardian)
        assert "results are published" in log
        assert "Traceback" not in log
        token = json.loads((people.home(guardian) / "membership.json").read_text())["token"]
        assert token not in log
        assert PASSPHRASE.decode().strip() not in log
    final = people.ask("status", people.home(2))
    assert final.returncode == 0
    assert "work is done" in final.stdout


def test_run_is_stopped_by_a_signal_and_says_how_to_go_on(people):
    assert people.join(1).returncode == 0
    people.start(1)
    until(lambda: "waiting for" in people.log(1))
    people.running[1].send_signal(signal.SIGTERM)
    assert people.running.pop(1).wait(30) == 143
    assert "The same command goes on" in people.log(1)
    people.start(1)
    until(lambda: people.log(1).count("waiting for") > 1)
    second = people.ask("run", people.home(1))
    assert second.returncode == 2
    assert "Another program works in" in second.stderr


def test_a_service_that_is_away_is_told_by_status(people, monkeypatch):
    assert people.join(1).returncode == 0
    monkeypatch.setattr("amarvote.cli.guardian.PATIENCE", 0.5)
    people.service.close()
    try:
        away = people.ask("status", people.home(1), "--json")
    finally:
        people.service.restart()
    assert away.returncode == 2, away.stderr
    shown = json.loads(away.stdout)
    assert (shown["guardian"], shown["key"], shown["state"]) == (1, "drawn", None)
    assert "does not answer" in shown["trouble"]
