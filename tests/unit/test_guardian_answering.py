"""Runs of two guardians over a post office: one answer for each ciphertext, whatever is killed or asked again."""

import json
import secrets
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from amarvote.electionguard.challenged_ballots import ChallengedBallot, Question, combine_challenged
from amarvote.electionguard.decryption import combine_decryption, tally_ciphertexts
from amarvote.electionguard.guardian_messages import (
    read_commitments,
    read_nonce_shares,
    read_responses,
    read_reveals,
)
from amarvote.electionguard.joint_rounds import Answers as AllAnswers
from amarvote.guardian.answering import Answering
from amarvote.guardian.errors import Alarm, RefusedRun, WrongPassphrase
from amarvote.guardian.mail import Conversation, ConversationOver, Forgotten
from amarvote.guardian.run_state import Answers, Part, Run, RunState
from amarvote.guardian.telling import Log
from amarvote.participants.service import Answer
from guardian_samples import ENGINE, Ceremony, ceremony, challenged, encrypted_tally
from post_office import Desk, PostOffice

MEMBERS = (1, 3)
TOTALS = [[3, 2], [1, 0, 4]]
ROOT = b"R" * 32
KEY = b"K" * 32
PARTS = (Part(0, "tally", 0, 3), Part(1, "tally", 3, 2), Part(2, "challenged", 0, 1))


class Killed(BaseException):
    """An agent dies here."""


class Runs:
    def __init__(self, folder: Path) -> None:
        self.held: Ceremony = ceremony(3, 2)
        self.folder = folder
        self.tally = tally_ciphertexts(self.held.context, encrypted_tally(self.held.context, TOTALS))
        self.challenged: list[ChallengedBallot] = [challenged(self.held, 1, {1: {1: 1}, 2: {2: 3}})]
        self.office = PostOffice(3, 2, self.held.context.manifest.raw)
        self.start(PARTS)

    def start(self, parts: tuple[Part, ...], root: bytes = ROOT) -> None:
        self.run = Run(secrets.token_hex(32), root, MEMBERS, parts)
        self.office.run = {
            "run": self.run.id,
            "guardians": list(MEMBERS),
            "parts": [{"part": p.part, "kind": p.kind, "first": p.first, "count": p.count} for p in parts],
        }

    def home(self, index: int) -> Path:
        home = self.folder / str(index)
        home.mkdir(exist_ok=True)
        return home

    def state(self, index: int) -> RunState:
        return RunState(self.home(index), index, KEY, self.run)

    def agent(self, index: int, run: Run | None = None, patience: int = 2000) -> Answering:
        desk = Desk(self.office, index)
        desk.patience = patience
        run = run or self.run
        return Answering(
            self.held.context,
            ENGINE,
            self.held.shares[index],
            run,
            RunState(self.home(index), index, KEY, run),
            Conversation(desk, run.id, Log()),  # type: ignore[arg-type]
            self.tally,
            self.challenged,
            Log(),
        )

    def alone(self, index: int) -> str | None:
        """Without the other: shares, and then waits in vain."""
        return self.one(index, patience=3)

    def one(self, index: int, patience: int = 2000) -> str | None:
        try:
            self.agent(index, patience=patience).run()
        except (RefusedRun, TimeoutError, ConversationOver) as refusal:
            return str(refusal)
        return None

    def one_started_again(self, index: int) -> str | None:
        """The same, as often as it is killed, or the service has forgotten what it sent."""
        while True:
            try:
                return self.one(index)
            except (Killed, Forgotten):
                continue

    def both(self) -> list[str | None]:
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(self.one, MEMBERS))

    def sent(self, name: str, part: int, sender: int) -> bytes:
        return self.office.mail[self.run.id, name, part, 0, sender]


@pytest.fixture
def runs(tmp_path) -> Runs:
    return Runs(tmp_path)


def opened(runs: Runs) -> list[int]:
    totals: list[int] = []
    for part in runs.run.parts[:2]:
        answers = {
            i: AllAnswers(
                read_commitments(i, runs.sent("share", part.part, i), part.count),
                read_reveals(i, runs.sent("reveal", part.part, i), part.count),
                read_responses(i, runs.sent("respond", part.part, i), part.count),
            )
            for i in MEMBERS
        }
        items = runs.tally[part.first : part.first + part.count]
        found = combine_decryption(runs.held.context, ENGINE, runs.held.keys, MEMBERS, items, answers)
        totals += [one.option.tally for one in found]
    return totals


def test_both_answer_and_everything_opens(runs):
    assert runs.both() == [None, None]
    assert opened(runs) == [3, 2, 1, 0, 4]
    shares = {i: read_nonce_shares(i, runs.sent("respond", 2, i), 1) for i in MEMBERS}
    question = Question(ROOT, bytes.fromhex(runs.run.id))
    (opening,) = combine_challenged(
        runs.held.context, ENGINE, runs.held.keys, MEMBERS, question, runs.challenged, shares
    )
    assert [[option.value for option in contest.options] for contest in opening.contests] == [[1, 0], [0, 3, 0]]


