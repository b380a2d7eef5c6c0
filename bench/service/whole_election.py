"""A whole election as a service: devices encrypt and submit over the API while workers check, then the count.

API, workers and devices are processes of their own. The guardians' answers are computed in this process.
"""

import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amarvote.device.voters import Marks, Voter, voter_line
from amarvote.elections import officer, results
from amarvote.participants.files import private_folder, write_durably
from amarvote.pipeline.steps import ORDER
from bench.service.running import BenchError, Servers, Service
from bench.service.voting import OPTIONS, Polls
from staging.people import token_of
from staging.stage import Stage

WORKERS = DEVICES = 2
MEMBERS = [1, 2, 3]
CONTEST = "c1"


@dataclass(frozen=True, slots=True)
class PhaseTime:
    """One phase: chunks, and seconds from its beginning to its end and at work over all workers."""

    name: str
    chunks: int
    seconds: float
    worked: float
    longest: float
    """Seconds of its longest chunk."""


@dataclass(frozen=True, slots=True)
class WholeElection:
    """What came of it."""

    ballots: int
    seconds: float
    voting: float
    """Seconds until the devices had closed."""

    phases: list[PhaseTime]
    item_bytes: float
    """Of a ballot in the record, and of its commitments."""

    commitment_bytes: float
    record_bytes: int
    database_bytes: int
    api_mib: float
    workers_mib: list[float]

    def worked(self, *names: str) -> float:
        """Seconds of workers for one ballot in these phases."""
        return sum(phase.worked for phase in self.phases if phase.name in names) / self.ballots


def whole_election(servers: Servers, ballots: int) -> WholeElection:
    """From the first voter to the published results; BenchError where these are not what was voted."""
    with servers.service() as service:
        stage = Polls(service).open(ballots)
        api, root = service.api()
        workers = [service.worker(f"worker-{number}") for number in range(1, WORKERS + 1)]
        expected = _hand_out(service, stage, ballots)
        began = time.monotonic()
        devices = [_device(service, stage, root, number) for number in range(1, DEVICES + 1)]
        service.wait(lambda: all(device.ended() for device in devices), "the devices have closed")
        voting = time.monotonic() - began
        service.stop(*devices)
        officer.close_voting(stage.service)
        service.wait(lambda: stage.state() == "waiting_for_guardians", "the guardians are asked")
        stage.answer(stage.run(MEMBERS))
        service.wait(lambda: stage.state() in ("published", "verification_failed"), "it is verified")
        seconds = time.monotonic() - began
        counted = results.results(stage.service)["totals"]
        if counted != expected:
            raise BenchError(f"What was counted is not what was voted: {counted}, {expected}")
        memory = api.peak_mib(), [worker.peak_mib() + worker.child_peak_mib() for worker in workers]
        return _measured(service, ballots, seconds, voting, *memory)


def _hand_out(service: Service, stage: Stage, ballots: int) -> dict[str, dict[str, int]]:
    """Tokens, pins and voters for the devices; the totals that are to come of it."""
    totals = dict.fromkeys((f"o{option}" for option in range(1, OPTIONS + 1)), 0)
    lines: list[list[str]] = [[] for _ in range(DEVICES)]
    for number in range(1, ballots + 1):
        choice = random.randrange(OPTIONS + 1)
        votes = {CONTEST: {f"o{choice}": 1} if choice else {}}
        if choice:
            totals[f"o{choice}"] += 1
        voter = Voter(token_of(number), "all", 1, (), Marks(votes, {}))
        lines[number % DEVICES].append(voter_line(voter))
    for number, own in enumerate(lines, start=1):
        home = private_folder(_home(service, number))
        write_durably(home / "token", stage.creation.devices[f"device-{number}"].value.encode())
        write_durably(home / "pin", stage.context.h_e.hex().encode())
        write_durably(home / "voters.jsonl", "".join(own).encode())
    return {CONTEST: totals}


def _home(service: Service, number: int) -> Path:
    return service.folder / f"device-{number}"


def _device(service: Service, stage: Stage, root: str, number: int) -> Any:
    home = _home(service, number)
    address = f"{root}/elections/{stage.creation.election_id}"
    command: list[str | Path] = [sys.executable, "-m", "amarvote.device", "--home", home, "--api", address]
    return service.start(f"device-{number}", [*command, "--voters", home / "voters.jsonl"])


def _measured(
    service: Service, ballots: int, seconds: float, voting: float, api_mib: float, workers_mib: list[float]
) -> WholeElection:
    rows = service.ask(
        "SELECT p.name, max(p.finished_at) - min(p.started_at) AS seconds, count(c.id) AS chunks, "
        "coalesce(sum(c.finished_at - c.claimed_at), 0) AS worked, "
        "coalesce(max(c.finished_at - c.claimed_at), 0) AS longest "
        "FROM phases p LEFT JOIN chunks c ON c.phase_id = p.id GROUP BY p.name"
    )
    phases = [PhaseTime(row.name, row.chunks, row.seconds, row.worked, row.longest) for row in rows]
    ((item, commitments),) = service.ask("SELECT avg(item_bytes), avg(commitment_bytes) FROM ballots")
    ((record,),) = service.ask("SELECT sum(size) FROM record_files")
    ((database,),) = service.ask("SELECT pg_database_size(current_database())")
    return WholeElection(
        ballots,
        seconds,
        voting,
        sorted(phases, key=lambda phase: ORDER.index(phase.name)),
        float(item),
        float(commitments),
        int(record),
        int(database),
        api_mib,
        workers_mib,
    )
