"""Guardians vanish after each round, answer twice, send garbage; a quorum of the rest carries on."""

import secrets
from collections.abc import Callable
from typing import Any

import pytest

from amarvote.elections import guardian_desk, mail, officer
from amarvote.elections.errors import Conflict, Refusal
from faults.service.outcome import check_outcome
from faults.service.stack import Stack

Done = Callable[[str, object], None]

pytestmark = pytest.mark.timeout(3000)

ROUNDS = ("share", "reveal", "respond")


class VanishedError(Exception):
    """Guardian 2 says nothing more."""


def _counted(stack: Stack) -> None:
    """Voting is closed and the guardians are asked; all three have checked in."""
    stack.workers()
    stack.submit()
    stack.close_voting()
    stack.wait(lambda: stack.state() == "waiting_for_guardians", "the guardians are asked")
    for guardian in (1, 2, 3):
        guardian_desk.check_in(stack.stage.service, guardian)


def _start(stack: Stack, members: list[int]) -> dict[str, Any]:
    officer.start_run(stack.stage.service, members)
    return guardian_desk.current_run(stack.stage.service)


@pytest.mark.parametrize(
    "last_round",
    [pytest.param("nothing", marks=pytest.mark.chaos), pytest.param("share", marks=pytest.mark.chaos), "reveal"],
)
def test_vanishes(stack: Stack, last_round: str, record_property: Done) -> None:
    """A guardian that vanishes after a round: set aside by the officer, a new run of the rest ends the count."""
    _counted(stack)
    run = _start(stack, [1, 2])
    silent_from = ROUNDS[ROUNDS.index(last_round) + 1] if last_round in ROUNDS else ROUNDS[0]

    def vanish(sender: int, round_name: str, part: dict[str, Any], payload: bytes) -> bytes:
        if sender == 2 and round_name == silent_from:
            raise VanishedError
        return payload

    with pytest.raises(VanishedError):
        stack.stage.answer(run, vanish)
    officer.set_aside(stack.stage.service, 2, "It does not answer any more.")
    fresh = guardian_desk.current_run(stack.stage.service)
    if fresh["run"] is None:
        fresh = _start(stack, [1, 3])
    assert fresh["run"] != run["run"]
    assert fresh["guardians"] == [1, 3]
    stack.stage.answer(fresh)
    check_outcome(stack)
    record_property("done", f"after {last_round}")


@pytest.mark.chaos
def test_answers_twice(stack: Stack, record_property: Done) -> None:
    """A guardian that sends every answer twice, and then another one: the first stands."""
    _counted(stack)
    run = _start(stack, [1, 2])
    service, sent = stack.stage.service, []

    def twice(sender: int, round_name: str, part: dict[str, Any], payload: bytes) -> bytes:
        mail.put(service, sender, run["run"], round_name, part["part"], 0, payload)
        sent.append((sender, round_name, part["part"], payload))
        other = payload[:-1] + bytes([payload[-1] ^ 1])
        with pytest.raises(Conflict, match="the first message stands"):
            mail.put(service, sender, run["run"], round_name, part["part"], 0, other)
        return payload

    stack.stage.answer(run, twice)
    check_outcome(stack)
    record_property("done", f"{len(sent)} answers")


@pytest.mark.chaos
def test_sends_garbage(stack: Stack, record_property: Done) -> None:
    """A guardian that sends garbage of every length, then a well-formed lie: refused, then named and set aside."""
    _counted(stack)
    run = _start(stack, [1, 2])
    service = stack.stage.service
    refused = 0

    def lie(sender: int, round_name: str, part: dict[str, Any], payload: bytes) -> bytes:
        nonlocal refused
        if sender != 2:
            return payload
        garbage = [b"", b"\0", secrets.token_bytes(len(payload) - 1), payload + b"\0"]
        if round_name == "reveal":  # of the others any 32 bytes may be one, until it is checked before combining
            garbage.append(b"\xff" * len(payload))
        for one in garbage:
            with pytest.raises(Refusal):
                mail.put(service, sender, run["run"], round_name, part["part"], 0, one)
            refused += 1
        if round_name == "respond" and part["kind"] == "tally":
            return payload[:-1] + bytes([payload[-1] ^ 1])
        return payload

    stack.stage.answer(run, lie)

    stack.wait(lambda: guardian_desk.current_run(service)["run"] != run["run"], "the run with the liar is over")
    fresh = guardian_desk.current_run(service)
    assert set(fresh["set_aside"]) == {2}
    if fresh["run"] is None:
        fresh = _start(stack, [1, 3])
    stack.stage.answer(fresh)
    check_outcome(stack)
    record_property("done", f"{refused} refused, 1 named")