def test_asked_again_the_stored_answer_is_sent_and_no_nonce_is_left(runs):
    runs.both()
    sent = dict(runs.office.mail)
    assert runs.both() == [None, None]
    assert runs.office.mail == sent
    assert not list(runs.folder.rglob("*.sealed"))
    assert len(list(runs.folder.rglob("*.answers"))) == 6


def test_nonces_are_sealed_on_disk_before_a_commitment_leaves(runs):
    desk = Desk(runs.office, 1)
    agent = runs.agent(1, patience=3)
    desk.patience = 3
    seen: list[bool] = []

    def watch(path: str, body: bytes, **parameters: int) -> None:
        part = int(path.rsplit("/", 1)[1])
        sealed = runs.home(1) / "runs" / runs.run.id / f"{part}.sealed"
        seen.append(sealed.exists() and body[:32] not in sealed.read_bytes())
        Desk.put(desk, path, body, **parameters)

    desk.put = watch  # type: ignore[method-assign, assignment]
    agent._mail = Conversation(desk, runs.run.id, Log())  # type: ignore[arg-type]
    with pytest.raises(TimeoutError):
        agent.run()
    assert seen == [True, True]


@pytest.mark.parametrize("name", ["share", "reveal", "respond"])
def test_killed_at_any_message_it_goes_on_with_the_same_nonces(runs, name, monkeypatch):
    """Guardian 1 dies right before its first message of this round leaves, and right after it left."""

    put = Desk.put
    deaths = ["before", "after"]

    def dying(self, path, body, **parameters):
        mine = self.index == 1 and f"/{name}/" in path and deaths
        if mine and deaths[0] == "before":
            deaths.pop(0)
            raise Killed
        answer = put(self, path, body, **parameters)
        if mine and deaths:
            deaths.pop(0)
            raise Killed
        return answer

    monkeypatch.setattr(Desk, "put", dying)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(runs.one_started_again, MEMBERS)) == [None, None]
    assert not deaths
    assert opened(runs) == [3, 2, 1, 0, 4]


@pytest.mark.parametrize("lost", ["share", "reveal"])
@pytest.mark.parametrize("moment", ["while waiting", "between two looks", "before the next round"])
def test_a_service_that_is_restored_amid_a_run_is_sent_all_of_it_again(runs, lost, moment, monkeypatch):
    """Guardian 1's messages of a round and of those after it are lost: the backup is from before."""
    following = {"share": "reveal", "reveal": "respond"}
    amid = {
        "while waiting": ("get", f"/mail/{runs.run.id}/{lost}"),
        "between two looks": ("get", f"/mail/{runs.run.id}/{lost}/0"),
        "before the next round": ("put", f"/mail/{runs.run.id}/{following[lost]}/0"),
    }
    method, where = amid[moment]
    real = getattr(Desk, method)
    losses = []

    def restored(self, path, *arguments, **parameters):
        if self.index == 1 and path == where and not losses:
            with runs.office.lock:
                gone = [key for key in runs.office.mail if key[4] == 1 and key[1] in (lost, "reveal")]
                losses.extend(gone)
                for key in gone:
                    del runs.office.mail[key]
        return real(self, path, *arguments, **parameters)

    monkeypatch.setattr(Desk, method, restored)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(runs.one_started_again, MEMBERS)) == [None, None]
    assert losses
    assert opened(runs) == [3, 2, 1, 0, 4]


def test_killed_between_two_pieces_of_what_the_others_sent(tmp_path, monkeypatch):
    """Three members, whose messages come in two pieces: guardian 1 dies between them, of every part and round."""

    monkeypatch.setattr(sys.modules[__name__], "MEMBERS", (1, 2, 3))
    runs = Runs(tmp_path)
    get = Desk.get
    deaths: set[str] = set()

    def dying(self, path, **parameters):
        if self.index == 1 and parameters.get("after") and path not in deaths:
            deaths.add(path)
            raise Killed
        return get(self, path, **parameters)

    monkeypatch.setattr(Desk, "get", dying)

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(runs.one_started_again, (1, 2, 3))) == [None, None, None]
    assert deaths == {f"/mail/{runs.run.id}/{name}/{part}" for name in ("share", "reveal") for part in (0, 1)}
    assert opened(runs) == [3, 2, 1, 0, 4]


