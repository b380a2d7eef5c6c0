"""Equal identifiers among any number of ballots (5.A): found on disk, for they grow with the election."""

import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from amarvote.record.verifier.entries import IDENTIFIER_BYTES, entries

CACHE_KIB = 16 * 1024
"""What SQLite may keep in memory; the rest of the index stays in its file."""


class IdentifierIndex:
    """Identifiers seen so far, in a temporary file that has no name and so goes away with its process."""

    def __init__(self) -> None:
        with tempfile.TemporaryDirectory(prefix="amarvote-verify-") as folder:
            self._database = sqlite3.connect(Path(folder) / "identifiers.sqlite", isolation_level=None)
            self._create()

    def _create(self) -> None:
        """After this SQLite has the file open, and needs no name for it: nothing is journalled."""
        for pragma in (
            "journal_mode = OFF",
            "synchronous = OFF",
            f"cache_size = -{CACHE_KIB}",
            "temp_store = FILE",
        ):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute("CREATE TABLE seen (id BLOB PRIMARY KEY, place BLOB NOT NULL) WITHOUT ROWID")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def add(self, identifiers: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
        """Note a partial's identifiers; yields (place of the first, place of the repeated, identifier)."""
        self._database.execute("BEGIN")
        for entry in entries(identifiers, IDENTIFIER_BYTES):
            id_b, place = entry[:32], entry[32:]
            inserted = self._database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (id_b, place)).rowcount
            if not inserted:
                (first,) = self._database.execute("SELECT place FROM seen WHERE id = ?", (id_b,)).fetchone()
                yield first, place, id_b
        self._database.execute("COMMIT")
