"""This machine: may what runs on it take more memory than there is, and is there room on its disks."""

import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from amarvote.doctor.findings import Finding, attention, failed, not_here, unchecked, well
from amarvote.doctor.system import SilentError, System, metrics_at

MEGABYTE = 1_000_000
RESERVE = 700 * MEGABYTE
"""What the system itself is left with (docs/operations.md)."""

ROLES = {
    "worker": re.compile(r"amarvote\.worker\b|amarvote worker\b"),
    "api": re.compile(r"amarvote\.api\.serve\b|amarvote api\b"),
    "nginx": re.compile(r"^nginx\b|/nginx\b"),
    "postgres": re.compile(r"^(\S*/)?postgres(:| |$)"),
    "rabbitmq": re.compile(r"\bbeam\.smp .*rabbit"),
    "prometheus": re.compile(r"^(\S*/)?prometheus( |$)"),
    "grafana": re.compile(r"^(\S*/)?grafana(-server)?( |$)"),
    "exporter": re.compile(r"^(\S*/)?(prometheus-)?(node|blackbox)[_-]exporter( |$)"),
}
"""How the command line of each begins, or what stands in it."""

LEAST_FREE, ENOUGH_FREE = 1_000 * MEGABYTE, 5_000 * MEGABYTE


def memory(system: System) -> Iterator[Finding]:
    """The limits of the control groups in which the service's processes run, added up."""
    if system.database_file is not None:
        own, child = (
            (kb << 10) // MEGABYTE for kb in (system.settings.parent_rss_kb, system.settings.child_rss_kb)
        )
        yield not_here(
            "The database is a file, as on a laptop, where nobody sets limits. A worker ends itself beyond "
            f"{own} MB, and its computing process beyond {child}, and is started anew."
        )
        return
    if not (system.groups / "cgroup.controllers").exists():
        yield unchecked(
            f"{system.groups} shows no control groups of version 2.", "Look at the limits where they are set."
        )
        return
    limits: dict[Path, int] = {}
    members: dict[Path, set[str]] = defaultdict(set)
    unlimited: set[str] = set()
    for role, group in _running(system):
        found = _limit(system.groups, group)
        if found is None:
            unlimited.add(role)
        else:
            limits[found[0]] = found[1]
            members[found[0]].add(role)
    if not limits and not unlimited:
        yield unchecked(
            "None of the service's processes is seen from here.",
            "Run the doctor on each machine on which some of them run; in containers with the host's processes in "
            "sight, as `compose run --rm tools doctor` does.",
        )
        return
    if unlimited:
        yield attention(
            f"No limit for {', '.join(sorted(unlimited))}: one that grows takes the memory of all others.",
            "Set MemoryMax (systemd) or mem_limit (compose) as deploy/ does.",
        )
    if limits:
        yield _sum(system, limits, members)


def _sum(system: System, limits: dict[Path, int], members: dict[Path, set[str]]) -> Finding:
    total, machine = sum(limits.values()), _machine_bytes(system.processes)
    listed = ", ".join(
        f"{' and '.join(sorted(members[group]))} {limit // MEGABYTE}" for group, limit in sorted(limits.items())
    )
    seen = (
        f"Limits in MB: {listed}; together {total // MEGABYTE}, with {RESERVE // MEGABYTE} for the system "
        f"{(total + RESERVE) // MEGABYTE} of {machine // MEGABYTE}."
    )
    if total + RESERVE <= machine:
        return well(seen)
    return failed(seen, "Lower limits, run fewer workers, or take a larger machine.")


def _running(system: System) -> Iterator[tuple[str, str]]:
    """(role, control group) of each of the service's processes on this machine."""
    for process in system.processes.glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            role = next((name for name, pattern in ROLES.items() if pattern.search(command)), None)
            group = next(
                (line[4:] for line in (process / "cgroup").read_text().splitlines() if line.startswith("0::/")),
                None,
            )
            if role is not None and group is not None:
                yield role, group


def _limit(groups: Path, group: str) -> tuple[Path, int] | None:
    """Where the least memory.max of a group and of those around it stands, and how much; None without any."""
    own = groups / group.removeprefix("/")
    found = []
    for one in (own, *own.parents):
        if one.is_relative_to(groups):
            with suppress(OSError, ValueError):  # none here; "max"
                found.append((int((one / "memory.max").read_text()), one))
    if not found:
        return None
    least, where = min(found)
    return where, least


def _machine_bytes(processes: Path) -> int:
    for line in (processes / "meminfo").read_text().splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) << 10
    return 0


def disks(system: System) -> Iterator[Finding]:
    """Room where data are written, as far as it can be seen from here; RabbitMQ says itself how it stands."""
    places = {"This machine": Path("/")}
    if system.database_file is not None:
        places["The database"] = system.database_file.parent
    if system.backups is not None and system.backups.exists():
        places["Backups"] = system.backups
    known = set()
    for whose, place in places.items():
        device = place.stat().st_dev
        if device not in known:
            known.add(device)
            yield _room(f"{whose} ({place})", shutil.disk_usage(place).free)
    if system.database_file is None:
        yield well(
            f"The disk of {system.database.name} is not seen from here: the alert DiskFilling watches it, where "
            "node-exporter runs beside it."
        )
    rabbitmq = system.rabbitmq_address()
    if rabbitmq is None:
        return
    try:
        told = metrics_at(rabbitmq, "/metrics")
    except SilentError as silent:
        yield unchecked(
            f"RabbitMQ's disk: {silent}.", "Enable the plugin rabbitmq_prometheus, or name its address."
        )
        return
    for _, free in told.of("rabbitmq_disk_space_available_bytes"):
        yield _room("RabbitMQ", int(free))


def _room(whose: str, free: int) -> Finding:
    seen = f"{whose}: {free / 1e9:.1f} GB free."
    if free >= ENOUGH_FREE:
        return well(seen)
    how = failed if free < LEAST_FREE else attention
    return how(seen, "Make room: old backups, logs, images.")
