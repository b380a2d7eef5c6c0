"""A device against a ballot box in memory that keeps what it stored, and may be told to misbehave."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from amarvote.device import session
from amarvote.device.election import Station, learn_context, learn_station, read_pin
from amarvote.device.encrypting import submission_body
from amarvote.device.errors import DeviceError
from amarvote.device.journal import Journal
from amarvote.device.session import Session
from amarvote.device.voters import Marks, Voter, acts, voter_line
from amarvote.electionguard.ballots import BallotStatus, EncryptedBallot
from amarvote.electionguard.confirmation import (
    SIMPLE_CHAINING,
    chained_field,
    device_hash,
    initial_hash,
    unchained_field,
)
from amarvote.electionguard.context import Context
from amarvote.electionguard.hashing import element_bytes
from amarvote.electionguard.identifier import verify_challenge_reference
from amarvote.electionguard.words import words_of
from amarvote.participants.service import Answer, Refused
from amarvote.record.canonical import decode_item
from amarvote.record.codec import read_ballot
from amarvote.record.commitments import commitments_length
from guardian_samples import ENGINE, MANIFEST, ceremony

NAME = "Booth 1 – Zürich"
CAST = Marks({"mayor": {"ada": 1}, "council": {"red": 2}}, {})
SHOWN = Marks({"mayor": {"grace": 1}}, {"council": "Łukasz"})
VOTERS = [Voter(b"1" * 32, "town", 1, (), CAST), Voter(b"2" * 32, "town", 3, (SHOWN,), CAST)]


class Killed(BaseException):
    pass


class Box:
    """Stands where `Service` stands."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.stored: dict[bytes, bytes] = {}
        self.order: list[EncryptedBallot] = []
        self.accepted: set[bytes] = set()
        self.closed = 0
        self.die: list[str] = []
        self.refuse = ""
        self.asked = 0
        self.under_way = False
        self.steps: list[str] = []

    def get(self, path: str) -> Answer:
        if path == "":
            keys = {"joint_key": self.context.joint_key, "joint_data_key": self.context.joint_data_key}
            encoded = {name: _text(element_bytes(value)) for name, value in keys.items()}
            return _json({"n": self.context.n, "k": self.context.k, **encoded})
        if path == "/manifest":
            return Answer(200, self.context.manifest.raw)
        if path == "/devices/me":
            return _json(
                {"name": "booth-1", "device_id": NAME, "h_di": _text(device_hash(self.context.h_e, NAME))}
            )
        assert not self.under_way
        self.asked += 1
        id_b = bytes.fromhex(path.removeprefix("/ballots/"))
        return _json({"state": "accepted" if id_b in self.accepted else "submitted", "findings": []})

    def put_ahead(self, path: str, body: bytes) -> Callable[[], Answer]:
        """Nothing is stored before the answer is asked for: the latest moment at which a service may."""
        assert not self.under_way
        if "before" in self.die:
            self.die.remove("before")
            raise Killed
        self.under_way = True
        self.steps.append("send")
        return lambda: self.store(body)

    def store(self, body: bytes) -> Answer:
        self.under_way = False
        self.steps.append("answer")
        if self.refuse:
            raise Refused(409, self.refuse)
        ballot = ballot_in(body)
        if self.stored.setdefault(ballot.id_b, body) != body:
            raise Refused(409, "other bytes")
        if ballot not in self.order:
            self.order.append(ballot)
        if "after" in self.die:
            self.die.remove("after")
            raise Killed
        return _json({"confirmation_code": _text(ballot.confirmation_code)})

    def post(self, path: str) -> Answer:
        assert not self.under_way
        assert path == "/devices/booth-1/close"
        self.closed += 1
        return Answer(204, b"")

    def wait(self, seconds: float) -> None:
        """Meanwhile the workers accept what is there."""
        if "waiting" in self.die:
            self.die.remove("waiting")
            raise Killed
        self.accepted |= set(self.stored)


def ballot_in(body: bytes) -> EncryptedBallot:
    size = int.from_bytes(body[32:36], "big")
    return read_ballot(decode_item(body[36 : 36 + size]))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _json(content: Any) -> Answer:
    return Answer(200, json.dumps(content).encode())


def context_of(chaining: int) -> Context:
    held = ceremony(3, 2).context
    return replace(held, manifest=replace(MANIFEST, chaining_mode=chaining))


@pytest.fixture(params=[0, 1], ids=["unchained", "chained"])
def box(request) -> Box:
    return Box(context_of(request.param))


