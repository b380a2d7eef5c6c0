"""A private PostgreSQL: one folder, one port, a superuser with a password drawn for it."""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from psycopg import sql

from servers import processes

USER = "amarvote"

_HERE = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
"""

QUICK = """
max_connections = 100
shared_buffers = 32MB
wal_level = minimal
max_wal_senders = 0
min_wal_size = 4MB
max_wal_size = 64MB
fsync = off
full_page_writes = off
log_min_messages = warning
log_timezone = UTC
"""
# fsync=off forgives every death but the machine's: what was committed is in the system's page cache.


def programs() -> Path | None:
    """The folder of initdb and postgres, the highest version that Debian's layout or the path offers."""

    def version(folder: Path) -> float:
        with suppress(ValueError):
            return float(folder.parent.name)
        return 0.0

    for found in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=version, reverse=True):
        if (found / "initdb").exists() and (found / "postgres").exists():
            return found
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


class PostgreSQL:
    """A running instance. `stop` and `start` keep the data; `close` removes it."""

    def __init__(
        self,
        settings: str = "",
        *,
        base: str = QUICK,
        user: str = USER,
        password: str | None = None,
        port: int | None = None,
        disk: Path | None = None,
    ) -> None:
        """`settings` come after those of the `base`, and win; `user` is the superuser; data and log lie on `disk`.

        The quick one has segments of its write-ahead log of 1 MB instead of 16: most tests never fill one.
        """
        found = programs()
        if found is None:
            raise processes.ServerError("No initdb found: install Debian's package postgresql.")
        self._programs = found
        self._user = processes.unprivileged()
        self._superuser = user
        self._home = processes.folder("postgresql", self._user)
        self._data = (disk or self._home) / "data"
        self._log = self._home / "log"
        self._password = password or secrets.token_hex(16)
        self._process: subprocess.Popen[bytes] | None = None
        self._templates: dict[str, str] = {}
        self._made = 0
        self.port = port or processes.free_port()
        try:
            self._initialise(base + _HERE + settings, ["--wal-segsize", "1"] if base is QUICK else [])
            self.start()
        except BaseException:
            self.close()
            raise

    def _initialise(self, configuration: str, options: list[str]) -> None:
        password = self._home / "password"
        password.write_text(self._password)
        command: list[str | Path] = [
            self._programs / "initdb",
            "--pgdata",
            self._data,
            "--username",
            self._superuser,
        ]
        command += [
            "--pwfile",
            password,
            "--auth",
            "scram-sha-256",
            "--no-sync",
            "--no-locale",
            "--encoding",
            "UTF8",
        ]
        command += options
        initdb = processes.start(command, self._log, self._user)
        if initdb.wait(processes.START_LIMIT) != 0:
            raise processes.ServerError(f"initdb failed:\n{processes.last_words(self._log)}")
        password.unlink()
        with (self._data / "postgresql.conf").open("a") as settings:
            settings.write(configuration)

    def start(self) -> None:
        """Starts the server (after `stop` or `kill`) at the same port, over the same data."""
        command: list[str | Path] = [self._programs / "postgres", "-D", self._data, "-p", str(self.port)]
        self._process = processes.start(command, self._log, self._user)
        processes.wait_until(self._answers, self._process, self._log)

    @property
    def pid(self) -> int | None:
        """Of its first process; None where it has ended."""
        return processes.pid_of(self._process)

    def _answers(self) -> bool:
        if not processes.accepts(self.port):
            return False
        try:
            self.run("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """Ends the server at once and cleanly; connections are cut ("fast")."""
        if self._process is not None:
            processes.end(self._process, signal.SIGINT)
            self._process = None

    def kill(self) -> None:
        """kill -9 of the server with all its processes: the next start recovers from the log."""
        if self._process is not None:
            children = _children(self._process.pid)
            self._process.kill()
            self._process.wait()
            for child in children:
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            self._process = None
            # A start while an old process still holds the shared memory is refused: wait for the last.
            for child in children:
                processes.wait_gone(child)

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """All its processes stopped (SIGSTOP): the system still takes connections, and nobody answers."""
        running = [] if self._process is None else [self._process.pid, *_children(self._process.pid)]
        for pid in running:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in reversed(running):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def restart(self) -> None:
        """Stops and starts it: what a package's update does."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Ends the server and removes everything it had."""
        if self._process is not None:
            processes.end(self._process, signal.SIGQUIT)
            self._process = None
        processes.remove(self._home)

    def run(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Executes one statement as the superuser, outside a transaction, and gives the rows."""
        with psycopg.connect(self._conninfo(database), autocommit=True) as connection:
            cursor = connection.execute(statement)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def _conninfo(self, database: str) -> str:
        where = f"host=127.0.0.1 port={self.port} dbname={database} connect_timeout=10"
        return f"{where} user={self._superuser} password={self._password}"

    def url(self, database: str, port: int | None = None) -> str:
        """The address for SQLAlchemy; `port` for a way round, e.g. through a cut proxy."""
        return f"postgresql+psycopg://{self._superuser}:{self._password}@127.0.0.1:{port or self.port}/{database}"

    def create_tablespace(self, name: str, folder: Path) -> None:
        """A place for databases in `folder`, which must belong to whom the server runs as."""
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE TABLESPACE {} LOCATION {}").format(sql.Identifier(name), sql.Literal(str(folder)))
            )

    def create_database(self, template: str | None = None, tablespace: str = "pg_default") -> str:
        """A fresh database, empty or a copy of `template`; its name."""
        self._made += 1
        name = f"test_{self._made}"
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            # The other way (through the log, the default since 15) copies a sequence as its page stands; what the
            # copy gives out then is not in the log, and after a kill it gives out the same numbers again.
            strategy = "STRATEGY file_copy" if connection.info.server_version >= 150_000 else ""
            connection.execute(
                sql.SQL(f"CREATE DATABASE {{}} TEMPLATE {{}} TABLESPACE {{}} {strategy}").format(
                    *(sql.Identifier(part) for part in (name, template or "template0", tablespace))
                )
            )
        return name

    def template(self, name: str, prepare: Callable[[str], None]) -> str:
        """A database to copy from, filled once by `prepare(url)`; its name. Nobody may stay connected to it."""
        if name not in self._templates:
            database = self.create_database()
            prepare(self.url(database))
            self._templates[name] = database
        return self._templates[name]

    def drop_database(self, name: str) -> None:
        """Removes a database; who is still connected to it is cut off."""
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def cut_connections(self, database: str) -> int:
        """Cuts every connection to this database; how many they were."""
        return len(
            self.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")
        )


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]
