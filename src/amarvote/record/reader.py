"""Reads a record from a folder or a zip archive, in either carrier, as a stream.

The publisher of a record may be hostile. What is wrong becomes a Finding; only what is no record at all raises
UnreadableRecord, and nothing else raises. Memory is bounded by one item and the list of files; nothing is unpacked
to disk.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from amarvote.electionguard.errors import Finding
from amarvote.record.canonical import decode_item
from amarvote.record.egrf_pb2 import RecordItem
from amarvote.record.errors import ContainerFault, NotCanonical, RecordBelow, UnreadableRecord
from amarvote.record.files import Files, shown
from amarvote.record.folder import Folder
from amarvote.record.items import TocEntry
from amarvote.record.json_lines import line_to_item
from amarvote.record.layout import Layout, read_layout
from amarvote.record.opening import below, other_major, read_toc, read_version, record_below
from amarvote.record.sections import FORMAT_MINOR, MANIFEST_COPY, META, Carrier, Section, SectionType
from amarvote.record.segment_chain import RawFrame, SegmentChain
from amarvote.record.segments import Segment, check_header
from amarvote.record.zip_archive import ZipArchive

_COPY_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class RawItem:
    """One item of a section, as it was found.

    `data` is what its leaf hashes: the bytes as they stand, or those that a line stands for. It is empty where
    nothing could be read, and then the section has no root. `item` is None exactly where there is a `problem`.
    """

    ordinal: int
    data: bytes
    item: RecordItem | None
    problem: Finding | None


def open_record(path: Path) -> "Record":
    """Open a record; raises UnreadableRecord where `path` holds none, which it names. Use it in a `with`."""
    try:
        return Record(_files(path))
    except OSError as problem:
        raise UnreadableRecord(f"{path} cannot be read: {problem.strerror}") from None
    except RecordBelow as problem:
        raise UnreadableRecord(f"{path} is not a record; {below(path, problem.folder)}") from None
    except UnreadableRecord as problem:
        raise UnreadableRecord(f"{path} is not a record: {problem}") from None


def _files(path: Path) -> Files:
    if path.is_dir():
        return Folder(path)
    if not path.exists():
        raise UnreadableRecord("there is nothing there")
    if not path.is_file():
        raise UnreadableRecord("it is neither a folder nor a zip archive")
    return ZipArchive(path)


class Record:
    """An open record.

    Opening reads the names of its files, the version, and the claimed table of contents. `stopped` says that one
    of these is broken, so that there is no telling what the record says; `findings` says why.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._chains: dict[Section, SegmentChain] = {}
        self._open_findings: list[Finding] = []
        self._late_findings: list[Finding] | None = None
        self._layout = Layout()
        self.stopped = False
        self.minor = FORMAT_MINOR
        """The minor version that the record states."""
        self.claimed_toc: list[TocEntry] | None = None
        """The table of contents that stands in the record; None where there is none."""
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def let_go(self) -> None:
        """Close what readings left open to go on with; the record stays open."""
        for chain in self._chains.values():
            chain.close()

    def close(self) -> None:
        """Close every file."""
        self.let_go()
        self._chains.clear()
        self._files.close()

    @property
    def carrier(self) -> Carrier | None:
        """How the items stand in the files; None where the record mixes carriers."""
        return self._layout.carrier

    def sections(self) -> list[Section]:
        """The sections that the files make up, in the order of the record, without the pseudo-sections."""
        return sorted(section for section in self._layout.segments if section.type < SectionType.TOC)

    def findings(self) -> list[Finding]:
        """What is wrong with names, layout, version, contents, segment headers and the manifest's copy."""
        if self._late_findings is None:
            self._late_findings = []
            if not self.stopped:
                for section in self.sections():
                    self._late_findings.extend(self._chain(section).findings())
                self._late_findings.extend(self._compare_manifest())
        return [*self._open_findings, *self._late_findings]

    def count(self, section: Section) -> int:
        """How many items a section has; where its last file breaks off, that place counts as one."""
        return self._chain(section).count()

    def segments(self, section: Section) -> list[int]:
        """The position of the first item of each of a section's segments that can be read."""
        return self._chain(section).starts()

    def copies(self) -> list[str]:
        """Files beside the sections that are kept as they are: the manifest's copy and `meta.json`."""
        return [path for path in (MANIFEST_COPY, META) if path in self._files.sizes]

    def read_copy(self, path: str) -> Iterator[bytes]:
        """One of these files, piece by piece; raises ContainerFault."""
        stream = self._files.open(path)
        try:
            while data := stream.read(_COPY_CHUNK):
                yield data
        finally:
            stream.close()

    def items(self, section: Section, start: int = 0, stop: int | None = None) -> Iterator[RawItem]:
        """Items start..stop-1 of a section, to its end without `stop`; earlier segments are not read.

        A file that breaks off gives one item with a problem, and the next file follows. Chunks that cover a
        section prove its segments and their checksums, whoever reads which.
        """
        for frame in self._chain(section).frames(start, stop):
            yield self._decode(frame, section.place(frame.ordinal))

    def signatures(self) -> Iterator[tuple[str, RawItem]]:
        """Every signature over a root, with the path of its file."""
        for path in self._layout.signatures:
            for raw in self.signature_items(path):
                yield path, raw

    def signature_files(self) -> list[str]:
        """The files of signatures, one for each statement."""
        return self._layout.signatures

    def signature_items(self, path: str) -> Iterator[RawItem]:
        """The signatures in one of these files."""
        for frame in self._read_signatures(path):
            yield self._decode(frame, f"{path} item {frame.ordinal + 1}")

    def _open(self) -> None:
        self._layout = read_layout(self._files.sizes)
        if not self._layout.segments:
            inside = record_below(self._files.sizes)
            if inside is not None:
                raise RecordBelow(inside)
            if self._files.sizes or not self._files.findings:
                raise UnreadableRecord("none of the files of one is there")
        version = other_major(self._files)
        container = [*self._files.findings, *self._layout.findings]
        if version is not None or container:
            self._stop([version] if version is not None else container)
            return
        if Section(SectionType.HEADER) not in self._layout.segments:
            self._stop([Finding("R.structure", "header", "the record has no header section")])
            return
        self.minor, fault = read_version(self.items(Section(SectionType.HEADER)))
        if fault is None and Section(SectionType.TOC) in self._layout.segments:
            toc = self.items(Section(SectionType.TOC))
            self.claimed_toc, fault = read_toc(toc, limit=len(self._layout.segments))
        if fault is not None:
            self._stop([fault])

    def _stop(self, findings: Iterable[Finding]) -> None:
        self.stopped = True
        self._open_findings.extend(findings)

    def _chain(self, section: Section) -> SegmentChain:
        chain = self._chains.get(section)
        if chain is None:
            carrier = self._layout.carrier
            count = self._layout.segments.get(section, 0) if carrier is not None else 0
            chain = SegmentChain(self._files, carrier or Carrier.PROTOBUF, section, count)
            self._chains[section] = chain
        return chain

    def _decode(self, frame: RawFrame, place: str) -> RawItem:
        if frame.fault is not None:
            return RawItem(frame.ordinal, b"", None, frame.fault)
        data = frame.data
        try:
            if self._layout.carrier is Carrier.JSON_LINES:
                data = b""
                data = line_to_item(frame.data)
            return RawItem(frame.ordinal, data, decode_item(data), None)
        except NotCanonical as problem:
            code = "R.version" if problem.newer and self.minor > FORMAT_MINOR else problem.code
            return RawItem(frame.ordinal, data, None, Finding(code, place, f"the item {_clause(problem)}"))

    def _read_signatures(self, path: str) -> Iterator[RawFrame]:
        ordinal = 0
        try:
            segment = Segment(self._files.open(path), self._layout.carrier or Carrier.PROTOBUF)
            try:
                check_header(segment.header(), Section(SectionType.SIGNATURES), first=True)
                for data in segment:
                    yield RawFrame(ordinal, data)
                    ordinal += 1
            finally:
                segment.close()
        except ContainerFault as fault:
            yield RawFrame(ordinal, b"", Finding("R.container", shown(path), str(fault)))

    def _compare_manifest(self) -> list[Finding]:
        """R.container where the plain copy of the manifest is not the manifest."""
        if not self._layout.manifest_copy:
            return []
        first = next(self.items(Section(SectionType.MANIFEST), 0, 1), None)
        if first is None or first.item is None:
            return []
        content = first.item.manifest_file.content
        differs = Finding("R.container", MANIFEST_COPY, "the copy is not byte for byte the manifest of the record")
        if self._files.sizes[MANIFEST_COPY] != len(content):
            return [differs]
        try:
            position = 0
            for data in self.read_copy(MANIFEST_COPY):
                if content[position : position + len(data)] != data:
                    return [differs]
                position += len(data)
        except ContainerFault as fault:
            return [Finding("R.container", MANIFEST_COPY, str(fault))]
        return []


def _clause(problem: NotCanonical) -> str:
    """The reason as the end of a sentence about the item."""
    verbs = ("has ", "is ", "lacks ", "ends ", "holds ", "needs ")
    return problem.reason if problem.reason.startswith(verbs) else f"is not canonical: {problem.reason}"
