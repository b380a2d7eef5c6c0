"""PostgreSQL by its own programs, pg_dump and pg_restore, which know every version of it.

pg_dump reads one snapshot and blocks nobody. The password goes by the environment: whoever lists the processes of
the machine sees the host, the user and the name of the database.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from psycopg.conninfo import make_conninfo
from sqlalchemy import inspect, make_url, text

from amarvote.backups.kept import BackupError
from amarvote.store.database import Database, DatabaseError
from amarvote.store.schema import VERSION_TABLE

LONGEST_WORDS = 1000
_REVISION = re.compile(rf"^COPY public\.{VERSION_TABLE} \(version_num\) FROM stdin;\n(\S+)$", re.MULTILINE)


def copy_out(url: str, target: Path) -> None:
    """Write the database at `url` into the file `target`."""
    place, password = _place(url)
    _run(
        ["pg_dump", "--format=custom", "--compress=1", "--lock-wait-timeout=60s", f"--file={target}", place],
        password,
    )


def revision_of(source: Path) -> str | None:
    """The schema of what is in the file, which is read to its end; BackupError where it cannot be."""
    _run(["pg_restore", "--file=/dev/null", str(source)])
    said = _run(["pg_restore", "--data-only", f"--table={VERSION_TABLE}", "--file=-", str(source)])
    match = _REVISION.search(said)
    return match[1] if match else None


def copy_in(source: Path, url: str) -> None:
    """Put what is in the file into the empty database at `url`, in one transaction."""
    _require_empty(url)
    place, password = _place(url)
    rights = ["--no-owner", "--no-privileges"]
    _run(
        ["pg_restore", "--single-transaction", "--exit-on-error", *rights, f"--dbname={place}", str(source)],
        password,
    )
    database = Database(url)
    try:
        # plans that are made for tables of unknown size would not do
        database.transact(lambda connection: connection.execute(text("ANALYZE")))
    finally:
        database.close()


def _require_empty(url: str) -> None:
    database = Database(url)
    try:
        with database.read() as connection:
            taken = inspect(connection).get_table_names()
    except DatabaseError as problem:
        raise BackupError(f"{database.name} does not answer: {str(problem).strip()}") from None
    finally:
        database.close()
    if taken:
        raise BackupError(
            f"{database.name} is not empty (it has {', '.join(sorted(taken)[:3])} …); nothing is overwritten. "
            "Create an empty database and restore into that one."
        )


def _place(url: str) -> tuple[str, str | None]:
    """What libpq is told of where the database is, and the password apart from it."""
    address = make_url(url)
    _, arguments = address.get_dialect()().create_connect_args(address)
    password = arguments.pop("password", None)
    return make_conninfo(**arguments), password


def _run(command: list[str], password: str | None = None) -> str:
    """What the program prints; BackupError with its own words where it fails."""
    program = shutil.which(command[0])
    if program is None:
        raise BackupError(
            f"{command[0]} is not installed here; it is one of PostgreSQL's client programs (Debian: the package "
            "postgresql-client), of the server's version or a newer one."
        )
    environment = {**os.environ, "PGAPPNAME": "amarvote backup"}
    if password is not None:
        environment["PGPASSWORD"] = password
    done = subprocess.run([program, *command[1:]], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupError(f"{command[0]} failed: {done.stderr.strip()[-LONGEST_WORDS:]}")
    return done.stdout
