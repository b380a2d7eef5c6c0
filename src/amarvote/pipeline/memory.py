"""What a process holds, as the kernel counts it, and giving back what it no longer needs."""

import ctypes
import gc
import re
from contextlib import suppress
from pathlib import Path

ENVIRONMENT = {"MALLOC_ARENA_MAX": "1", "PYTHONMALLOC": "malloc"}
"""For a process that is to stay as small as it is: `trim` can give back every page on which nothing lives.

With one arena and `trim` after each chunk a worker stays flat; with glibc's defaults it drifts by half.
Python's own allocator takes memory for small objects by the MiB and keeps each MiB in which one of them lives, so
that a worker grows with each chunk that needs more than all before it.
"""

_M_ARENA_MAX = -8
_CONTROL_GROUPS = Path("/sys/fs/cgroup")
_libc = ctypes.CDLL(None)
_HELD = re.compile(rb"\nVmHWM:\s+(\d+) kB\nVmRSS:\s+(\d+) kB\n")


def one_arena() -> None:
    """One malloc arena for the process (the effect of MALLOC_ARENA_MAX=1); call it before threads start.

    For a process that nobody starts with ENVIRONMENT.
    """
    with suppress(AttributeError):  # only glibc has it
        _libc.mallopt(_M_ARENA_MAX, 1)


def settle() -> None:
    """Call once everything is imported: what is there stays, so that collecting garbage does not look at it."""
    gc.collect()
    gc.freeze()


def trim() -> None:
    """Collect garbage and give free memory back to the system."""
    gc.collect()
    with suppress(AttributeError):
        _libc.malloc_trim(0)


def held_kb(pid: int) -> tuple[int, int]:
    """Resident memory (RSS) of a process now, and the greatest that it has had, in KiB; 0 where it is gone."""
    try:
        with open(f"/proc/{pid}/status", "rb", buffering=0) as file:  # noqa: PTH123 - several times in each chunk
            found = _HELD.search(file.read(4096))
    except (FileNotFoundError, ProcessLookupError):
        found = None
    return (int(found[2]), int(found[1])) if found else (0, 0)


def forget_peak(pid: int) -> None:
    """Let a process's peak begin anew, at what it holds now; where that may not be done it stays."""
    with suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def limit_bytes(groups: Path = _CONTROL_GROUPS) -> int | None:
    """The least memory.max of this process's control group and of those around it; None where none sets one."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return None
    own = groups / next((line[4:] for line in lines if line.startswith("0::/")), "")
    limits = []
    for group in (own, *own.parents):
        if group.is_relative_to(groups):
            with suppress(OSError, ValueError):  # no such group seen from here; "max"
                limits.append(int((group / "memory.max").read_text()))
    return min(limits, default=None)


def processor_ticks(pid: int) -> int:
    """Processor time that a process has used so far, in clock ticks; -1 where it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return -1
    return int(fields[11]) + int(fields[12])
