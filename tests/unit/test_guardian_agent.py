"""What an agent does when the service shows it something else than it confirmed or verified."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from amarvote.electionguard.decryption import tally_ciphertexts
from amarvote.guardian import sealing
from amarvote.guardian.agent import Agent
from amarvote.guardian.errors import Alarm, GuardianError, RefusedRun
from amarvote.guardian.key_files import KeyFiles
from amarvote.guardian.sealing import Stretching
from amarvote.guardian.telling import Log
from amarvote.guardian.verified_record import VerifiedRecord
from amarvote.guardian.verifying import OwnCopy
from amarvote.participants.service import Answer, AnswerError
from guardian_samples import ceremony, challenged, encrypted_tally

PASSPHRASE = b"the passphrase of a guardian"
HELD = ceremony(3, 2)
ROOT = b"R" * 32
TALLY = tuple(tally_ciphertexts(HELD.context, encrypted_tally(HELD.context, [[3, 2], [1, 0, 4]])))
RECORD = VerifiedRecord(HELD.context, TALLY, (challenged(HELD, 1, {1: {1: 1}}),))


class Stop(BaseException):
    pass


class Counter:
    """Stands where `Service` stands: shows `election` and `run`, counts check-ins, stops after some looks."""

    afar = False

    def __init__(self, state: str, h_e: bytes = HELD.context.h_e) -> None:
        self.state, self.h_e = state, h_e
        self.run: Any = {"run": None}
        self.checkins = 0
        self.sent: list[str] = []
        self.looks = 3

    def get(self, path: str) -> Answer:
        if path == "":
            shown = {"state": self.state, "h_e": base64.b64encode(self.h_e).decode()}
            return Answer(200, json.dumps(shown).encode())
        if path == "/run":
            return Answer(200, json.dumps(self.run).encode())
        return Answer(200, json.dumps({"complete": False, "missing": [2] if self.sent else [1, 2]}).encode())

    def put(self, path: str, body: bytes, **parameters: int) -> Answer:
        self.sent.append(path)
        return Answer(204, b"")

    def post(self, path: str) -> Answer:
        assert path == "/run/checkin"
        self.checkins += 1
        return Answer(204, b"")

    def wait(self, seconds: float) -> None:
        self.looks -= 1
        if self.looks < 0:
            raise Stop


def run_of(root: bytes = ROOT, members: tuple[int, ...] = (1, 2), number: str = "ab") -> dict[str, Any]:
    part = {"part": 0, "kind": "tally", "first": 0, "count": 5}
    return {"run": number * 32, "guardians": list(members), "root": root.hex(), "parts": [part], "round": "share"}


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(sealing, "Stretching", lambda **cost: Stretching(19456, 1, 1))
    KeyFiles(tmp_path, PASSPHRASE).keep_key(HELD.shares[1], HELD.context.h_e, b"G" * 32)
    return tmp_path


@pytest.fixture(autouse=True)
def verified(monkeypatch) -> list[bytes]:
    """The root of the record that the agent verified; the first entry counts."""
    roots = [ROOT]
    monkeypatch.setattr(OwnCopy, "root", lambda copy, service: roots[0])
    monkeypatch.setattr(OwnCopy, "opened", lambda copy, service: RECORD)
    return roots


def work(service: Counter, home: Path) -> None:
    Agent(service, 1, home, PASSPHRASE, Log()).work()  # type: ignore[arg-type]


def until_stopped(service: Counter, home: Path) -> None:
    with pytest.raises(Stop):
        work(service, home)


def test_checks_in_once_it_has_verified_and_pins_the_root(home):
    service = Counter("waiting_for_guardians")
    until_stopped(service, home)
    assert service.checkins >= 1
    assert json.loads((home / "roots.json").read_text()) == {HELD.context.h_e.hex(): ROOT.hex()}


def test_while_there_is_voting_it_waits(home):
    service = Counter("open")
    until_stopped(service, home)
    assert service.checkins == 0
    assert service.sent == []


def test_when_it_is_over_it_ends(home):
    work(Counter("published"), home)


def test_a_failed_ceremony_ends_it_aloud(home):
    with pytest.raises(Alarm, match="has failed"):
        work(Counter("ceremony_failed"), home)


def test_another_election_is_not_served(home):
    with pytest.raises(GuardianError, match="another election"):
        work(Counter("waiting_for_guardians", b"\0" * 32), home)


def test_it_answers_in_a_run_over_its_record(home):
    service = Counter("decrypting")
    service.run = run_of()
    until_stopped(service, home)
    assert service.sent == [f"/mail/{'ab' * 32}/share/0"]


class Forgetful(Counter):
    """Loses what was sent to it before its third look, as one does that is restored from a backup."""

    def get(self, path: str) -> Answer:
        if path.endswith("/respond"):
            missing = [] if self.sent[-1:] == [path + "/0"] else [1]
            return Answer(200, json.dumps({"complete": not missing, "missing": missing}).encode())
        return super().get(path)

    def wait(self, seconds: float) -> None:
        super().wait(seconds)
        if self.looks == 2:
            self.sent.append("lost")


def test_it_sends_again_what_a_restored_service_has_lost_and_nothing_else(home):
    service = Forgetful("decrypting")
    service.looks = 6
    service.run = run_of()
    service.run["parts"] = [{"part": 0, "kind": "challenged", "first": 0, "count": 1}]
    until_stopped(service, home)
    respond = f"/mail/{'ab' * 32}/respond/0"
    assert service.sent == [respond, "lost", respond]


def test_a_run_over_another_root_than_it_verified_is_refused_aloud(home):
    service = Counter("decrypting")
    service.run = run_of(b"S" * 32)
    until_stopped(service, home)
    assert service.sent == []
    assert (home / "refusal").read_text().startswith("ab" * 32 + "\n")
    assert "verified has" in (home / "refusal").read_text()


def test_a_second_root_is_refused_even_where_it_verifies(home, verified):
    """Two tallies that differ by one ballot would open that ballot (rule 16)."""
    service = Counter("decrypting")
    service.run = run_of()
    until_stopped(service, home)
    verified[0] = b"S" * 32
    second = Counter("decrypting")
    second.run = run_of(b"S" * 32, number="cd")
    until_stopped(second, home)
    assert second.sent == []
    assert "one tally of an election and no second one" in (home / "refusal").read_text()
    with pytest.raises(RefusedRun):
        work(Counter("waiting_for_guardians"), home)


def test_a_run_of_others_is_not_its_business(home):
    service = Counter("decrypting")
    service.run = run_of(members=(2, 3))
    until_stopped(service, home)
    assert service.sent == []
    assert not (home / "refusal").exists()


@pytest.mark.parametrize(
    "run",
    [
        [],
        {},
        {**run_of(), "run": "../../etc"},
        {**run_of(), "run": 5},
        {**run_of(), "root": "zz"},
        {**run_of(), "parts": [{}]},
        {**run_of(), "guardians": None},
    ],
)
def test_an_announcement_that_is_none(home, run):
    service = Counter("decrypting")
    service.run = run
    with pytest.raises(AnswerError):
        work(service, home)
    assert not (home / "runs").exists()