@pytest.mark.parametrize(
    ("pieces", "alarm"),
    [
        ([([1, 1], None)], "twice"),
        ([([1, 2], None)], "instead of"),
        ([([1], None)], "instead of"),
        ([([1], 1), ([], 1)], "instead of"),
        ([([1], 1), ([1], 1)], "twice"),
    ],
)
def test_pieces_that_no_service_of_ours_shows(pieces, alarm):
    """However many a hostile service goes on with, reading comes to an end."""

    class Hostile:
        def get(self, path, after):
            senders, following = pieces.pop(0)
            messages = [{"sender": sender, "to": 0, "payload": ""} for sender in senders]
            return Answer(200, json.dumps({"messages": messages, "next": following}).encode())

    with pytest.raises(Alarm, match=alarm):
        Conversation(Hostile(), "ab" * 32, Log()).read("reveal", {1, 3})  # type: ignore[arg-type]


def test_killed_between_storing_the_answer_and_erasing_the_nonces(runs):
    part = PARTS[0]
    runs.both()
    state = runs.state(1)
    sealed = runs.home(1) / "runs" / runs.run.id / "0.sealed"
    sealed.write_bytes(b"left over")
    assert state.answers(part) is not None
    assert not sealed.exists()


def test_whoever_lost_its_state_refuses_the_run_and_answers_in_the_next(runs):
    runs.alone(1)
    for path in sorted((runs.home(1) / "runs").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    assert "lost its state" in (runs.alone(1) or "")
    runs.start(PARTS)
    assert runs.both() == [None, None]


def test_the_same_run_over_another_root_is_refused(runs):
    runs.alone(1)
    with pytest.raises(RefusedRun, match="another root"):
        runs.agent(1, replace(runs.run, root=b"S" * 32)).run()


def test_the_same_run_with_other_members_is_refused(runs):
    runs.alone(1)
    with pytest.raises(RefusedRun, match="other members"):
        runs.agent(1, replace(runs.run, members=(1, 2))).run()


@pytest.mark.parametrize(
    "parts",
    [
        (Part(0, "tally", 0, 6),),
        (Part(0, "tally", 0, 3), Part(1, "tally", 2, 2)),
        (Part(0, "tally", 0, 3), Part(0, "tally", 3, 2)),
        (Part(0, "challenged", 0, 2),),
        (Part(0, "cast", 0, 1),),
        (Part(0, "tally", -1, 2),),
        (Part(0, "tally", 0, 0),),
    ],
)
def test_items_that_the_record_does_not_have_are_not_answered(runs, parts):
    runs.start(parts)
    with pytest.raises(RefusedRun):
        runs.agent(1).run()
    assert not runs.office.mail


def test_a_later_run_may_leave_out_what_is_open_already(runs):
    runs.start((PARTS[1],))
    assert runs.both() == [None, None]


def test_a_relayed_reveal_that_is_not_the_committed_one_gets_no_response(runs):
    runs.office.tamper = lambda sender, name, part, to, payload: (
        payload[:100] + bytes((payload[100] ^ 1,)) + payload[101:]
        if (sender, name, part, to) == (3, "reveal", 0, 1)
        else payload
    )
    refusals = runs.both()
    assert "Guardian 3" in (refusals[0] or "")
    assert (runs.run.id, "respond", 0, 0, 1) not in runs.office.mail
    assert (runs.home(1) / "runs" / runs.run.id / "0.sealed").exists()


def test_other_words_under_its_own_name_get_no_response(runs):
    runs.office.tamper = lambda sender, name, part, to, payload: (
        runs.office.mail.get((runs.run.id, name, part, 0, 3), payload)
        if name in ("share", "reveal") and sender == 1
        else payload
    )
    runs.both()
    assert (runs.run.id, "respond", 0, 0, 1) not in runs.office.mail


def test_a_cast_ballot_that_was_relabelled_stays_closed(runs):
    """Rule 2: without the secret behind its identifier no status opens a ballot."""
    ballot = runs.challenged[0].ballot
    for reference in ("", "challenge:" + 64 * "0"):
        runs.challenged[0] = replace(runs.challenged[0], ballot=replace(ballot, ballot_ref=reference))
        refusals = runs.both()
        assert all("must stay closed" in (refusal or "") for refusal in refusals)
    assert (runs.run.id, "respond", 2, 0, 1) not in runs.office.mail


def test_sealed_nonces_open_for_their_run_and_part_only(runs):
    runs.alone(1)
    folder = runs.home(1) / "runs" / runs.run.id
    (folder / "1.sealed").write_bytes((folder / "0.sealed").read_bytes())
    with pytest.raises(WrongPassphrase):
        runs.state(1).beginnings(PARTS[1])


def test_a_response_is_stored_before_it_leaves(runs):
    runs.both()
    stored = runs.state(1).answers(PARTS[0])
    assert stored == Answers(*(runs.sent(name, 0, 1) for name in ("share", "reveal", "respond")))
