"""Replicas of the API die in mid-request and are two; voting closes in a burst."""

import random
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import select

from amarvote.store.tables import ballots
from faults.service.election import Ballot
from faults.service.outcome import check_outcome
from faults.service.stack import Api, Stack

Done = Callable[[str, object], None]

AT_A_TIME = 4
"""Ballots that are under way when a replica is killed."""

pytestmark = pytest.mark.timeout(3000)


def test_killed_in_mid_request_and_a_burst_while_closing(stack: Stack, record_property: Done) -> None:
    """kill -9 of the API in mid-request, before and after it commits, and of one of two replicas again and again:
    devices ask the other one again. Then ballots in a burst at both while voting closes: what got 202 counts, the
    rest is told when.
    """
    stack.workers()
    half = len(stack.ballots) // 2
    _kill_at(stack, "committing", stack.ballots[0])
    assert _stored(stack) == set(), "what was not committed is not there"
    _kill_at(stack, "committed", stack.ballots[1])
    assert _stored(stack) == {stack.ballots[1].id_b}, "what was committed is there, though nobody was told"
    replicas = [stack.ready_api(), stack.ready_api()]
    kills = 2 + _kill_in_mid_request(stack, replicas, stack.ballots[:half])
    taken = stack.ballots[:half] + _burst_while_closing(stack, replicas, stack.ballots[half:])
    assert _stored(stack) == {ballot.id_b for ballot in taken}
    check_outcome(stack, taken)
    record_property("done", f"{kills} kills; {len(taken)} taken, {len(stack.ballots) - len(taken)} too late")


def _kill_at(stack: Stack, step: str, ballot: Ballot) -> None:
    """The API dies over this ballot, and the device gets no answer."""
    doomed = stack.ready_api(mishap=f"{step} kill")
    with pytest.raises(httpx.TransportError):
        stack.put_ballot(doomed, ballot)
    assert doomed.wait() == -signal.SIGKILL, doomed.said()


def _stored(stack: Stack) -> set[bytes]:
    with stack.stage.service.database.read() as connection:
        return set(connection.execute(select(ballots.c.id_b)).scalars())


def _kill_in_mid_request(stack: Stack, replicas: list[Api], handed_in: Sequence[Ballot]) -> int:
    """How often; every ballot is taken, and both replicas are ready again."""
    turn = [0]
    kills = 0

    def some() -> Api:
        turn[0] += 1
        return replicas[turn[0] % 2]

    def insist(ballot: Ballot) -> int:
        return stack.insist(some, ballot).status_code

    moments = random.Random(5)
    with ThreadPoolExecutor(AT_A_TIME) as devices:
        answers = []
        for first in range(0, len(handed_in), AT_A_TIME):
            answers += [devices.submit(insist, ballot) for ballot in handed_in[first : first + AT_A_TIME]]
            time.sleep(moments.uniform(0.0, 0.05))
            victim = kills % 2
            replicas[victim].kill()
            kills += 1
            replicas[victim] = stack.ready_api()
        assert {answer.result() for answer in answers} == {202}
    return kills


def _burst_while_closing(stack: Stack, replicas: list[Api], handed_in: Sequence[Ballot]) -> list[Ballot]:
    """Those that were taken."""
    closing = threading.Thread(target=stack.close_voting)
    third = len(handed_in) // 3
    with ThreadPoolExecutor(4) as devices:
        sent = []
        for index, ballot in enumerate(handed_in[:-1]):
            if index == third:
                closing.start()
            sent.append(devices.submit(stack.insist, lambda index=index: replicas[index % 2], ballot))  # type: ignore[misc]
            time.sleep(0.02 if index > third else 0.0)
        closing.join()
        again = stack.put_ballot(replicas[0], handed_in[-2])
        answers = [answer.result() for answer in sent]
        answers.append(stack.put_ballot(replicas[0], handed_in[-1]))
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert again.status_code == answers[-2].status_code, "the same again is the same"
    assert answers[-1].status_code == 409
    for answer in answers:
        if answer.status_code == 409:
            assert "Voting ended at" in answer.json()["detail"], answer.text
    return [ballot for ballot, answer in zip(handed_in, answers, strict=True) if answer.status_code == 202]


@pytest.mark.chaos
def test_two_replicas_take_the_same_ballots(stack: Stack, record_property: Done) -> None:
    """Two API replicas and two relays; every ballot is handed in at both, at the same moment."""
    stack.workers()
    replicas = [stack.ready_api(), stack.ready_api()]
    with ThreadPoolExecutor(4) as devices:
        sent = [
            devices.submit(stack.insist, lambda api=api: api, ballot)  # type: ignore[misc]
            for ballot in stack.ballots
            for api in replicas
        ]
        receipts = [answer.result() for answer in sent]
    assert {receipt.status_code for receipt in receipts} == {202}
    assert len({receipt.json()["confirmation_code"] for receipt in receipts}) == len(stack.ballots)
    stack.close_voting()
    check_outcome(stack)
    record_property("done", f"{len(sent)} requests")