@pytest.fixture
def voters(tmp_path) -> Path:
    path = tmp_path / "voters.jsonl"
    path.write_text("".join(map(voter_line, VOTERS)), encoding="utf-8")
    return path


def serve(box: Box, home: Path, voters: Path, seen: list[tuple[bytes, int]] | None = None) -> None:
    station = Station("booth-1", NAME, device_hash(box.context.h_e, NAME))
    current: list[bool] = []

    def come():
        for act in acts(voters):
            current[:] = [act.challenged]
            yield act

    def decide(code: bytes) -> bool:
        if "deciding" in box.die:
            box.die.remove("deciding")
            raise Killed
        box.steps.append("show")
        if seen is not None:
            seen.append((code, len(box.order)))
        return current[0]

    Session(box, box.context, ENGINE, station, Journal(home), decide).run(come())  # type: ignore[arg-type]


def test_serves_everybody_and_closes(box, tmp_path, voters):
    seen: list[tuple[bytes, int]] = []
    serve(box, tmp_path, voters, seen)
    assert [ballot.status for ballot in box.order] == [
        BallotStatus.CAST,
        BallotStatus.CHALLENGED,
        BallotStatus.CAST,
    ]
    assert [ballot.weight for ballot in box.order] == [1, 3, 3]
    assert box.closed == 1
    # the code is shown before the ballot is submitted, and is the one that is submitted
    assert seen == [(ballot.confirmation_code, number) for number, ballot in enumerate(box.order)]


def test_the_next_ballot_is_encrypted_while_the_last_is_under_way(box, tmp_path, voters, monkeypatch):
    """It is shown and written once the last is stored; nothing is made ahead for one who has challenged."""
    encrypt, write = session.encrypt, Journal.write

    def encrypting(*args):
        box.steps.append("encrypt")
        return encrypt(*args)

    def writing(*args):
        box.steps.append("write")
        write(*args)

    monkeypatch.setattr(session, "encrypt", encrypting)
    monkeypatch.setattr(Journal, "write", writing)
    serve(box, tmp_path, voters)
    assert box.steps == [
        *("encrypt", "show", "write", "send"),
        *("encrypt", "answer", "show", "write", "send", "answer"),
        *("encrypt", "show", "write", "send", "answer"),
    ]


def test_a_refused_ballot_is_the_last_whose_code_was_shown(box, tmp_path, voters):
    box.refuse = "The chain ended."
    with pytest.raises(DeviceError, match="The chain ended"):
        serve(box, tmp_path, voters)
    assert box.steps == ["show", "send", "answer"]
    last = Journal(tmp_path).last()
    assert last is not None
    assert last.number == 1


def test_each_ballot_follows_the_last_code(box, tmp_path, voters):
    serve(box, tmp_path, voters)
    h_di = device_hash(box.context.h_e, NAME)
    if box.context.manifest.chaining_mode == SIMPLE_CHAINING:
        codes = [initial_hash(box.context.h_e, h_di), *(ballot.confirmation_code for ballot in box.order)]
        expected = [chained_field(code) for code in codes[:-1]]
    else:
        expected = [unchained_field(h_di)] * 3
    assert [ballot.chaining_field for ballot in box.order] == expected


def test_a_challenged_ballot_shows_its_secret_and_a_cast_one_none(box, tmp_path, voters):
    serve(box, tmp_path, voters)
    cast, challenged, _ = box.order
    assert cast.ballot_ref == ""
    verify_challenge_reference(challenged)
    body = box.stored[challenged.id_b]
    size = int.from_bytes(body[32:36], "big")
    assert len(body) == 36 + size + commitments_length(box.context, "town")


def test_the_voter_gets_a_challenged_ballot_opened_once_it_is_recorded(box, tmp_path, voters):
    box.die = ["waiting"]
    with pytest.raises(Killed):
        serve(box, tmp_path, voters)
    assert not list((tmp_path / "openings").iterdir())
    assert len(list((tmp_path / "unopened").iterdir())) == 1
    serve(box, tmp_path, voters)
    (path,) = (tmp_path / "openings").iterdir()
    opening = json.loads(path.read_bytes())
    challenged = box.order[1]
    assert path.stem == opening["confirmation_code"] == challenged.confirmation_code.hex()
    values = {c["contest"]: {o["option"]: o["value"] for o in c["options"]} for c in opening["contests"]}
    assert values == {"mayor": {"ada": 0, "grace": 1}, "council": {"red": 0, "green": 0, "blue": 0}}
    assert opening["contests"][1]["contest_data"]["write_in"] == "Łukasz"
    assert not list((tmp_path / "unopened").iterdir())


