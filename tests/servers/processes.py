"""Server processes that end with the tests, also when those are killed."""

import ctypes
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

START_LIMIT = 120.0
"""Seconds for a server's start; a busy machine with one core takes a fifth of it."""

PORTS = random.SystemRandom()
"""Not the tests' own dice: two processes of tests throw the same."""

PREFIX = "amarvote-tests-"
"""Of temporary folders; the number of the process that made one follows."""

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


class ServerError(Exception):
    """A server did not start, or not end, with the end of what it said."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens at just now, and that no connection is given by the system."""
    while True:
        port = PORTS.choice(range(10_240, 32_768))  # what the system gives begins there
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def unprivileged() -> str | None:
    """Whom a server that refuses root shall run as: None for who we are."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise ServerError("Neither a user postgres nor a user nobody: PostgreSQL does not run as root.")


def folder(name: str, owner: str | None = None) -> Path:
    """A fresh temporary folder that only `owner` (default: who we are) may enter; remove it with `remove`."""
    _sweep()
    path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-{name}-"))
    if owner is not None:
        entry = pwd.getpwnam(owner)
        os.chown(path, entry.pw_uid, entry.pw_gid)
    return path


@cache
def _sweep() -> None:
    """Remove what tests left that were killed: their servers ended with them, the folders did not."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        maker = path.name.removeprefix(PREFIX).partition("-")[0]
        if maker.isdigit() and not Path(f"/proc/{maker}").exists():
            if path.is_mount():
                subprocess.run(["umount", "--lazy", str(path)], capture_output=True)
            remove(path)


def remove(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)


def dies_with_us() -> None:
    """For a process just forked: it is killed when the thread that made it ends."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def start(
    command: list[str | Path], log: Path, user: str | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Starts `command` in a session of its own, its words appended to `log`. It is killed when our thread ends."""
    group = pwd.getpwnam(user).pw_gid if user else None
    with log.open("ab") as words:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            cwd="/",
            env=environment,
            user=user,
            group=group,
            extra_groups=[] if user else None,
            start_new_session=True,
            preexec_fn=dies_with_us,
        )


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Returns once `ready()`.

    Raises:
        ServerError: the process ended, or it is not ready in time.
    """
    deadline = time.monotonic() + START_LIMIT
    while not ready():
        if process.poll() is not None:
            raise ServerError(f"{process.args!r} ended with {process.returncode}:\n{last_words(log)}")
        if time.monotonic() > deadline:
            raise ServerError(f"{process.args!r} was not ready after {START_LIMIT:.0f} s:\n{last_words(log)}")
        time.sleep(0.02)


def last_words(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-30:]) if log.exists() else "(nothing said)"


def accepts(port: int) -> bool:
    """Whether something listens at this port of 127.0.0.1."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def end(process: subprocess.Popen[bytes], with_signal: int, limit: float = 30.0) -> None:
    """Sends the signal and waits; after `limit` seconds the whole session of the process is killed."""
    if process.poll() is None:
        process.send_signal(with_signal)
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def kill_session(process: subprocess.Popen[bytes]) -> None:
    """kill -9 of a process with everything that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def pid_of(process: subprocess.Popen[bytes] | None) -> int | None:
    """The number of a process that runs; None for one that has ended, or was not started."""
    return process.pid if process is not None and process.poll() is None else None


def wait_gone(pid: int) -> None:
    """Returns once no process has this number."""
    deadline = time.monotonic() + START_LIMIT
    while Path(f"/proc/{pid}").exists():
        if time.monotonic() > deadline:
            raise ServerError(f"Process {pid} does not end.")
        time.sleep(0.01)
