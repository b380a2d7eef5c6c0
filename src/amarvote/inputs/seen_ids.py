"""Which ballot identifiers a file has used, remembered on disk, so that memory does not grow with the file."""

import hashlib
import sqlite3
from types import TracebackType
from typing import Self


class SeenIds:
    """Identifiers and the lines that they first stood in; lives in a temporary file of its own."""

    def __init__(self) -> None:
        # An empty name gives a private database on disk, which SQLite deletes on close.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("PRAGMA cache_size = -8192")
        self._database.execute("CREATE TABLE seen (id BLOB PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID")

    def first_line(self, identifier: str, line: int) -> int:
        """The line that first used `identifier`: `line` itself where it is new."""
        key = hashlib.sha256(identifier.encode()).digest()
        self._database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (key, line))
        row = self._database.execute("SELECT line FROM seen WHERE id = ?", (key,)).fetchone()
        return int(row[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()