def test_the_next_ballot_of_a_challenger_waits_for_the_record(box, tmp_path, voters):
    serve(box, tmp_path, voters)
    assert box.asked >= 2  # not there yet, then there; only then the last ballot was made


@pytest.mark.parametrize("moment", ["deciding", "before", "after"])
def test_killed_again_and_again_no_ballot_is_lost_or_doubled(box, tmp_path, voters, moment):
    box.die = [moment] * 4
    while box.die:
        with pytest.raises(Killed):
            serve(box, tmp_path, voters)
    serve(box, tmp_path, voters)
    assert [ballot.status for ballot in box.order] == [
        BallotStatus.CAST,
        BallotStatus.CHALLENGED,
        BallotStatus.CAST,
    ]
    assert len(box.stored) == 3
    fields = [ballot.chaining_field for ballot in box.order]
    if box.context.manifest.chaining_mode == SIMPLE_CHAINING:
        assert fields[1:] == [chained_field(ballot.confirmation_code) for ballot in box.order[:-1]]


def test_another_code_in_the_receipt_stops_the_device(box, tmp_path, voters, monkeypatch):
    store = Box.store

    def lying(self, body):
        store(self, body)
        return _json({"confirmation_code": _text(bytes(32))})

    monkeypatch.setattr(Box, "store", lying)
    with pytest.raises(DeviceError, match="stored another code"):
        serve(box, tmp_path, voters)


def test_learns_the_election_that_it_was_given(box, tmp_path):
    (tmp_path / "pin").write_text(box.context.h_e.hex())
    held = Context.derive(MANIFEST, 3, 2, box.context.joint_key, box.context.joint_data_key)
    box.context = held
    context = learn_context(box, read_pin(tmp_path / "pin"))  # type: ignore[arg-type]
    assert context == held
    assert learn_station(box, context).device_string == NAME  # type: ignore[arg-type]


def test_any_other_election_is_refused(box):
    with pytest.raises(DeviceError, match="No ballot is encrypted"):
        learn_context(box, bytes(32))  # type: ignore[arg-type]


def test_a_wrong_device_hash_is_refused(box, monkeypatch):
    monkeypatch.setattr(
        Box, "get", lambda self, path: _json({"name": "x", "device_id": NAME, "h_di": _text(bytes(32))})
    )
    with pytest.raises(DeviceError, match="hash of the device string"):
        learn_station(box, box.context)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "answer", [[], {}, {"n": True, "k": 1}, {"n": 3, "k": 2, "joint_key": "AA==", "joint_data_key": ""}]
)
def test_an_election_that_is_none(box, monkeypatch, answer):
    monkeypatch.setattr(Box, "get", lambda self, path: _json(answer) if path == "" else Answer(200, MANIFEST.raw))
    with pytest.raises(DeviceError, match="whose keys are made"):
        learn_context(box, bytes(32))  # type: ignore[arg-type]


PIN = bytes(range(100, 132))
HEX, WORDS = PIN.hex(), "-".join(words_of(PIN))


@pytest.mark.parametrize(
    "text",
    [
        HEX,
        f"H_E {HEX.upper()}\n",
        WORDS,
        f"H_E {WORDS}\n",
        f" h_e {WORDS.replace('-', ' ').upper()}",
        f"H_G {'-'.join(words_of(bytes(32)))}\nH_E {WORDS}\n",
    ],
)
def test_a_pin_is_written_as_guardians_read_it_or_in_hex(tmp_path, text):
    (tmp_path / "pin").write_text(text)
    assert read_pin(tmp_path / "pin") == PIN


@pytest.mark.parametrize(
    "text", ["", "00", "zz" * 32, "H_E", "H_E 00", WORDS[:-6], f"{WORDS} {WORDS}", WORDS.replace("a", "e"), "\xff"]
)
def test_any_other_pin_is_none(tmp_path, text):
    (tmp_path / "pin").write_text(text)
    with pytest.raises(DeviceError, match=r"16 words .* 64 hex digits"):
        read_pin(tmp_path / "pin")


def test_the_envelope():
    assert submission_body(b"t" * 32, b"item", b"com") == b"t" * 32 + b"\0\0\0\4item" + b"com"
