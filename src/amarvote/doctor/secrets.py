"""Who may read the files that hold secrets."""

import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from amarvote.doctor.findings import Finding, attention, failed, unchecked, well
from amarvote.doctor.system import System

OF_OTHERS = ("database-password", "grafana-password", "postgres-password", "rabbitmq-password.conf", "tls-key")
"""Secrets of the service that no program of ours is given (deploy/make-secrets)."""

PUBLIC = "tls-certificate"
"""Lies among the secrets, and is none."""

SHOWN = 20


def files(system: System) -> Iterator[Finding]:
    """The files that the settings name, those that lie beside them, and a database that is a file."""
    seen = set(system.secrets)
    for folder in {named.parent for named in system.secrets}:
        with suppress(OSError):
            seen |= _in(folder)
    for file in sorted(seen):
        if file.stat().st_mode & stat.S_IRWXO:
            yield failed(f"Everybody on this machine may use {file}.", f"chmod 640 {file}, or stricter.")
    if seen:
        yield well(_looked_at(seen, () if system.database_file else OF_OTHERS))
    if system.database_file is not None:
        yield _database(system.database_file)
    elif not system.secrets:
        yield attention(
            "The addresses, with their passwords, stand in the environment or the command line.",
            "Put each into a file and name that: AMARVOTE_DATABASE_URL_FILE, AMARVOTE_BROKER_URL_FILE.",
        )


def _in(folder: Path) -> set[Path]:
    return {one for one in folder.iterdir() if one.is_file() and one.name != PUBLIC}


def _looked_at(seen: set[Path], others: tuple[str, ...]) -> str:
    names = sorted({file.name for file in seen})
    folders = ", ".join(sorted({str(file.parent) for file in seen}))
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    unseen = [name for name in others if name not in names]
    rest = f" Not seen from here: {', '.join(unseen)}." if unseen else ""
    return f"Looked at in {folders}: {', '.join(names[:SHOWN])}{more}.{rest}"


def _database(path: Path) -> Finding:
    """Whoever reads it sees which ballots belong to whom, of those that are not checked yet."""
    try:
        mode = path.stat().st_mode
        closed = any(not folder.stat().st_mode & stat.S_IXOTH for folder in path.parents)
    except OSError as problem:
        return unchecked(f"{path}: {problem.strerror}.")
    if mode & stat.S_IRWXO and not closed:
        return failed(f"Everybody on this machine may read the database {path}.", f"chmod 600 {path}*")
    return well(f"The database {path} is for its owner.")
