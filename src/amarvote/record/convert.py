"""The same record in another carrier: folder or zip archive, protobuf or JSON lines.

Segments stay as they are cut, so that converting back gives the same files again. Only what reads without a
problem is converted: a converter that dropped or mended something would change what the record says.
"""

import shutil
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from amarvote.electionguard.errors import ElectionGuardError, Finding
from amarvote.record.digest import Progress, compare_toc
from amarvote.record.errors import ContainerFault
from amarvote.record.items import TocEntry
from amarvote.record.merkle import Tree
from amarvote.record.reader import RawItem, Record
from amarvote.record.sections import Carrier, Section, SectionType, segment_path
from amarvote.record.writer import write_items

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip archive can tell: the same record gives the same archive."""

_PLAIN_FILE = 0o100644 << 16


class ConversionError(ElectionGuardError):
    """The record cannot be converted; `findings` say what is wrong with it."""

    def __init__(self, findings: list[Finding]) -> None:
        first = findings[0]
        super().__init__(f"It is not sound: {first.where}: {first.message} ({first.code})")
        self.findings = findings


def convert_record(
    record: Record, target: Path, carrier: Carrier, *, archive: bool, progress: Progress | None = None
) -> None:
    """Write `record` to `target`, which must not exist yet: a folder, or with `archive` a zip archive.

    Raises ConversionError for a record with findings and leaves nothing behind; FileExistsError.
    """
    if target.exists():
        raise FileExistsError(target)
    _refuse(record.findings())
    unfinished = target.with_name(f".{target.name}.unfinished")
    _remove(unfinished)
    try:
        if archive:
            with zipfile.ZipFile(unfinished, "x", allowZip64=True) as opened:
                _Conversion(record, _Archive(opened, carrier), carrier, progress).run()
        else:
            _Conversion(record, _Folder(unfinished), carrier, progress).run()
        unfinished.rename(target)
    finally:
        _remove(unfinished)


class _Folder:
    def __init__(self, root: Path) -> None:
        self._root = root

    @contextmanager
    def create(self, path: str) -> Iterator[IO[bytes]]:
        """A new file of this path."""
        place = self._root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("xb") as file:
            yield file


class _Archive:
    """Protobuf is stored, so that it can be read in place; text is deflated, as the draft wants it."""

    def __init__(self, archive: zipfile.ZipFile, carrier: Carrier) -> None:
        self._archive = archive
        self._method = zipfile.ZIP_STORED if carrier is Carrier.PROTOBUF else zipfile.ZIP_DEFLATED

    @contextmanager
    def create(self, path: str) -> Iterator[IO[bytes]]:
        """A new file of this path."""
        entry = zipfile.ZipInfo(path, _EPOCH)
        entry.compress_type = self._method
        entry.external_attr = _PLAIN_FILE
        with self._archive.open(entry, "w", force_zip64=True) as file:
            yield file


class _Conversion:
    def __init__(
        self, record: Record, files: _Folder | _Archive, carrier: Carrier, progress: Progress | None
    ) -> None:
        self._record = record
        self._files = files
        self._carrier = carrier
        self._progress = progress
        self._done = 0
        self._total = sum(record.count(section) for section in record.sections())

    def run(self) -> None:
        sections = self._record.sections()
        entries = [self._section(section) for section in sections]
        if self._record.claimed_toc is not None:
            _refuse(compare_toc(self._record.claimed_toc, entries, sections))
            self._section(Section(SectionType.TOC))
        self._signatures()
        for path in self._record.copies():
            with self._files.create(path) as file:
                try:
                    for data in self._record.read_copy(path):
                        file.write(data)
                except ContainerFault as fault:
                    _refuse([Finding("R.container", path, str(fault))])

    def _section(self, section: Section) -> TocEntry:
        """Copy one section, segment for segment."""
        tree = Tree()
        starts = self._record.segments(section)
        for number, start in enumerate(starts):
            stop = starts[number + 1] if number + 1 < len(starts) else None
            items = self._record.items(section, start, stop)
            with self._files.create(segment_path(section, number, self._carrier)) as file:
                leaves = write_items(file, section, start, self._sound(items), self._carrier)
            for one in leaves:
                tree.add(one)
        return TocEntry(section, tree.count, tree.root())

    def _signatures(self) -> None:
        """Copy the signatures, which stand beside the record, file for file."""
        section = Section(SectionType.SIGNATURES)
        for path in self._record.signature_files():
            stem = path.rpartition(".")[0]
            with self._files.create(f"{stem}.{self._carrier.value}") as file:
                items = self._sound(self._record.signature_items(path))
                write_items(file, section, 0, items, self._carrier)

    def _sound(self, items: Iterable[RawItem]) -> Iterator[bytes]:
        for raw in items:
            if raw.problem is not None:
                raise ConversionError([raw.problem])
            yield raw.data
            self._done += 1
            if self._progress is not None:
                self._progress(min(self._done, self._total), self._total)


def _refuse(findings: list[Finding]) -> None:
    if findings:
        raise ConversionError(findings)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
