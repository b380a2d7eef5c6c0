"""Who may read the files that hold secrets."""

import stat
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import make_url

from amarvote.doctor.findings import Finding, attention, failed, unchecked, well
from amarvote.doctor.system import System


def files(system: System) -> Iterator[Finding]:
    """The files that the settings name, those that lie beside them, and a database that is a file."""
    seen = sorted({file for named in system.secrets for file in _beside(named)})
    for file in seen:
        if file.stat().st_mode & stat.S_IRWXO:
            yield failed(f"Everybody on this machine may use {file}.", f"chmod 640 {file}, or stricter.")
    if seen:
        folders = ", ".join(sorted({str(named.parent) for named in system.secrets}))
        yield well(f"{len(seen)} files in {folders} were looked at.")
    address = make_url(system.database.url)
    if address.get_backend_name() == "sqlite" and address.database:
        yield _database(Path(address.database).absolute())
    elif not seen:
        yield attention(
            "The addresses, with their passwords, stand in the environment or the command line.",
            "Put each into a file and name that: AMARVOTE_DATABASE_URL_FILE, AMARVOTE_BROKER_URL_FILE.",
        )


def _beside(named: Path) -> list[Path]:
    try:
        return [named, *(one for one in named.parent.iterdir() if one.is_file())]
    except OSError:
        return [named]


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
