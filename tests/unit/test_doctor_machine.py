"""Memory limits as the doctor finds them: control groups of containers, of units, and processes in none."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from amarvote.doctor import machine
from amarvote.doctor.findings import State
from amarvote.doctor.system import System

MB = 1_000_000
GIGABYTES_4 = 4_000 * MB


@dataclass
class Somewhere:
    """A database that nobody asks."""

    url: str = "postgresql+psycopg://amarvote@db.example/amarvote"

    @property
    def name(self) -> str:
        return self.url


class Machine:
    """/proc and /sys/fs/cgroup in a folder."""

    def __init__(self, folder: Path, total: int = GIGABYTES_4) -> None:
        self.processes, self.groups = folder / "proc", folder / "groups"
        self.processes.mkdir()
        self.groups.mkdir()
        (self.groups / "cgroup.controllers").touch()
        (self.processes / "meminfo").write_text(f"MemTotal:       {total >> 10} kB\nMemFree: 1 kB\n")
        self.number = 0

    def runs(self, command: str, group: str, **limits: int | str) -> None:
        """A process; `limits` are of the group itself, and of the one around it."""
        self.number += 1
        process = self.processes / str(self.number)
        process.mkdir()
        (process / "cmdline").write_bytes(command.replace(" ", "\0").encode())
        (process / "cgroup").write_text(f"0::/{group}\n")
        own = self.groups / group
        own.mkdir(parents=True, exist_ok=True)
        for where, name in ((own, "own"), (own.parent, "around")):
            if name in limits:
                (where / "memory.max").write_text(f"{limits[name]}\n")

    def found(self, database: Somewhere = Somewhere()):  # type: ignore[no-untyped-def]  # noqa: B008
        system = System(database, processes=self.processes, groups=self.groups)  # type: ignore[arg-type]
        return list(machine.memory(system))


@pytest.fixture
def here(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def add_service(here: Machine, workers: int = 2) -> None:
    here.runs("nginx: master process nginx -g daemon off;", "system.slice/docker-1.scope", own=160 * MB)
    here.runs("postgres: amarvote amarvote 10.0.0.1 idle", "system.slice/docker-2.scope", own=768 * MB)
    here.runs("/usr/lib/erlang/bin/beam.smp -W w -- -sname rabbit@mq", "system.slice/docker-3.scope", own=384 * MB)
    here.runs("/opt/amarvote/bin/python /opt/amarvote/bin/amarvote api --port 8080", "a/api.service", own=384 * MB)
    for number in range(workers):
        group = f"a/amarvote-worker@{number}.service"
        here.runs("/opt/amarvote/bin/python -m amarvote.worker --name w", group, own=256 * MB)
        here.runs("/opt/amarvote/bin/python -m amarvote.pipeline.child --parent 1", group)
    here.runs("/usr/bin/prometheus-node-exporter --web", "system.slice/node.service", own=48 * MB)
    here.runs("/usr/bin/vim postgres.txt", "user.slice")


def test_limits_are_added_up_once_each(here: Machine) -> None:
    add_service(here)
    (found,) = here.found()
    assert found.state is State.OK
    assert "together 2256, with 700 for the system 2956 of 4000" in found.seen
    for role in ("nginx 160", "postgres 768", "rabbitmq 384", "api 384", "worker 256, worker 256", "exporter 48"):
        assert role in found.seen


def test_more_than_there_is(here: Machine) -> None:
    add_service(here, workers=7)
    (found,) = here.found()
    assert (found.state, bool(found.todo)) == (State.FAILED, True)
    assert "together 3536, with 700 for the system 4236 of 4000" in found.seen


def test_a_process_without_a_limit_is_named(here: Machine) -> None:
    add_service(here)
    here.runs("postgres -D /var/lib/postgresql", "b/postgresql.service", own="max")
    assert [one.state for one in here.found()] == [State.ATTENTION, State.OK]
    assert here.found()[0].seen.startswith("No limit for postgres:")


def test_a_limit_around_several_counts_once_and_the_narrowest_holds(here: Machine) -> None:
    here.runs("python -m amarvote.worker --name 1", "service/one", own="max", around=1000 * MB)
    here.runs("python -m amarvote.worker --name 2", "service/two")
    here.runs("postgres -D data", "service/three", own=2000 * MB)
    (found,) = here.found()
    assert "Limits in MB: postgres and worker 1000; together 1000" in found.seen


def test_where_nothing_can_be_seen(here: Machine) -> None:
    (found,) = here.found()
    assert (found.state, "compose run --rm tools doctor" in found.todo) == (State.NOT_CHECKED, True)
    (here.groups / "cgroup.controllers").unlink()
    add_service(here)
    (found,) = here.found()
    assert (found.state, "version 2" in found.seen) == (State.NOT_CHECKED, True)


def test_on_a_laptop_workers_limit_themselves(here: Machine, tmp_path: Path) -> None:
    laptop = Somewhere(f"sqlite:///{tmp_path}/service.db")
    here.runs("python -m amarvote.worker --name 1", "user.slice", own="max")
    for _ in range(2):
        (found,) = here.found(laptop)
        assert (found.state, "ends itself beyond 102 MB" in found.seen) == (State.NOT_HERE, True)
        (here.groups / "cgroup.controllers").unlink(missing_ok=True)


def test_a_disk_that_is_elsewhere_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "ENOUGH_FREE", 0)
    monkeypatch.setattr(machine, "LEAST_FREE", 0)

    def found(url: str) -> list[str]:
        lines = list(machine.disks(System(Somewhere(url))))  # type: ignore[arg-type]
        assert {one.state for one in lines} == {State.OK}
        return [one.seen for one in lines if "not seen from here" in one.seen]

    (seen,) = found("postgresql+psycopg://amarvote@db.example/amarvote")
    assert "db.example" in seen
    assert "DiskFilling" in seen
    assert found(f"sqlite:///{tmp_path}/service.db") == []
