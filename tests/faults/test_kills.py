"""Processes are killed, again and again; the count comes out as if nobody had touched it.

`make test` leaves out what it shows on PostgreSQL as well (tests/faults/service); `make chaos` runs all.
"""

import base64
import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from amarvote.elections import guardian_desk, officer, progress, results
from amarvote.participants import address
from amarvote.participants.service import Service
from amarvote.record.canonical import decode_item
from amarvote.record.codec import read_ballot
from amarvote.record.reader import open_record
from amarvote.record.sections import SectionType
from amarvote.record.verifier import verify_record
from amarvote.store.tables import ballots, chunks, workers
from faults.quick_worker import QUICK
from staging.served import guardian_token

HERE = Path(__file__).parent
SECONDS = 120
STEPS = ("claimed", "loaded", "asked", "answered", "committing", "committed")
CHUNKS_BETWEEN_KILLS = 4
"""With fifteen ballots and one item to a chunk, an election has about ninety chunks after it closed."""

pytestmark = pytest.mark.timeout(240)


class Processes:
    """What a test started, ended with it."""

    def __init__(self, stage):
        self.stage = stage
        self.started = []
        self.kills = stage.folder / "kills"

    def start(self, program, *arguments):
        environment = {**os.environ, "PYTHONPATH": str(HERE.parent), "KILLS": str(self.kills)}
        process = subprocess.Popen([sys.executable, str(HERE / program), *map(str, arguments)], env=environment)
        self.started.append(process)
        return process

    def worker(self, name, *death):
        return self.start("quick_worker.py", self.stage.url, name, *death)

    def api(self, socket):
        return self.start("quick_api.py", self.stage.url, socket)

    def killed_by_themselves(self):
        """(step, process id) of each kill of a worker that was asked for it, in their order."""
        lines = self.kills.read_text().splitlines() if self.kills.exists() else []
        return [(step, int(pid)) for step, pid in map(str.split, lines)]

    def killed(self):
        """How many were."""
        return sum(process.poll() == -signal.SIGKILL for process in self.started)

    def end(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait()


@contextmanager
def processes_of(stage):
    processes = Processes(stage)
    try:
        yield processes
    finally:
        processes.end()


@pytest.fixture
def election(opened):
    """Open for votes, with the workers' short times."""
    opened.service = replace(opened.service, settings=QUICK)
    return opened


def cast_fifteen(stage):
    """Nine for o1, five for o2, one challenged."""
    votes = [stage.vote(1 if number < 9 else 2, device=1 + number % 2) for number in range(14)]
    return [*votes, stage.vote(1, challenge=True)]


def wait_until(stage, state, keep_going=lambda: None):
    limit = time.monotonic() + SECONDS
    while stage.state() != state:
        assert time.monotonic() < limit, progress.progress(stage.service)
        keep_going()
        time.sleep(0.05)


def check_outcome(stage, votes):
    """The tally of an undisturbed run, each ballot once, a record that verifies."""
    assert results.results(stage.service)["totals"] == {"c1": {"o1": 9, "o2": 5}}
    record = stage.download()
    assert verify_record(record).passed
    with open_record(record) as opened:
        found = [
            read_ballot(decode_item(raw.data)).id_b
            for section in opened.sections()
            if section.type is SectionType.DEVICE
            for raw in opened.items(section)
            if raw.item.WhichOneof("item") == "encrypted_ballot"
        ]
    assert sorted(found) == sorted(vote.ballot.id_b for vote in votes)
    with stage.service.database.read() as connection:
        counted = connection.execute(
            select(func.count()).where(ballots.c.state == "accepted", ballots.c.status == 1)
        ).scalar_one()
    assert counted == 14
    assert progress.progress(stage.service)["failed"] == []


def answer_when_asked(stage):
    """The guardians' part, as soon as the record is public."""
    if stage.state() == "waiting_for_guardians":
        stage.answer(stage.run([1, 2]))


def deaths_counted(stage):
    with stage.service.database.read() as connection:
        return connection.execute(select(func.sum(chunks.c.deaths))).scalar_one()


def test_parent_and_child_killed_at_every_step_of_the_loop(election):
    with processes_of(election) as processes:
        # while there is nothing to do: the parent dies, or starts another child
        for step in ("starting", "idle"):
            assert processes.worker(f"parent-{step}", step, "parent").wait(SECONDS) == -signal.SIGKILL
        idle = processes.worker("child-idle", "idle", "child")
        wait_for(lambda: len(processes.killed_by_themselves()) == 3)
        (_, first) = processes.killed_by_themselves()[-1]
        wait_for(lambda: set(children_of(idle.pid)) - {first})
        idle.terminate()
        assert idle.wait(SECONDS) == 0
        votes = cast_fifteen(election)
        officer.close_voting(election.service)
        # children backwards, so that each kill falls into a chunk after the one before
        backwards = ",".join(reversed(STEPS))
        assert processes.worker(f"child-{backwards}", backwards, "child").wait(SECONDS) == 0
        steps, children = zip(*processes.killed_by_themselves()[3:], strict=True)
        assert steps == STEPS[::-1]
        assert len(set(children)) == len(STEPS), "each time another child"
        for step in STEPS:
            process = processes.worker(f"parent-{step}", step, "parent")
            wait_for(lambda process=process: process.poll() is not None, lambda: answer_when_asked(election))
            assert process.returncode == -signal.SIGKILL, step
        processes.worker("last")
        wait_until(election, "published", lambda: answer_when_asked(election))
    # who holds a chunk: parents from "claimed" to "committing", children until they have "answered"
    assert deaths_counted(election) >= 8
    check_outcome(election, votes)


def children_of(parent):
    """Those that live: who is dead stays in this list until the parent has noticed."""
    try:
        listed = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [child for child in map(int, listed) if lives(child)]


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.chaos
def test_twenty_kills_at_seeded_random_while_an_election_is_counted(election):
    chance = random.Random(20241105)
    votes = cast_fifteen(election)
    officer.close_voting(election.service)
    killed = []
    with processes_of(election) as processes:
        alive = {name: processes.worker(name) for name in ("one", "two")}
        begun = chunks_done(election)
        while len(killed) < 20:
            # spread over the whole count, at any moment of some chunk
            due = begun + CHUNKS_BETWEEN_KILLS * len(killed)
            wait_for(lambda due=due: chunks_done(election) >= due, lambda: answer_when_asked(election))
            time.sleep(chance.uniform(0.0, 0.15))
            name, whom = chance.choice(["one", "two"]), chance.choice(["parent", "child"])
            if whom == "parent":
                alive[name].kill()
                assert alive[name].wait() == -signal.SIGKILL
                alive[name] = processes.worker(name)
            elif children := children_of(alive[name].pid):
                os.kill(children[0], signal.SIGKILL)
                wait_for(lambda child=children[0]: not lives(child))
            else:
                continue  # the next one is not there yet
            killed.append((name, whom, election.state()))
        wait_until(election, "published", lambda: answer_when_asked(election))
        assert processes.killed() == [whom for _, whom, _ in killed].count("parent")
    assert len({state for _, _, state in killed}) >= 3, killed
    assert {whom for _, whom, _ in killed} == {"parent", "child"}
    check_outcome(election, votes)


def wait_for(met, keep_going=lambda: None):
    limit = time.monotonic() + SECONDS
    while not met():
        assert time.monotonic() < limit
        keep_going()
        time.sleep(0.01)


def chunks_done(stage):
    with stage.service.database.read() as connection:
        return connection.execute(
            select(func.count()).select_from(chunks).where(chunks.c.state == "done")
        ).scalar_one()


def child_of(stage, parent):
    with stage.service.database.read() as connection:
        return connection.execute(select(workers.c.child_pid).where(workers.c.pid == parent)).scalar_one_or_none()


@pytest.mark.chaos
def test_the_orchestrator_killed_and_started_again_while_devices_vote(election):
    """Devices and guardians go on asking; what was answered with 202 is counted, once."""
    stage = election
    socket = stage.folder / "socket"
    where = address.of_election(address.of_socket(socket), stage.creation.election_id)
    guardians = {guardian: guardian_token(stage, guardian) for guardian in (1, 2)}
    votes = [stage.make(1 if number < 9 else 2) for number in range(14)]
    votes.append(stage.make(1, challenge=True))
    with processes_of(stage) as processes:
        api = processes.api(socket)
        processes.worker("one")
        for number, vote in enumerate(votes):
            if number % 4 == 2:
                api.kill()
                api.wait()
                api = processes.api(socket)
            receipt = insist(where, "PUT", "/ballots", stage.creation.devices["device-1"].value, vote.body)
            assert base64.b64decode(receipt.json()["confirmation_code"]) == vote.ballot.confirmation_code
        insist(where, "POST", "/officer/close", stage.creation.officer.value)
        api.kill()
        api.wait()
        wait_until(stage, "waiting_for_guardians")  # workers go on without it
        api = processes.api(socket)
        for token in guardians.values():
            insist(where, "POST", "/run/checkin", token)
        insist(where, "POST", "/officer/start-run", stage.creation.officer.value, b'{"guardians": [1, 2]}')
        api.kill()
        api.wait()
        api = processes.api(socket)
        assert processes.killed() == 6, "four amid voting, two amid the count"
        run = insist(where, "GET", "/run", None).json()
        assert run == guardian_desk.current_run(stage.service)
        stage.answer(run)
        wait_until(stage, "published")
        shown = insist(where, "GET", "/results", None).json()
    assert shown["totals"] == {"c1": {"o1": 9, "o2": 5}}
    check_outcome(stage, votes)


def insist(where, method, path, token, body=b""):
    """Ask until there is an answer, as participants do."""
    service = Service(where, token)
    try:
        match method:
            case "PUT":
                answer = service.put(path, body)
            case "POST":
                answer = service.post(path, None if not body else json.loads(body))
            case _:
                answer = service.get(path)
    finally:
        service.close()
    return answer


def test_a_child_that_stands_still_loses_its_chunk_and_is_replaced(election):
    votes = cast_fifteen(election)
    officer.close_voting(election.service)
    with processes_of(election) as processes:
        process = processes.worker("frozen")
        limit = time.monotonic() + SECONDS
        frozen = None
        while frozen is None:
            assert time.monotonic() < limit
            answer_when_asked(election)
            frozen = computing_child(election, process.pid)
        os.kill(frozen, signal.SIGSTOP)
        wait_until(election, "published", lambda: answer_when_asked(election))
        assert child_of(election, process.pid) != frozen
        with pytest.raises(ProcessLookupError):
            os.kill(frozen, 0)
    assert deaths_counted(election) >= 1
    check_outcome(election, votes)


def computing_child(stage, parent):
    with stage.service.database.read() as connection:
        return connection.execute(
            select(workers.c.child_pid).where(workers.c.pid == parent, workers.c.step == "asked")
        ).scalar_one_or_none()


def test_a_child_dies_with_its_parent(election):
    cast_fifteen(election)
    with processes_of(election) as processes:
        process = processes.worker("short-lived")
        limit = time.monotonic() + SECONDS
        while child_of(election, process.pid) is None:
            assert time.monotonic() < limit
            time.sleep(0.02)
        child = child_of(election, process.pid)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        while Path(f"/proc/{child}").exists():
            assert time.monotonic() < limit, "the child lives on without its parent"
            time.sleep(0.02)
