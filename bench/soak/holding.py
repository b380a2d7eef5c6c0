"""One election, whatever happens meanwhile, and whether it came out as if nothing had."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from amarvote.queues.amqp import CHUNKS, DEAD
from bench.soak.faults import DATABASE, VHOST, Faults
from faults.service.outcome import SETTLED
from stack.running import Stack
from stack.voting import Election, VotingError

BALLOTS = 150
LEFT_SECONDS = 60.0
"""For so long a message that was sent twice may be under way."""

SAID = 500
"""Characters of what each part wrote last, where an election fails."""


@dataclass(frozen=True, slots=True)
class Held:
    """One election: when it began (seconds since 1970), how long it took, and why it failed, if it did."""

    began: float
    seconds: float
    ballots: int
    failure: str | None = None


def hold(stack: Stack, faults: Faults, number: int, ballots: int = BALLOTS) -> Held:
    """From its creation to the check of what came of it; everybody's files are removed after it."""
    began, since = time.time(), time.monotonic()
    folder = stack.folder / f"election-{number}"
    failure = None
    try:
        _hold(stack, faults, folder, ballots)
    except Exception as problem:  # noqa: BLE001 - is counted; the next election is held
        failure = f"{type(problem).__name__}: {problem}\n{_said(stack)}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Held(began, time.monotonic() - since, ballots, failure)


def _hold(stack: Stack, faults: Faults, folder: Path, ballots: int) -> None:
    with faults.at_rest():
        dead = _depths(stack).get(DEAD, 0)
        election = Election(stack, folder, voters=ballots)
    try:
        election.hold()
        with faults.at_rest():
            _check(stack, election, dead)
    finally:
        election.close()


def _check(stack: Stack, election: Election, dead: int) -> None:
    """The record verifies, no chunk and no message is left behind; the totals were compared before."""
    verified = stack.amarvote("verify", election.record())
    if verified.returncode != 0:
        raise VotingError(f"The record does not verify:\n{verified.stdout}{verified.stderr}")
    states = ", ".join(f"'{state}'" for state in SETTLED)
    left = stack.parts["postgres"].server.run(
        f"SELECT id, phase_id, state, reason FROM chunks WHERE election_id = '{election.id}' "
        f"AND state NOT IN ({states}) LIMIT 10",
        DATABASE,
    )
    if left:
        raise VotingError(f"Chunks are left behind: {left}")
    deadline = time.monotonic() + LEFT_SECONDS
    while (depths := _depths(stack)).get(CHUNKS) != 0 or depths.get(DEAD, 0) > dead:
        if time.monotonic() > deadline:
            raise VotingError(f"Messages are left behind: {depths}; dead before: {dead}")
        time.sleep(0.2)


def _depths(stack: Stack) -> dict[str, int]:
    return stack.parts["rabbitmq"].server.depths(VHOST)


def _said(stack: Stack) -> str:
    logs = [stack.logs / part.name for part in stack.of_kind("worker") + stack.of_kind("api")]
    return "\n".join(f"{log.name}: {log.read_text(errors='replace')[-SAID:]}" for log in logs if log.exists())
